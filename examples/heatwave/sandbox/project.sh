# A copy of the example that deploys to the sandbox. Sourced by sandbox/sandbox.

# project FOLDER SET: a git repository of its own, with fakes of op and gh in FOLDER/../bin, which belong on the PATH.
project() {
  local folder=$1 bin
  [ ! -e "$folder" ] || fail "$folder is there already."
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  bin=$folder/../bin
  eval "$("$root/test/sandbox/sandbox" env "$2")"
  (cd "$example" && tar -c --exclude ./sandbox --exclude ./REVISION .) | tar -x -C "$folder"
  to_sandbox "$folder/config/deploy.yml" "$folder/config/deploy.staging.yml" "$folder/bin/databasus"
  mkdir -p "$bin"
  write_fakes "$(cd "$bin" && pwd)"
  (
    cd "$folder"
    git init --quiet --initial-branch=main
    git config user.name 'Ann Deployer'
    git config user.email ann@example.com
    git config commit.gpgsign false
    git add --all
    git commit --quiet --message 'The Heatwave stack, on the sandbox'
  )
  printf 'cd %q\nexport PATH=%q:$PATH\n' "$folder" "$(cd "$bin" && pwd)"
  [ -z "$SANDBOX_DOCKER_CONFIG" ] || printf 'export DOCKER_CONFIG=%q\n' "$SANDBOX_DOCKER_CONFIG"
}

# Addresses, registry and images; how the sandbox is reached and what it builds with. Nothing else changes.
to_sandbox() {
  local file
  for file in "$@"; do
    sed -e "s#192\.0\.2\.11#$DAL_01#g" -e "s#192\.0\.2\.12#$CHI_02#g" -e "s#203\.0\.113\.11#$DAL_01#g" \
      -e "s#^  server: ghcr\.io#  server: $registry#" -e "s#^  username: example#  username: $registry_user#" \
      -e "s#NODE_IMAGE: .*#NODE_IMAGE: $registry/node:20#" -e "s#^builder:#builder:\n  driver: docker#" \
      -e "s#arch: amd64#arch: $(docker version --format '{{.Server.Arch}}')#" \
      -e "s#^    bind_ips: \[127\.0\.0\.1\]#    registry: $registry#" \
      -e "s#^ssh:#ssh:\n  config: $SANDBOX_SSH_CONFIG#" \
      -e "s#image: postgres:.*#image: $(image_reference postgres)#" \
      -e "s#image: haproxy:.*#image: $(image_reference haproxy)@$(image_digest haproxy)#" \
      -e "s#image: edoburu/pgbouncer:.*#image: $(image_reference pgbouncer)#" \
      -e "s#image: ghcr\.io/example/pg-health:.*#image: $(image_reference pg-health)#" \
      -e "s#image: valkey/valkey:.*#image: $(image_reference valkey)#" \
      -e "s#image: drakkan/sftpgo:.*#image: $(image_reference sftpgo)#" \
      -e "s#image: mcr\.microsoft\.com/playwright:.*#image: $(image_reference playwright)#" \
      -e "s#image: netdata/netdata:.*#image: $(image_reference netdata)#" \
      -e "s#image: axllent/mailpit:.*#image: $(image_reference mailpit)#" \
      -e "s#databasus/databasus:.*#$(image_reference databasus)#" "$file" >"$file.new"
    cat "$file.new" >"$file"
    rm "$file.new"
  done
}

# As the registry has it, which is what a machine pulls by.
image_digest() {
  registry_manifest "$(image_path "$1")" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'
}

# 1Password's and GitHub's programs, as far as .kamal/secrets asks them: values that any shell, file or URL would spoil are among them.
write_fakes() {
  printf '#!/bin/sh\n[ "$1 $2" = "auth token" ] && echo %q\n' "$registry_password" >"$1/gh"
  cp "$here/op" "$1/op"
  chmod 755 "$1/gh" "$1/op"
}
