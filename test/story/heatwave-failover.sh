# The second half of the Heatwave story: what befalls the servers and their machines. Sourced by bin/demo.
# shellcheck shell=bash

primary_is_lost() {
  chapter '5. An address that comes late, a primary that stops, a machine that loses its power'
  writers_are_watched
  note "dal-01's engine restarts, and its tailnet address is missing for 20 s"
  docker exec --detach "$DAL_01_CONTAINER" sh -c "$(cat "$root/test/sandbox/restart-without-address")"
  within 90 docker exec "$DAL_01_CONTAINER" test -e /tmp/back || stop 'dal-01 did not come back'
  run longshore status production
  check 'status says what is down, why, and what to type' \
    said 'was missing on the machine when Docker tried to start it' 'longshore accessory start all'
  run longshore accessory start all --quiet
  check 'accessory start all starts it in order' exits 0
  tunnel_opens
  check 'rows are written again' writes after-restart

  note 'the primary stops'
  on dal-01 docker stop heatwave-postgres >>"$log"
  run longshore accessory exec postgres-replica --reuse 'pg-guard promote'
  check 'the standby in Chicago is promoted by accessory exec' said 'chi_02 is the primary now'
  check 'rows are written there through the same haproxy, without a deploy' writes after-promotion
  check 'as is seen on chi-02' has_row chi-02 heatwave-postgres-replica after-promotion
  on dal-01 docker start heatwave-postgres >>"$log"
  check 'the old primary comes back and stays closed' within 30 logged dal-01 heatwave-postgres 'fenced: '
  run longshore accessory exec postgres --reuse 'pg-guard rebuild'
  check 'it is rebuilt as the standby' within 30 guard dal-01 heatwave-postgres 'dal_01 is a standby, streaming'

  note 'the machine of the primary loses its power'
  docker kill "$CHI_02_CONTAINER" >>"$log"
  run longshore accessory exec postgres --reuse 'pg-guard promote'
  check 'nobody is promoted beside a primary that may be alive' said 'Switch its machine off, or make sure that it is.'
  run longshore accessory exec postgres --reuse 'pg-guard promote --primary-is-off'
  check 'unless a person says that it is off' said 'dal_01 is the primary now'
  check 'rows are written again' writes after-power-cut
  docker start "$CHI_02_CONTAINER" >>"$log"
  check 'the machine returns, Docker starts the old primary, and it stays closed' \
    within 60 logged chi-02 heatwave-postgres-replica 'fenced: '
  run longshore accessory exec postgres-replica --reuse 'pg-guard rebuild'
  check 'it is rebuilt as the standby' within 30 guard chi-02 heatwave-postgres-replica 'chi_02 is a standby, streaming'
  check 'at no moment did both take writes' took_writes_in_turn
  check 'every row is on both' every_row_is_on_both
}

# logged MACHINE CONTAINER TEXT
logged() { on "$1" "docker logs --tail 20 $2 2>&1" | grep -qF "$3"; }

# Both servers are asked ten times a second, each in its own container, whether they take writes.
writers_are_watched() {
  rm -f "$demo_dir/enough" "$demo_dir/writers"
  watch_server "$DAL_01_CONTAINER" heatwave-postgres &
  watchers=$!
  watch_server "$CHI_02_CONTAINER" heatwave-postgres-replica &
  watchers="$watchers $!"
}

watch_server() {
  local question="SELECT (extract(epoch from clock_timestamp()) * 1000000)::bigint || chr(32) || pg_is_in_recovery();"
  while [ ! -e "$demo_dir/enough" ]; do
    docker exec "$1" docker exec "$2" sh -c "for turn in \$(seq 50); do echo \"$question\" && sleep 0.1; done |
      psql -XqtA -U heatwave -d postgres" 2>/dev/null | sed -n "s/ false\$/ $2/p" >>"$demo_dir/writers" || true
    sleep 0.2
  done
}

# Were two to take writes at once, they would take turns in this.
took_writes_in_turn() {
  touch "$demo_dir/enough"
  # shellcheck disable=SC2086 # one word per process
  wait $watchers
  [ "$(sort -n "$demo_dir/writers" | cut -d ' ' -f 2 | uniq | tr '\n' ' ')" = \
    'heatwave-postgres heatwave-postgres-replica heatwave-postgres ' ]
}

every_row_is_on_both() {
  sql dal-01 heatwave-postgres 'SELECT id FROM rows ORDER BY id' >"$demo_dir/wanted"
  sql chi-02 heatwave-postgres-replica 'SELECT id FROM rows ORDER BY id' >"$demo_dir/there"
  cmp "$demo_dir/wanted" "$demo_dir/there" && grep -qx after-promotion "$demo_dir/wanted" &&
    grep -qx after-power-cut "$demo_dir/wanted"
}
