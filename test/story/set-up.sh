# What a bare machine lacks, installed once: small tools, npm packages, the build. Sourced by bin/demo and bin/test.
# shellcheck shell=bash

set_up_checkout() {
  ensure_node
  ensure_tools
  ensure_packages
  build_longshore
}

ensure_node() {
  command -v node >/dev/null && command -v npm >/dev/null || stop 'Node 20.12 or later is needed, with npm.'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)' ||
    stop "Node 20.12 or later is needed; this is $(node --version)."
}

# git makes versions, ssh-keygen the sandbox's keys, and curl asks what the machines serve.
ensure_tools() {
  local missing=''
  command -v git >/dev/null || missing="$missing git"
  command -v ssh-keygen >/dev/null || missing="$missing openssh-client"
  command -v curl >/dev/null || missing="$missing curl"
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || stop "These are needed:$missing."
  say "installing$missing"
  # shellcheck disable=SC2086 # one word per package
  quietly sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends ca-certificates "$@"' - $missing
}

# Again only when the lock file or Node's version is another one than last time.
ensure_packages() {
  local stamp=$root/node_modules/.longshore-installed wanted
  wanted="$(node --version) $(node -p 'process.platform + process.arch') $(cksum <"$root/package-lock.json")"
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say 'npm ci (10 s)'
  (cd "$root" && quietly npm ci --no-audit --no-fund --loglevel=error)
  echo "$wanted" >"$stamp"
}

build_longshore() {
  say 'building Longshore'
  (cd "$root" && quietly node build.mjs)
}

say() { printf '%s: %s\n' "$me" "$*"; }

stop() {
  printf '%s: %s\n' "$me" "$*" >&2
  exit 2
}

# Runs a command without a word; when it fails, with all of them.
quietly() {
  local output
  output=$("$@" 2>&1 </dev/null) && return
  printf '%s\n' "$output" | tail -60 >&2
  stop "this failed: $*"
}
