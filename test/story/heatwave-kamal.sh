# The last chapter of the Heatwave story: what Kamal left on the machines is nothing to do. Sourced by bin/demo.
# shellcheck shell=bash

as_kamal_left_it() {
  chapter '8. Both destinations as Kamal leaves them'
  tunnel_closes
  note 'two empty machines again, with the images in the registry'
  machine_is_emptied "$DAL_01_CONTAINER"
  machine_is_emptied "$CHI_02_CONTAINER"
  run longshore build push production --quiet
  check 'production is built' exits 0
  run longshore build push staging --quiet
  check 'staging is built' exits 0
  note 'the commands of `kamal setup`, and of `kamal setup -d staging`'
  kamal_lays_out
  kamal_lays_out staging
  tunnel_opens
  check 'production serves, and writes' writes kamals
  check 'so does staging' within 30 ask POST '/rows?id=kamals' crm.staging.example.com
  check 'the standby streams' within 60 guard chi-02 heatwave-postgres-replica 'chi_02 is a standby, streaming'
  check "so does staging's" within 60 guard dal-01 heatwave-staging-postgres-replica 'staging_b is a standby, streaming'
  check 'no label is of Longshore' no_label_of_ours

  local before destination
  before=$(ids_and_starts)
  check 'all of it is there' test "$(wc -l <<<"$before")" = 32
  for destination in production staging; do
    run longshore plan "$destination" --check
    check "there is nothing to do for $destination" exits 0
    run longshore deploy "$destination" --accessories
    check 'a deploy with accessories succeeds' exits 0
  done
  check 'and every container is the same, and runs since the same moment' test "$before" = "$(ids_and_starts)"
}

machine_is_emptied() {
  docker exec "$1" sh -c 'docker ps -aq | xargs -r docker rm -fv
    docker volume ls -q | xargs -r docker volume rm
    docker network rm kamal
    docker images --format "{{.Repository}}:{{.Tag}}" | grep /example/ | xargs -r docker rmi -f
    rm -rf /home/deploy/.kamal /home/deploy/heatwave*' >>"$log" 2>&1
}

# kamal_lays_out [DESTINATION]: what Kamal 2.12 runs, on each machine in its login shell.
kamal_lays_out() {
  kamals_commands dal-01 "$DAL_01" "$@" &
  local other=$!
  kamals_commands chi-02 "$CHI_02" "$@" || stop "chi-02 could not be laid out; see $log"
  wait "$other" || stop "dal-01 could not be laid out; see $log"
}

kamals_commands() {
  node "$root/test/story/kamal-lays-out.mjs" "$app" "$2" "$(git rev-parse HEAD)" ${3:+"$3"} |
    ssh -F "$SANDBOX_SSH_CONFIG" -o LogLevel=ERROR "$1" bash -eu >>"$log" 2>&1
}

ids_and_starts() {
  local machine
  for machine in dal-01 chi-02; do
    on "$machine" "docker ps -aq --no-trunc | xargs docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' | sort"
  done
}

no_label_of_ours() {
  local machine
  for machine in dal-01 chi-02; do
    # Images of the sandbox have labels of their own.
    ! on "$machine" "docker ps -aq | xargs docker inspect --format '{{json .Config.Labels}}'" |
      grep -oE '"longshore[^"]*"' | grep -v '^"longshore\.sandbox' || return 1
  done
}
