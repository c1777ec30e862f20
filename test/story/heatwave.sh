# A whole production, with databases on two machines: what its accessories go through without losing anything. Sourced by bin/demo.
# shellcheck shell=bash

heatwave_story() {
  two_empty_machines
  deploy_with_jobs
  replace_accessories
  staging_beside
  primary_is_lost
  what_is_productions
  boot_in_pieces
  as_kamal_left_it
}

two_empty_machines() {
  chapter '1. Two empty machines become a production and its staging'
  first=$version
  run longshore setup production
  check 'setup succeeds' exits 0
  tunnel_opens
  check 'crm.example.com answers through the tunnel' ask GET /
  check 'the standby in Chicago streams from the primary in Dallas' \
    guard chi-02 heatwave-postgres-replica 'chi_02 is a standby, streaming'
  check 'a row goes through haproxy and pgbouncer to the primary' writes first
  check 'and is on the standby' within 10 has_row chi-02 heatwave-postgres-replica first
  run longshore setup staging --quiet
  check 'staging is set up beside it' exits 0
  check 'it answers, and writes to a database of its own' ask POST '/rows?id=staged' crm.staging.example.com
  check 'which production does not see' test "$(sql dal-01 heatwave-postgres 'SELECT id FROM rows')" = first
  databasus_starts
  run longshore status production
  check 'status shows every accessory on both machines' said valkey-queue postgres-replica netdata-chi '100.64.'
  check 'and the backups, which the file does not know, as not of this file' said 'NOT OF THIS FILE' databasus
}

# By the example's own script, past the deploy file. Its image is public in life; here it asks for a login.
databasus_starts() {
  on chi-02 "export DOCKER_CONFIG=\$(mktemp -d) && echo '$REGISTRY_PASSWORD' |
    docker login --username '$REGISTRY_USER' --password-stdin '$REGISTRY' && docker pull --quiet '$REGISTRY/heatwave/databasus:sandbox' &&
    rm -r \"\$DOCKER_CONFIG\"" >>"$log" 2>&1
  note 'bin/databasus starts the backups, past the deploy file'
  "$app/bin/databasus" -F "$SANDBOX_SSH_CONFIG" >>"$log"
}

deploy_with_jobs() {
  chapter '2. A deploy while people ask and jobs flow'
  flow_starts deploy 40 5 10 20
  commit 'Something new'
  second=$version
  run longshore deploy production
  check 'deploy succeeds' exits 0
  flow_ends
  check 'no request was lost' exits 0
  check 'every job is done' within 30 all_jobs_are_done
  check 'none is missing' no_job_is_missing </dev/null
  check 'and none was begun twice' counts jobs.startedTwice 0
  check 'the old worker was quieted first: it took no job once the new one had begun' one_worker_after_the_other
  check 'and post-deploy has cleared the marker' test -z "$(on dal-01 'ls .kamal/*-quiet 2>/dev/null')"
}

all_jobs_are_done() { counts jobs.queued 0 && counts jobs.inHand 0; }

one_worker_after_the_other() {
  on dal-01 docker logs "heatwave-sidekiq-$first" 2>&1 | grep -qF 'is quiet' &&
    [ "$(sql dal-01 heatwave-postgres "SELECT max(started_at) FILTER (WHERE worker LIKE \$\$%$first%\$\$)
      < min(started_at) FILTER (WHERE worker LIKE \$\$%$second%\$\$) FROM attempts")" = t ]
}

replace_accessories() {
  chapter '3. Accessories are made anew, and lose nothing'
  note '10,000 jobs wait in valkey-queue, and more come'
  ask POST '/jobs?id=many&count=10000&milliseconds=5' >>"$log"
  flow_starts reboot 0 0 40
  run longshore accessory reboot valkey-queue
  check 'the queue has a new container' exits 0
  check 'how long it was away is printed' said 'down for'
  local away
  away=$(sed -n 's/.*\(down for .*\)/\1/p' "$output")
  flow_ends
  note "the queue was $away, and this is what it cost: $(sed -n 's/.*, //p' "$output" | head -1) of what was enqueued"
  check 'every job that was acknowledged is there' no_job_is_missing < <(seq -f 'many-%.0f' 10000)
  check 'and none was begun twice' counts jobs.startedTwice 0
  on dal-01 docker exec heatwave-valkey-queue valkey-cli DEL queue >>"$log"

  local old_build
  old_build=$(sql dal-01 heatwave-postgres 'SHOW server_version')
  image_of_postgres 15-bookworm-security
  run longshore accessory upgrade postgres-replica --quiet
  check 'the standby has a later build of PostgreSQL' exits 0
  flow_starts upgrade 0 10 0
  run longshore accessory upgrade postgres
  check 'and so has the primary' exits 0
  writes upgraded >>"$log"
  flow_ends
  check "$old_build became $(sql dal-01 heatwave-postgres 'SHOW server_version')" \
    test "$old_build" != "$(sql dal-01 heatwave-postgres 'SHOW server_version')"
  check 'every row that was acknowledged is there' no_row_is_missing
  check 'the standby follows' within 20 guard chi-02 heatwave-postgres-replica 'a standby, streaming'

  note 'a build that writes into the data directory, and only then fails'
  flow_starts broken 0 10 0
  image_of_postgres 15-broken
  run longshore accessory upgrade postgres
  check 'it exits with 6: a person has to decide' exits 6
  check 'both containers are kept, and neither runs' \
    test "$(on dal-01 "docker ps -aq --filter name=heatwave-postgres --filter status=exited" | wc -l)" = 2
  note 'the two commands, typed as they were printed'
  typed_as_printed
  check 'the old one takes writes again' writes back
  flow_ends
  check 'every row that was acknowledged is there' no_row_is_missing
  image_of_postgres 15-bookworm-security
}

image_of_postgres() {
  edit config/deploy.yml "s#/postgres:15-.*#/postgres:$1#"
  commit "PostgreSQL from $1"
}

typed_as_printed() {
  sed -n 's/^ *\(ssh .* docker .*\)/\1/p' "$output" >"$demo_dir/printed"
  check 'two commands were printed' test "$(wc -l <"$demo_dir/printed")" = 2
  while read -r command; do
    printf '%s$ %s%s\n' "$cyan" "$command" "$plain"
    sh -c "$command" </dev/null >>"$log" 2>&1 || true
  done <"$demo_dir/printed"
}

staging_beside() {
  chapter '4. Production goes back after five deploys of staging'
  local number
  for number in 1 2 3 4 5; do
    commit "Tried on staging, $number"
    run longshore deploy staging --quiet
    check "deploy $number of staging" exits 0
  done
  run longshore rollback -d production
  check "production goes back to $(short "$first")" exits 0
  check 'which answers' answers "$first"
}

answers() { ask GET / | grep -qF "heatwave $1,"; }
