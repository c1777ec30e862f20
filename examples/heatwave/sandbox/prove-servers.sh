# Replication, promotion and the fence. Sourced by sandbox/prove.

prove_servers() {
  start_postgres a primary
  start_postgres b standby
  start_around_postgres
  start_queue
  check 'an empty primary and an empty standby become a replicating pair' within 60 is b 'standby, streaming'
  [ "$failures" = 0 ] || return 0
  start_app web web.js
  check 'rows are written through haproxy and pgbouncer' within 30 http POST '/rows?id=first'
  check 'they are on the standby' within 10 has b rows 1
  check 'pg-health says 200 beside the primary and 503 beside the standby' test "$(health a) $(health b)" = '200 503'
  watch_writability
  prove_stop_and_promotion
  prove_return_of_the_primary
  prove_switchover
  prove_partition
  prove_builds
  check 'at no moment did both servers take writes' nobody_saw_two
  check 'every row that was acknowledged is there' all_rows_are_there
}

prove_stop_and_promotion() {
  docker stop "prove-$$-a-postgres" >/dev/null
  check 'the primary is stopped, and the standby is promoted' guard b promote
  check 'writes go to it through the same haproxy' within 10 http POST '/rows?id=after-promotion'
}

prove_return_of_the_primary() {
  docker start "prove-$$-a-postgres" >/dev/null
  check 'the old primary comes back and stays closed' within 15 logged a 'fenced: b-postgres:5432 is the primary'
  check 'and is not to be opened by hand' refuses guard a open-alone
  check 'writes go on' within 5 http POST '/rows?id=after-return'
  check 'it is rebuilt as the standby' guard a rebuild
  check 'and follows' within 20 is a 'standby, streaming'
  check 'its old data is kept' on a-postgres sh -c 'ls -d /var/lib/postgresql/data/before-*'
  check 'all rows are on it' within 10 has a rows 3
}

# Both servers run: the primary closes before the standby opens, and nothing is lost.
prove_switchover() {
  load_starts switchover
  check 'a hundred rows and more are written, and more all the time' within 30 acknowledged 100
  check 'the standby is promoted beside a primary that runs' guard a promote
  check 'that one closed itself' within 5 logged b 'closing: a-postgres:5432 is being promoted'
  check 'writes go to the new one' within 10 http POST '/rows?id=after-switchover'
  load_ends
  check 'the other is rebuilt' guard b rebuild
  check 'and follows' within 20 is b 'standby, streaming'
  check 'a server that closed has nothing that the other lacks' has_all_of_load
}

# The machines do not see each other: the primary goes on, the standby cannot be promoted by mistake.
prove_partition() {
  docker network disconnect "prove-$$" "prove-$$-b-postgres"
  check 'a standby that cannot see its primary is not promoted' refuses guard b promote
  check 'the primary takes writes without it' within 5 http POST '/rows?id=alone'
  docker restart "prove-$$-a-postgres" >/dev/null
  check 'restarted while it cannot ask the other one, it stays closed' within 15 logged a 'and may have been promoted'
  check 'until a person opens it' guard a open-alone
  check 'then it takes writes' within 15 http POST '/rows?id=opened-by-hand'
  docker kill "prove-$$-a-postgres" >/dev/null
  check 'it is off, and its standby is promoted by somebody who says so' guard b promote --primary-is-off
  docker start "prove-$$-a-postgres" >/dev/null
  check 'it comes back without seeing the other: closed' within 15 logged_since_start a 'and may have been promoted'
  docker network connect --alias b-postgres "prove-$$" "prove-$$-b-postgres"
  check 'it sees it: fenced' within 20 logged_since_start a 'fenced: b-postgres:5432 is the primary'
  check 'writes go on' within 10 http POST '/rows?id=after-partition'
}

# The server's container is replaced, on the same data: by another build, by one that breaks, and by the first one again.
prove_builds() {
  replace_postgres 15-bookworm-security
  check 'another build of the server opens the same data' within 20 http POST '/rows?id=after-upgrade'
  check "its version is another: $version, then $(on b-postgres postgres --version)" test "$version" != "$(on b-postgres postgres --version)"
  replace_postgres 15-broken
  check 'a build that writes into the data and then fails ends' within 20 logged b 'the migration of the data directory failed'
  check 'it has written' on_data test -s pgdata/half-migrated
  replace_postgres 15-bookworm
  check 'the first build comes back' within 20 http POST '/rows?id=after-broken'
  check 'with every row' all_rows_are_there
}

replace_postgres() {
  version=$(on b-postgres postgres --version)
  docker stop "prove-$$-b-postgres" >/dev/null
  docker rm "prove-$$-b-postgres" >/dev/null
  start_postgres b standby "$1"
}

on_data() { docker run --rm -v "prove-$$-b-data:/data" -w /data --entrypoint "$1" "$registry/postgres:15-bookworm" "${@:2}"; }

is() { guard "$1" state | head -1 | grep -q "$2"; }

sql() { on "$1-postgres" psql -XqtA -U heatwave -d heatwave -c "$2"; }

has() { [ "$(sql "$1" "SELECT count(*) FROM $2")" = "$3" ]; }

health() { on web node -e "fetch('http://$1-pg-health:8008/').then((r)=>console.log(r.status))"; }

logged() { docker logs "prove-$$-$1-postgres" 2>&1 | grep -q "$2"; }

logged_since_start() {
  docker logs --since "$(docker inspect --format '{{.State.StartedAt}}' "prove-$$-$1-postgres")" "prove-$$-$1-postgres" 2>&1 | grep -q "$2"
}

refuses() { ! "$@"; }

# Writes to both servers, past everything, as fast as they answer; both in one go is two servers that take writes.
watch_writability() {
  local server
  for server in a b; do
    (
      while :; do
        began=$(date +%s%N)
        if [ "$(on "$server-postgres" psql -XqtA "host=127.0.0.1 connect_timeout=1 user=health_check dbname=postgres password=health" \
          -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; then
          echo "$began $(date +%s%N) $server"
        fi
        sleep 0.1
      done
    ) >"$work/open-$server" 2>/dev/null &
    watchers="$watchers $!"
  done
}

# A server is open from an answer's beginning to the end of the next one in a row; no such spans of the two may overlap.
nobody_saw_two() {
  # shellcheck disable=SC2086 # one word per process
  kill $watchers
  watchers=''
  sort -n "$work/open-a" "$work/open-b" | awk '
    { if (last != "" && $3 != last && $1 < end) { print "both at " $1; bad = 1 } ; if ($2 > end || $3 != last) end = $2; last = $3; n[$3]++ }
    END { print n["a"] " answers of a, " n["b"] " of b"; exit bad || n["a"] < 20 || n["b"] < 20 }'
}

# One row after the other, each again until it is acknowledged; those that were are in the file.
load_starts() {
  on web node -e "(async () => {
    for (let number = 0; !require('fs').existsSync('/tmp/enough'); ) {
      const answer = await fetch('http://localhost/rows?id=$1-' + number, { method: 'POST' });
      if (answer.status === 201) console.log('$1-' + number++);
    }
  })()" >"$work/acknowledged" &
  load=$!
}

acknowledged() { [ "$(wc -l <"$work/acknowledged")" -gt "$1" ]; }

load_ends() {
  on web touch /tmp/enough
  wait "$load" || true
}

has_all_of_load() {
  sql a "SELECT id FROM rows" | sort >"$work/rows"
  [ -z "$(sort "$work/acknowledged" | comm -23 - "$work/rows")" ]
}

all_rows_are_there() {
  sql b 'SELECT id FROM rows' | sort >"$work/rows"
  # Those of the time alone were never on the server that was promoted while it could not see the other: said in README.md.
  { cat "$work/acknowledged" && printf '%s\n' first after-promotion after-return after-switchover after-partition; } | sort |
    comm -23 - "$work/rows" | { ! grep .; }
}
