# The Heatwave stack: its project, the tunnel to it, and what it says past Longshore. Sourced by bin/demo.
# shellcheck shell=bash

tunnel_pid=''

# A copy of examples/heatwave that deploys to the sandbox, with stand-ins for 1Password's and GitHub's programs on the PATH.
heatwave_starts() {
  "$root/examples/heatwave/sandbox/sandbox" images
  rm -rf "$demo_dir/heatwave"
  mkdir -p "$demo_dir/heatwave"
  app=$demo_dir/heatwave/app
  "$root/examples/heatwave/sandbox/sandbox" project "$app" "$SANDBOX_SET" >>"$log"
  export PATH="$demo_dir/heatwave/bin:$PATH"
  [ -z "$SANDBOX_DOCKER_CONFIG" ] || export DOCKER_CONFIG=$SANDBOX_DOCKER_CONFIG
  cd "$app"
  # A story's waits are short.
  echo 'readiness_delay: 1' >>config/deploy.yml
  commit 'The Heatwave stack, on the sandbox'
}

# What stands for cloudflared: the proxy listens on dal-01's loopback alone, and this leads there.
tunnel_opens() {
  tunnel_closes
  tunnel_port=$(node -e "const s = require('net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })")
  ssh -F "$SANDBOX_SSH_CONFIG" -o LogLevel=ERROR -o ExitOnForwardFailure=yes \
    -N -L "127.0.0.1:$tunnel_port:127.0.0.1:80" dal-01 </dev/null >>"$log" 2>&1 8>&- &
  tunnel_pid=$!
  within 20 curl -s -o /dev/null "http://127.0.0.1:$tunnel_port/" || stop 'the tunnel to dal-01 could not be opened'
}

tunnel_closes() {
  [ -z "$tunnel_pid" ] || kill "$tunnel_pid" 2>/dev/null || true
  tunnel_pid=''
}

# ask METHOD PATH [HOST]: through the tunnel; fails unless the status is 2xx.
ask() {
  curl -sf --max-time 10 -X "$1" -H "Host: ${3:-crm.example.com}" "http://127.0.0.1:$tunnel_port$2"
}

# count FIELD [HOST]: of GET /counts, such as jobs.finished
count() { ask GET /counts "${2:-crm.example.com}" | node -pe "JSON.parse(require('fs').readFileSync(0, 'utf8')).$1"; }

counts() { [ "$(count "$1")" = "$2" ]; }

# within SECONDS COMMAND…: tries until it succeeds.
within() {
  local until=$((SECONDS + $1))
  shift
  while :; do
    "$@" && return
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.3
  done
}

writes() { within 30 ask POST "/rows?id=$1"; }

# sql MACHINE CONTAINER STATEMENT
sql() { on "$1" docker exec "$2" psql -U heatwave -XqtA -c "'$3'"; }

has_row() { [ "$(sql "$1" "$2" "SELECT count(*) FROM rows WHERE id = \$\$$3\$\$")" = 1 ]; }

# guard MACHINE CONTAINER TEXT: whether pg-guard says so of the server there.
guard() { on "$1" docker exec "$2" pg-guard state | grep -qF "$3"; }

state_of() { on "$1" docker inspect --format "'{{.Id}} {{.State.StartedAt}}'" "$2"; }

# Ids of all jobs that are anywhere: queued, in a worker's hands, or finished.
all_jobs() {
  on dal-01 docker exec heatwave-valkey-queue sh -c "'
    valkey-cli --raw LRANGE queue 0 -1
    valkey-cli --raw --scan --pattern \"processing:*\" | while read -r list; do valkey-cli --raw LRANGE \"\$list\" 0 -1; done'" |
    sed -n 's/^{"id":"\([^"]*\)".*/\1/p'
  sql dal-01 heatwave-postgres 'SELECT job_id FROM finished'
}

# Every job that was acknowledged to the load is somewhere, and every id on stdin.
no_job_is_missing() {
  { acknowledged jobs && cat; } | sort >"$demo_dir/wanted"
  all_jobs | sort -u >"$demo_dir/there"
  [ -z "$(comm -23 "$demo_dir/wanted" "$demo_dir/there" | tee -a "$log")" ]
}

no_row_is_missing() {
  acknowledged rows | sort >"$demo_dir/wanted"
  sql dal-01 heatwave-postgres 'SELECT id FROM rows' | sort >"$demo_dir/there"
  [ -s "$demo_dir/wanted" ] && [ -z "$(comm -23 "$demo_dir/wanted" "$demo_dir/there" | tee -a "$log")" ]
}

# acknowledged rows|jobs: ids, a line each.
acknowledged() {
  node -pe "JSON.parse(require('fs').readFileSync('$demo_dir/load.json', 'utf8')).acknowledged.$1.join('\n')" | grep . || true
}

# flow_starts NAME PAGES ROWS JOBS [MILLISECONDS]: so many a second, until flow_ends; each job takes so long.
flow_starts() {
  local plan
  plan=$(printf '{"port":%s,"host":"crm.example.com","name":"%s","perSecond":{"pages":%s,"rows":%s,"jobs":%s},"jobMilliseconds":%s,"maxSeconds":240}' \
    "$tunnel_port" "$1" "$2" "$3" "$4" "${5:-0}")
  rm -f "$demo_dir/load.pipe"
  mkfifo "$demo_dir/load.pipe"
  node "$root/test/load/heatwave.mjs" "$plan" <"$demo_dir/load.pipe" >"$demo_dir/load.json" 2>>"$log" &
  load_pid=$!
  exec 8>"$demo_dir/load.pipe"
  note "through the tunnel, every second: $2 pages, $3 rows written, $4 jobs enqueued; each is asked for once"
  sleep 1
}

# Shows what was asked for, what was lost and which version answered.
flow_ends() {
  sleep 1
  (echo enough >&8) 2>/dev/null || true
  exec 8>&-
  wait "$load_pid" || true
  load_pid=''
  run node "$root/test/story/flow-report.mjs" "$demo_dir/load.json"
}
