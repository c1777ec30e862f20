# Which Docker engine the sandbox runs on: the one that answers, else one installed and started here.

ensure_engine() {
  engine_answers && return
  [ "$(uname -s)" = Linux ] || fail 'no Docker engine answers.' 'Start Docker Desktop, then try again.'
  [ "$(id -u)" = 0 ] || fail 'no Docker engine answers, and starting one needs root.' "Type: sudo $here/sandbox up"
  command -v dockerd >/dev/null || install_engine
  start_engine
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

install_engine() {
  command -v apt-get >/dev/null || fail 'no Docker engine is installed here.' 'Install one, then try again.'
  say 'installing docker.io (15 s)'
  quietly apt-get update
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends docker.io iptables ca-certificates
  hash -r
}

start_engine() {
  # Where services are managed, installing it has started it, or its manager should.
  if [ -d /run/systemd/system ]; then quietly systemctl start docker; fi
  engine_answers && return
  say 'starting dockerd'
  remove_traces_of_dead_engine
  # Outlives this script and must not hold its lock.
  setsid nohup dockerd >>"$state_dir/dockerd.log" 2>&1 </dev/null 9>&- &
  local pid=$!
  for _ in $(seq 300); do
    engine_answers && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  tail -20 "$state_dir/dockerd.log" >&2
  fail 'dockerd did not start.' "Its log: $state_dir/dockerd.log"
}

# A pid file whose process is gone, or is somebody else by now, keeps dockerd and containerd from starting.
remove_traces_of_dead_engine() {
  local file name pid
  for file in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    [ -f "$file" ] || continue
    name=dockerd
    case $file in *containerd.pid) name=containerd ;; esac
    pid=$(cat "$file")
    if process_lives "$pid" "$name"; then
      [ "$name" = containerd ] || fail "dockerd runs (pid $pid) but does not answer." "Stop it (kill $pid), then try again."
      # Its dockerd is gone: a new one starts its own.
      kill "$pid"
    fi
    rm -f "$file"
  done
  rm -f /var/run/docker.sock /var/run/docker/containerd/*.sock
}

# A zombie has a name, but no command line.
process_lives() {
  [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ] && [ -n "$(tr -d '\0' <"/proc/$1/cmdline")" ]
}

# Machines run engines of their own. A box that lacks CAP_SYS_RESOURCE cannot give --privileged.
choose_machine_privileges() {
  local bounding
  bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status 2>/dev/null || true)
  machine_privileges=(--privileged)
  if [ -n "$bounding" ] && [ $((0x$bounding >> 24 & 1)) = 0 ]; then
    machine_privileges=(--cap-add ALL --cap-drop SYS_RESOURCE --device-cgroup-rule 'a *:* rwm'
      --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined)
  fi
}
