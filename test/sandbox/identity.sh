# Who logs in to the machines and how they are known: made once for all sets, so that known_hosts stays true over resets.

ensure_identity() {
  local machine
  mkdir -p "$state_dir/host-keys"
  chmod 700 "$state_dir"
  make_key "$state_dir/id_ed25519" deployer
  for machine in $machines; do make_key "$state_dir/host-keys/$machine" "$machine"; done
}

# Somebody may be reading them.
write_ssh_files() {
  known_hosts >"$set_dir/known_hosts.new"
  mv "$set_dir/known_hosts.new" "$set_dir/known_hosts"
  ssh_config >"$set_dir/ssh_config.new"
  mv "$set_dir/ssh_config.new" "$set_dir/ssh_config"
}

make_key() {
  [ ! -f "$1.pub" ] || return 0
  rm -f "$1"
  ssh-keygen -q -t ed25519 -N '' -C "$2" -f "$1"
}

known_hosts() {
  local machine key
  for machine in $machines; do
    read -r key <"$state_dir/host-keys/$machine.pub"
    echo "$machine,$(machine_address "$machine"),$(machine_loopback "$machine") ${key% *}"
  done
}

# Over the loopback addresses, which work on every kind of box.
ssh_config() {
  local machine
  for machine in $machines; do
    printf 'Host %s\n  HostName %s\n' "$machine" "$(machine_loopback "$machine")"
  done
  printf 'Host %s %s.* 127.0.0.%s?\n  User deploy\n' "$machines" "$tailnet" "$set_number"
  printf '  %s\n' "IdentityFile $state_dir/id_ed25519" 'IdentitiesOnly yes' "UserKnownHostsFile $set_dir/known_hosts" \
    'GlobalKnownHostsFile none' 'StrictHostKeyChecking yes'
}

print_env() {
  local machine name buildx='' docker_config=''
  if [ -x "$state_dir/docker/cli-plugins/docker-buildx" ]; then
    docker_config=$state_dir/docker
    buildx=$docker_config/cli-plugins/docker-buildx
  fi
  print_variable SANDBOX_SET "$set_number"
  print_variable SANDBOX_DIR "$set_dir"
  print_variable SANDBOX_KEY "$state_dir/id_ed25519"
  print_variable SANDBOX_KNOWN_HOSTS "$set_dir/known_hosts"
  print_variable SANDBOX_SSH_CONFIG "$set_dir/ssh_config"
  # Of a Docker client that may push.
  print_variable SANDBOX_PUSH_CONFIG "$state_dir/push"
  print_variable REGISTRY "$registry"
  print_variable REGISTRY_USER "$registry_user"
  print_variable REGISTRY_PASSWORD "$registry_password"
  for machine in $machines; do
    name=$(echo "$machine" | tr 'a-z-' 'A-Z_')
    print_variable "$name" "$(machine_address "$machine")"
    print_variable "${name}_LOOPBACK" "$(machine_loopback "$machine")"
    print_variable "${name}_CONTAINER" "$(machine_container "$machine")"
  done
  # Both empty where the box has a buildx of its own.
  print_variable BUILDX "$buildx"
  print_variable SANDBOX_DOCKER_CONFIG "$docker_config"
}

print_variable() { printf '%s=%q\n' "$1" "$2"; }
