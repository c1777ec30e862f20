# What the machines serve and run, seen past Longshore: by HTTP, and by docker over ssh. Sourced by bin/demo.
# shellcheck shell=bash

on() {
  local machine=$1
  shift
  ssh -F "$SANDBOX_SSH_CONFIG" -o LogLevel=ERROR -o ControlMaster=auto -o ControlPersist=30 -o "ControlPath=$sockets/%h" \
    "$machine" "$*" </dev/null
}

# Both machines answer with this version, and with no other.
serve() {
  local address answer
  for address in "$DAL_01_LOOPBACK" "$NEW_03_LOOPBACK"; do
    for _ in 1 2 3; do
      answer=$(curl -s --max-time 5 "http://$address/") || return 1
      case $answer in "hello from $1, "*) ;; *) echo "$address answers: $answer" && return 1 ;; esac
    done
  done
}

# Exactly one web container on each machine and one worker on dal-01, of this version.
run_only() {
  [ "$(running dal-01)" = "hello-web-$1 hello-worker-$1 " ] && [ "$(running new-03)" = "hello-web-$1 " ]
}

running() { on "$1" docker ps --filter label=service=hello --format '{{.Names}}' | sort | tr '\n' ' '; }

nothing_of() {
  local machine
  for machine in dal-01 new-03; do
    [ -z "$(on "$machine" docker ps -aq --filter "name=-$1")" ] || return 1
  done
}

container_id() { on "$1" docker inspect --format '{{.Id}}' "$2"; }

lock_is_free() { [ "$(on dal-01 'test -d .kamal/lock-hello && echo held || echo free')" = free ]; }

# load_starts REQUESTS PER-SECOND: requests to both machines, none ever repeated.
load_starts() {
  local plan
  plan=$(printf '{"targets":["%s","%s"],"host":"hello.test","total":%s,"perSecond":%s,"slow":0,"uploads":2,"maxSeconds":150}' \
    "$DAL_01_LOOPBACK" "$NEW_03_LOOPBACK" "$1" "$2")
  rm -f "$demo_dir/load.pipe"
  mkfifo "$demo_dir/load.pipe"
  node "$root/test/load/generate.mjs" "$plan" <"$demo_dir/load.pipe" >"$demo_dir/load.json" 2>>"$log" &
  load_pid=$!
  exec 8>"$demo_dir/load.pipe"
  note "load: $2 requests a second to both machines, on kept and on new connections, some with 1 MB; none is repeated"
  sleep 1
}

# Shows what was answered by which version, and what was lost.
load_ends() {
  # It may have ended by itself, and then nobody reads this.
  (echo hurry >&8) 2>/dev/null || true
  exec 8>&-
  wait "$load_pid" || true
  load_pid=''
  run node "$root/test/story/load-report.mjs" "$demo_dir/load.json"
}
