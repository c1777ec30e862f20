# The machines of a set: containers with sshd and, but for one, an engine, on a network that plays the tailnet.

ensure_network() {
  docker network inspect "$network" >/dev/null 2>&1 && return
  quietly docker network create --label "$sandbox_label" --subnet "$tailnet.0/24" "$network"
}

sets_with_network() {
  docker network ls --filter "label=$sandbox_label" --format '{{.Name}}' |
    sed -n -e 's/^longshore-tailnet$/1/p' -e 's/^longshore-tailnet-//p'
}

ensure_machines() {
  local machine started=''
  for machine in $machines; do
    machine_is_up "$machine" || started="$started $machine"
  done
  [ -n "$started" ] || return 0
  say "starting$started of set $set_number"
  choose_machine_privileges
  in_parallel start_machine $started
  in_parallel await_machine $started
}

reset_machines() {
  say "making $machines of set $set_number empty (8 s)"
  in_parallel remove_machine $machines
  ensure_machines
}

machine_is_up() {
  [ "$(container_recipe "$(machine_container "$1")")" = "$(machine_recipe "$1") running" ]
}

# The recipe a container was made from, and its state; empty when there is none.
container_recipe() {
  docker container inspect --format "{{index .Config.Labels \"$recipe_label\"}} {{.State.Status}}" "$1" 2>/dev/null || true
}

machine_recipe() {
  { image_recipe "$(machine_image "$1")" && cat "$here"/machine/* "$here/machines.sh" "$state_dir/id_ed25519.pub" "$state_dir/host-keys/$1.pub"; } |
    hash_of_input
}

# A machine that was only switched off keeps what it holds. One that was never switched on may be half made.
start_machine() {
  local container
  container=$(machine_container "$1")
  case $(container_recipe "$container") in
    *' created') ;;
    "$(machine_recipe "$1") "*) docker start "$container" >>"$log_file" 2>&1 && return ;;
  esac
  remove_machine "$1"
  create_machine "$1"
  docker start "$container" >>"$log_file"
}

create_machine() {
  local container loopback
  container=$(machine_container "$1")
  loopback=$(machine_loopback "$1")
  docker volume create --label "$sandbox_label" "$container" >>"$log_file"
  docker create --name "$container" --hostname "$1" --label "$sandbox_label" --label "$recipe_label=$(machine_recipe "$1")" \
    "${machine_privileges[@]}" --tmpfs /run -v "$container:/var/lib/docker" \
    --network "$network" --ip "$(machine_address "$1")" --network-alias "$1" \
    -p "$loopback:22:22" -p "$loopback:80:80" -p "$loopback:443:443" "$(machine_image "$1")" >>"$log_file"
  machine_files "$1" | docker cp - "$container:/"
}

# What a machine is given besides its image, as a tar of files alone: folders keep the owner and mode the image gave them.
machine_files() {
  local root
  root=$(mktemp -d)
  (
    cd "$root"
    mkdir -p usr/local/sbin usr/lib/lsb/init-functions.d etc/docker etc/ssh root/.ssh home/deploy/.ssh
    cp "$here/machine/machine-start" usr/local/sbin/
    cp "$here/machine/init-functions" usr/lib/lsb/init-functions.d/sandbox
    cp "$here/machine/daemon.json" etc/docker/
    cp "$state_dir/host-keys/$1" etc/ssh/ssh_host_ed25519_key
    cp "$state_dir/id_ed25519.pub" root/.ssh/authorized_keys
    cp "$state_dir/id_ed25519.pub" home/deploy/.ssh/authorized_keys
    find . -type f -print0 | tar --null -T - -c
  )
  rm -rf "$root"
}

await_machine() {
  local container
  container=$(machine_container "$1")
  at_most 60 docker exec "$container" sh -c 'until [ -e /run/ready ]; do sleep 0.05; done' >>"$log_file" 2>&1 && return
  docker logs --tail 20 "$container" >&2
  docker exec "$container" tail -20 /var/log/docker.log >&2
  fail "$1 did not come up." "Look at: docker logs $container"
}

remove_machine() {
  local container
  container=$(machine_container "$1")
  docker rm -f "$container" >/dev/null 2>&1 || true
  docker volume rm "$container" >/dev/null 2>&1 || true
}

# One function for every machine at once; fails when it failed for any.
in_parallel() {
  local function=$1 argument pid pids=''
  shift
  for argument in "$@"; do
    "$function" "$argument" &
    pids="$pids $!"
  done
  for pid in $pids; do wait "$pid" || exit 1; done
}
