# The images the sandbox is made of. Each carries the hash of its recipe; one whose hash is still true is not built again.

# In the order they build on each other.
images='longshore-debian-12 longshore-debian-13 longshore-machine-12 longshore-machine-bare longshore-machine-13
  longshore-registry kamal-proxy node'

image_reference() {
  case $1 in
    kamal-proxy) echo "$registry/basecamp/kamal-proxy:$kamal_proxy_version" ;;
    node) echo "$registry/node:20" ;;
    *) echo "$1:latest" ;;
  esac
}

ensure_images() {
  local missing image bundle
  missing=$(images_missing)
  [ -n "$missing" ] || return 0
  bundle=$cache_dir/images-$(for image in $images; do image_recipe "$image"; done | hash_of_input).tar
  if [ -f "$bundle" ]; then
    say 'loading images from the cache (10 s)'
    quietly docker load -i "$bundle"
    missing=$(images_missing)
  fi
  [ -n "$missing" ] || return 0
  for image in $missing; do build_image "$image"; done
  say "keeping the images in $cache_dir (10 s)"
  keep_images "$bundle"
}

# Images that are not there, or were made from another recipe.
images_missing() {
  local image present
  present=$(for image in $images; do image_reference "$image"; done |
    xargs docker image inspect --format "{{index .Config.Labels \"$recipe_label\"}}" 2>/dev/null || true)
  for image in $images; do
    case $present in *"$(image_recipe "$image")"*) ;; *) echo "$image" ;; esac
  done
}

image_recipe() {
  {
    echo "$1"
    case $1 in
      longshore-debian-*) echo 2 ;;
      kamal-proxy) echo "$kamal_proxy_version" ;;
      node) node --version 2>/dev/null || true ;;
    esac
    [ ! -f "$here/images/$1.Dockerfile" ] || cat "$here/images/$1.Dockerfile"
    local parent
    parent=$(image_parent "$1")
    [ -z "$parent" ] || image_recipe "$parent"
  } | hash_of_input
}

image_parent() {
  [ ! -f "$here/images/$1.Dockerfile" ] || sed -n 's/^FROM //p' "$here/images/$1.Dockerfile"
}

build_image() {
  case $1 in
    longshore-debian-12) build_debian "$1" bookworm ;;
    longshore-debian-13) build_debian "$1" trixie ;;
    kamal-proxy) build_with_binary "$1" kamal_proxy_binary "basecamp/kamal-proxy:$kamal_proxy_version" ;;
    node) build_with_binary "$1" node_binary node:20-slim ;;
    *)
      say "building $1 (30 s)"
      docker_build "$1" <"$here/images/$1.Dockerfile"
      ;;
  esac
}

# From a Dockerfile on stdin, or a folder. The engine's own builder: another one would not see the local base images.
docker_build() {
  quietly env BUILDX_BUILDER=default BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --label "$sandbox_label" --label "$recipe_label=$(image_recipe "$1")" \
    --tag "$(image_reference "$1")" "${2:--}"
}

build_debian() {
  local name=$1 suite=$2 root=$cache_dir/build/$2
  if registry_hub_answers; then
    say "pulling Debian $suite"
    echo "FROM debian:$suite-slim" | docker_build "$name"
    return
  fi
  ensure_debootstrap
  say "making Debian $suite with debootstrap (30 s)"
  as_root rm -rf "$root"
  mkdir -p "$root"
  quietly as_root debootstrap --variant=minbase "$suite" "$root"
  as_root tar -C "$root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' \
    --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./dev/*' -c . |
    docker import --change "LABEL $sandbox_label" --change "LABEL $recipe_label=$(image_recipe "$name")" \
      --change 'CMD ["bash"]' - "$(image_reference "$name")" >>"$log_file"
  as_root rm -rf "$root"
}

ensure_debootstrap() {
  command -v debootstrap >/dev/null && return
  command -v apt-get >/dev/null || fail 'no image registry can be reached, and debootstrap is not here to do without.'
  as_root true || fail 'no image registry can be reached, and making images without one needs root.' "Type: sudo $here/sandbox up"
  quietly as_root apt-get update
  quietly as_root apt-get install -y --no-install-recommends debootstrap debian-archive-keyring
}

# Asked once; a box without a way out must not wait for it twice.
registry_hub_answers() {
  if [ -z "${hub_answer:-}" ]; then
    hub_answer=no
    ! at_most 5 docker manifest inspect debian:trixie-slim >/dev/null 2>&1 || hub_answer=yes
  fi
  [ "$hub_answer" = yes ]
}

# The official image where it can be had, else one around a binary that is made or found here.
build_with_binary() {
  local name=$1 make_binary=$2 official=$3 context=$cache_dir/build/$1
  if registry_hub_answers; then
    say "pulling $official"
    echo "FROM $official" | docker_build "$name"
    return
  fi
  rm -rf "$context"
  mkdir -p "$context"
  "$make_binary" "$context/$name"
  cp "$here/images/$name.Dockerfile" "$context/Dockerfile"
  say "building $(image_reference "$name")"
  docker_build "$name" "$context"
  rm -rf "$context"
}

# Through a module that requires it: `go install` asks for the list of versions too, which not every module proxy has.
kamal_proxy_binary() {
  local binary=$cache_dir/kamal-proxy-$kamal_proxy_version module=$cache_dir/build/kamal-proxy-module
  if [ ! -x "$binary" ]; then
    command -v go >/dev/null || fail "building kamal-proxy needs Go, as no image registry can be reached."
    say "building kamal-proxy $kamal_proxy_version with Go (40 s)"
    mkdir -p "$module"
    printf 'module sandbox\n\ngo 1.24\n\nrequire github.com/basecamp/kamal-proxy %s\n' "$kamal_proxy_version" >"$module/go.mod"
    (cd "$module" && quietly env CGO_ENABLED=0 GOOS=linux GOFLAGS=-mod=mod \
      go build -o "$binary.part" github.com/basecamp/kamal-proxy/cmd/kamal-proxy)
    rm -rf "$module"
    mv "$binary.part" "$binary"
  fi
  cp "$binary" "$1"
}

node_binary() {
  [ "$(uname -s)" = Linux ] || fail 'the node image needs an image registry on this kind of box.'
  cp "$(node -p process.execPath)" "$1"
}

keep_images() {
  local image
  rm -f "$cache_dir"/images-*.tar
  # shellcheck disable=SC2046 # one word per image
  docker save -o "$1.part" $(for image in $images; do image_reference "$image"; done)
  mv "$1.part" "$1"
}

# Debian's buildx, for a box that has none; it is one static binary. Nobody's ~/.docker is written to.
ensure_buildx() {
  local binary=$cache_dir/docker-buildx plugin=$state_dir/docker/cli-plugins/docker-buildx container
  [ ! -e "$plugin" ] || return 0
  ! docker buildx version >/dev/null 2>&1 || return 0
  [ -x "$binary" ] || fetch_buildx "$binary"
  ln -sf "$binary" "$plugin"
}

fetch_buildx() {
  local container
  say 'fetching buildx (15 s)'
  docker_build longshore-buildx <"$here/images/longshore-buildx.Dockerfile"
  container=$(docker create --label "$sandbox_label" longshore-buildx)
  quietly docker cp "$container:/usr/libexec/docker/cli-plugins/docker-buildx" "$1.part"
  mv "$1.part" "$1"
  docker rm "$container" >/dev/null
  docker rmi longshore-buildx >/dev/null
}
