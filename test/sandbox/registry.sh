# The registry the machines pull from, and what it holds from the start.

hosts_line='127.0.0.1 registry.test # longshore sandbox'

ensure_registry() {
  ensure_hosts_line
  local recipe
  recipe=$(image_recipe longshore-registry)
  # One whose networks went with the last set of machines has no port any more.
  if [ "$(container_recipe "$registry_container")" != "$recipe running" ] || ! curl -s -o /dev/null --max-time 5 http://127.0.0.1:5000/v2/; then
    say 'starting the registry'
    docker rm -f "$registry_container" >/dev/null 2>&1 || true
    docker volume create --label "$sandbox_label" longshore-registry >/dev/null
    quietly docker run -d --name "$registry_container" --label "$sandbox_label" --label "$recipe_label=$recipe" \
      --network "$network" --ip "$tailnet.2" --network-alias registry.test --hostname registry \
      --restart unless-stopped -p 127.0.0.1:5000:5000 -v longshore-registry:/var/lib/registry longshore-registry
    await_registry
    local set
    for set in $(sets_with_network); do (choose_set "$set" && connect_registry); done
  fi
  ensure_pushed node node:20
  ensure_pushed kamal-proxy "basecamp/kamal-proxy:$kamal_proxy_version"
}

# The machines of every set reach it by the same name.
connect_registry() {
  case " $(docker network inspect --format '{{range .Containers}}{{.Name}} {{end}}' "$network")" in
    *" $registry_container "*) return ;;
  esac
  quietly docker network connect --ip "$tailnet.2" --alias registry.test "$network" "$registry_container"
}

ensure_pushed() {
  local image=$1 path=$2 id
  id=$(docker image inspect --format '{{.Id}}' "$(image_reference "$image")")
  # The id is the digest of the image's config, which its manifest names; a containerd engine has the manifest's own.
  case $(registry_manifest "$path") in *"$id"*) return ;; esac
  say "pushing $registry/$path"
  push_credentials >"$state_dir/push/config.json"
  # Another config folder has another idea of which engine is meant.
  local push=(docker --config "$state_dir/push" -H "$(docker context inspect --format '{{.Endpoints.docker.Host}}')" push "$registry/$path")
  # An engine that looked for registry.test before it had its line in /etc/hosts believes for 5 s that there is none.
  for _ in 1 2 3 4; do
    "${push[@]}" >/dev/null 2>&1 && return
    sleep 2
  done
  quietly "${push[@]}"
}

await_registry() {
  for _ in $(seq 200); do
    curl -s -o /dev/null http://127.0.0.1:5000/v2/ && return
    sleep 0.05
  done
  docker logs --tail 20 "$registry_container" >&2
  fail 'the registry did not come up.' "Look at: docker logs $registry_container"
}

registry_manifest() {
  printf 'user = "%s"\n' "$registry_user:$registry_password" | curl -si --max-time 10 --config - \
    -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
    "http://127.0.0.1:5000/v2/${1%:*}/manifests/${1##*:}" || true
}

# In a folder of the sandbox's own, so that nobody's ~/.docker is written to.
push_credentials() {
  mkdir -p "$state_dir/push"
  printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$registry" "$(printf %s "$registry_user:$registry_password" | base64)"
}

ensure_hosts_line() {
  grep -qxF "$hosts_line" /etc/hosts && return
  printf '%s\n' "$hosts_line" | as_root tee -a /etc/hosts >/dev/null ||
    fail 'registry.test must resolve to this box.' "Type: echo '$hosts_line' | sudo tee -a /etc/hosts"
}

# In place: /etc/hosts may be a mount, which cannot be replaced.
remove_hosts_line() {
  grep -qxF "$hosts_line" /etc/hosts || return 0
  local rest
  rest=$(grep -vxF "$hosts_line" /etc/hosts)
  printf '%s\n' "$rest" | as_root tee /etc/hosts >/dev/null
}
