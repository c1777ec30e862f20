# The end of the Heatwave story: what Longshore refuses, finishes, and leaves alone. Sourced by bin/demo.
# shellcheck shell=bash

what_is_productions() {
  chapter '6. A staging file that would take what production has'
  local before
  before=$(state_of dal-01 heatwave-valkey-queue)
  edit config/deploy.staging.yml 's/127\.0\.0\.1:16381:6379/'"$DAL_01"':6381:6379/'
  refused valkey-queue "the port $DAL_01:6381:6379"
  edit config/deploy.staging.yml 's#^  mailpit:#&\n    directories: ["/home/deploy/heatwave-valkey-queue/data:/data"]#'
  refused mailpit /home/deploy/heatwave-valkey-queue/data
  check 'production has its container' test "$before" = "$(state_of dal-01 heatwave-valkey-queue)"
}

# refused NAME TEXT: with both owners named; the file is as it was afterwards.
refused() {
  run longshore accessory upgrade "$1" -d staging
  check 'it is refused before anything begins' exits 3
  check "with $2, and both owners" said "$2" "$1 of staging (config/deploy.staging.yml)" 'heatwave-valkey-queue of production'
  git checkout -q config/deploy.staging.yml
}

boot_in_pieces() {
  chapter '7. accessory boot, interrupted at each of its steps'
  local number=0 made
  made=$(made_of heatwave-staging-sftp)
  while :; do
    number=$((number + 1))
    run longshore accessory remove sftp -d staging -y --quiet
    interrupted_at "$number"
    [ "$status" != 0 ] || break
    run longshore accessory boot sftp -d staging --quiet
    check 'the next boot finishes it' exits 0
    check 'and it is as if nothing had been' test "$made" = "$(made_of heatwave-staging-sftp)"
    [ "$number" -lt 12 ] || stop 'it never came to its end'
  done
  check "it was interrupted at $((number - 1)) steps" test "$number" -gt 3
}

# What a container is, but for its id and times.
made_of() {
  on dal-01 docker inspect --format \
    "'{{.Name}} {{.Image}} {{.State.Running}} {{json .Config.Env}} {{json .HostConfig.Binds}} {{json .HostConfig.PortBindings}}'" "$1"
  on dal-01 "docker ps -a --format '{{.Names}}' | grep sftp | sort | tr '\n' ' '"
}

# interrupted_at NUMBER: Ctrl-C when so many steps have begun.
interrupted_at() {
  local pid
  printf '%s$ longshore accessory boot sftp -d staging & … kill -INT $! at step %s%s\n' "$cyan" "$1" "$plain"
  : >"$demo_dir/events"
  longshore accessory boot sftp -d staging --json >/dev/null 2>"$demo_dir/events" </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null && [ "$(grep -c '"type":"step-started"' "$demo_dir/events")" -lt "$1" ]; do sleep 0.02; done
  kill -INT "$pid" 2>/dev/null || true
  status=0
  wait "$pid" || status=$?
  cat "$demo_dir/events" >>"$log"
  note "it ended with exit status $status"
}
