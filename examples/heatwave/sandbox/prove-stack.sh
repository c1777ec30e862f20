# The containers, as the deploy file has them. Names are a- and b- for the two servers' machines. Sourced by sandbox/prove.

check() {
  local text=$1
  shift
  if "$@" >"$work/check" 2>&1; then
    echo "✔ $text"
  else
    failures=$((failures + 1))
    echo "✘ $text  ($*)"
    tail -5 "$work/check" | sed 's/^/    /'
  fi
}

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

run() {
  local name=$1
  shift
  docker run -d --name "prove-$$-$name" --label "$label" --network "prove-$$" --network-alias "$name" --restart unless-stopped "$@" >/dev/null
}

on() {
  local name=$1
  shift
  docker exec "prove-$$-$name" "$@"
}

guard() { on "$1-postgres" pg-guard "${@:2}"; }

volume() {
  docker volume create --label "$label" "prove-$$-$1" >/dev/null
  echo "prove-$$-$1"
}

# start_postgres a|b primary|standby [TAG]
start_postgres() {
  local peer=b
  [ "$1" = a ] || peer=a
  run "$1-postgres" --shm-size 256m --stop-timeout 120 \
    -e POSTGRES_USER=heatwave -e POSTGRES_DB=heatwave -e POSTGRES_PASSWORD='p w"\1:' \
    -e REPLICATION_PASSWORD='r:e\p' -e PG_HEALTH_PASSWORD=health \
    -e PGDATA=/var/lib/postgresql/data/pgdata -e "PG_NAME=server_$1" -e "PG_PEER=$peer-postgres:5432" -e "PG_FIRST=$2" \
    -v "$example/config/postgres/pg-guard:/usr/local/bin/pg-guard" \
    -v "$example/config/postgres/postgresql.conf:/etc/postgresql/postgresql.conf" \
    -v "$example/config/postgres/pg_hba.conf:/etc/postgresql/pg_hba.conf" \
    -v "$example/config/postgres/roles.sql:/docker-entrypoint-initdb.d/roles.sql" \
    -v "$(volume "$1-data"):/var/lib/postgresql/data" "$registry/postgres:${3:-15-bookworm}" pg-guard start
}

start_around_postgres() {
  local server
  for server in a b; do
    run "$server-pgbouncer" -e DB_HOST="$server-postgres" -e DB_USER=heatwave -e DB_PASSWORD='p w"\1:' -e AUTH_TYPE=scram-sha-256 \
      -e POOL_MODE=session -e LISTEN_PORT=6432 -e SERVER_LOGIN_RETRY=1 -e DNS_MAX_TTL=1 -e DNS_NXDOMAIN_TTL=1 "$registry/pgbouncer:sandbox"
    run "$server-pg-health" -e PGHOST="$server-postgres" -e PGPASSWORD=health "$registry/pg-health:sandbox"
  done
  run haproxy -e BOUNCER_A=a-pgbouncer:6432 -e BOUNCER_B=b-pgbouncer:6432 -e HEALTH_A=a-pg-health:8008 -e HEALTH_B=b-pg-health:8008 \
    -e HAPROXY_STATS_PASSWORD=stats -v "$example/config/haproxy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg" "$registry/haproxy:sandbox"
}

start_queue() {
  run valkey-queue -v "$(volume queue):/data" "$registry/valkey:sandbox" \
    valkey-server --maxmemory-policy noeviction --save '' --appendonly yes --appendfsync everysec
}

make_app_image() {
  cp -R "$example" "$work/app"
  echo prove >"$work/app/REVISION"
  docker build -q -t "prove-$$" --build-arg NODE_IMAGE=registry.test:5000/node:20 "$work/app" >/dev/null
}

# start_app NAME FILE
start_app() {
  run "$1" -e KAMAL_VERSION=prove -e "KAMAL_CONTAINER_NAME=$1" -e DATABASE_HOST=haproxy -e DATABASE_PORT=6433 -e DATABASE_NAME=heatwave \
    -e DATABASE_USER=heatwave -e POSTGRES_PASSWORD='p w"\1:' -e VALKEY_CACHE_URL=redis://valkey-queue -e VALKEY_SESSIONS_URL=redis://valkey-queue \
    -e VALKEY_QUEUE_URL=redis://valkey-queue "prove-$$" node "$2"
}

# http METHOD PATH, from inside the network; fails unless the status is 2xx.
http() {
  on web node -e "fetch('http://localhost$2',{method:'$1'}).then(async(r)=>{console.log(await r.text());process.exit(r.ok?0:1)}).catch(()=>process.exit(1))"
}

# count FIELD, of GET /counts, such as jobs.finished
count() { http GET /counts | node -pe "JSON.parse(require('fs').readFileSync(0,'utf8')).$1"; }

counts() { [ "$(count "$1")" = "$2" ]; }
