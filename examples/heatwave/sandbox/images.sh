# The images of the stack, built from Debian's packages and pushed to the sandbox's registry. Sourced by sandbox/sandbox, after
# the parts of test/sandbox, whose functions build, keep and push; these here say which images there are and what each is made of.

# In the order they build on each other.
images='postgres postgres-security postgres-broken pgbouncer pg-health haproxy valkey sftpgo netdata mailpit playwright databasus'

# Where each lies in the registry. Tags are as in the deploy file, but for PostgreSQL: its version is what the package has.
image_path() {
  case $1 in
    postgres) echo heatwave/postgres:15-bookworm ;;
    postgres-security) echo heatwave/postgres:15-bookworm-security ;;
    postgres-broken) echo heatwave/postgres:15-broken ;;
    *) echo "heatwave/$1:sandbox" ;;
  esac
}

image_reference() { echo "$registry/$(image_path "$1")"; }

# The image it starts from, of the sandbox or of this list.
image_parent() {
  case $1 in
    pg-health) echo "$registry/node:20" ;;
    *) sed -n 's/^FROM //p' "$(image_dockerfile "$1")" ;;
  esac
}

image_dockerfile() {
  case $1 in
    postgres-security) echo "$here/images/postgres.Dockerfile" ;;
    mailpit | playwright | databasus) echo "$here/images/stand-in.Dockerfile" ;;
    pg-health) echo "$example/pg-health/Dockerfile" ;;
    *) echo "$here/images/$1.Dockerfile" ;;
  esac
}

# Build arguments, one on a line.
image_arguments() {
  case $1 in
    postgres-security) echo SUITE=bookworm-security ;;
    pg-health) echo "NODE_IMAGE=$registry/node:20" ;;
    mailpit) printf '%s\n' NAME=Mailpit 'PORTS=1025 8025' ;;
    playwright) printf '%s\n' NAME=Playwright PORTS=3000 ;;
    databasus) printf '%s\n' NAME=Databasus PORTS=4005 ;;
  esac
}

# A hash of the file, of what it copies, and of the image it starts from.
image_recipe() {
  {
    echo "$1"
    image_arguments "$1"
    cat "$(image_dockerfile "$1")"
    case $1 in
      pg-health) cat "$example/pg-health/server.js" "$example/lib/postgres.js" ;;
      *) sed -n "s#^COPY \([^ ]*\) .*#$here/images/\1#p" "$(image_dockerfile "$1")" | xargs -r cat ;;
    esac
    case $1 in
      postgres-broken) image_recipe postgres-security ;;
      *) docker image inspect --format "{{index .Config.Labels \"$recipe_label\"}}" "$(image_parent "$1")" ;;
    esac
  } | hash_of_input
}

build_image() {
  local argument arguments=() folder=$here/images
  [ "$1" != pg-health ] || folder=$example
  while read -r argument; do arguments+=(--build-arg "$argument"); done < <(image_arguments "$1")
  say "building $(image_path "$1")"
  quietly env BUILDX_BUILDER=default BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --label "$sandbox_label" \
    --label "$recipe_label=$(image_recipe "$1")" --tag "$(image_reference "$1")" --file "$(image_dockerfile "$1")" \
    ${arguments[@]+"${arguments[@]}"} "$folder"
}

push_images() {
  local image
  for image in $images; do ensure_pushed "$image" "$(image_path "$image")"; done
}
