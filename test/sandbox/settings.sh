# What the sandbox is called and where it lies; sourced by every other file.

sandbox_label=longshore.sandbox=1
recipe_label=longshore.sandbox.recipe

machines='dal-01 chi-02 new-03'
registry_container=longshore-registry
registry_user=deployer
registry_password="registry-s3cret"
registry=registry.test:5000

kamal_proxy_version=v0.9.2

cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/longshore
state_dir=${XDG_STATE_HOME:-$HOME/.local/state}/longshore/sandbox

# choose_set N: which set of machines is meant from here on. All sets have the same machines, at addresses of their own.
choose_set() {
  case $1 in [1-9]) ;; *) fail "no set of machines is called $1." 'They are numbered: 1 to 9.' ;; esac
  set_number=$1
  set_dir=$state_dir
  network=longshore-tailnet
  container_prefix=longshore-
  tailnet=100.64.$((76 + set_number))
  if [ "$set_number" != 1 ]; then
    set_dir=$state_dir/set-$set_number
    network=longshore-tailnet-$set_number
    container_prefix=longshore-$set_number-
  fi
  log_file=$set_dir/sandbox.log
}

# The last digit of a machine's addresses.
machine_number() {
  case $1 in dal-01) echo 1 ;; chi-02) echo 2 ;; new-03) echo 3 ;; *) return 1 ;; esac
}

machine_image() {
  case $1 in
    dal-01) echo longshore-machine-12 ;;
    chi-02) echo longshore-machine-13 ;;
    new-03) echo longshore-machine-bare ;;
  esac
}

machine_address() { echo "$tailnet.1$(machine_number "$1")"; }
machine_loopback() { echo "127.0.0.$set_number$(machine_number "$1")"; }
machine_container() { echo "$container_prefix$1"; }

say() { printf 'sandbox: %s\n' "$*" >&2; }

fail() {
  say "$1"
  [ $# -lt 2 ] || printf '         %s\n' "$2" >&2
  exit 1
}

# Runs a command with its output in the log, which is shown when the command fails.
quietly() {
  local from
  from=$(wc -c <"$log_file")
  printf '\n$ %s\n' "$*" >>"$log_file"
  "$@" >>"$log_file" 2>&1 || {
    tail -c "+$((from + 1))" "$log_file" | tail -40 >&2
    fail "this failed: $*" "All of its output: $log_file"
  }
}

# Runs a command that is given up after so many seconds, where the box can do that.
at_most() {
  local seconds=$1
  shift
  if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}

hash_of_input() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-16
}

# Changes to the box itself (packages, /etc/hosts, dockerd) need root; sudo is used only if it does not ask.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
