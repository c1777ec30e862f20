# The queue and the workers. Sourced by sandbox/prove.

prove_jobs() {
  start_app worker-1 worker.js
  check 'a worker does the jobs' jobs_are_done quick 50
  check 'none was started twice' counts jobs.startedTwice 0

  http POST '/jobs?id=quiet&count=20&milliseconds=300' >/dev/null
  within 20 counts jobs.inHand 1
  docker kill --signal TSTP "prove-$$-worker-1" >/dev/null
  check 'TSTP: it finishes the job in hand' within 5 counts jobs.inHand 0
  local queued
  queued=$(count jobs.queued)
  sleep 2
  check "and takes no other: $queued wait" test "$(count jobs.queued)" = "$queued" -a "$queued" -gt 0
  start_app worker-2 worker.js
  docker stop -t 30 "prove-$$-worker-1" >/dev/null
  check 'TERM: it ends with status 0' test "$(docker inspect --format '{{.State.ExitCode}}' "prove-$$-worker-1")" = 0
  check 'the next worker does the rest' within 30 counts jobs.finished 70
  check 'none was started twice' counts jobs.startedTwice 0

  http POST '/jobs?id=term&count=20&milliseconds=300' >/dev/null
  within 10 counts jobs.inHand 1
  docker stop -t 30 "prove-$$-worker-2" >/dev/null
  start_app worker-3 worker.js
  check 'TERM without TSTP loses none either' within 30 counts jobs.finished 90
  check 'nor starts one twice' counts jobs.startedTwice 0

  http POST '/jobs?id=kill&count=10&milliseconds=1000' >/dev/null
  within 10 counts jobs.inHand 1
  docker kill "prove-$$-worker-3" >/dev/null
  start_app worker-4 worker.js
  check 'KILL: the job in hand is found and done again, and counted' within 90 counts jobs.finished 100
  check 'it alone was started twice' counts jobs.startedTwice 1

  http POST '/jobs?id=survive&count=10000&milliseconds=100000' >/dev/null
  docker kill "prove-$$-valkey-queue" >/dev/null
  docker start "prove-$$-valkey-queue" >/dev/null
  check 'the queue is killed with 10,000 jobs in it: all are there afterwards' within 20 all_are_there 10000
}

jobs_are_done() { http POST "/jobs?id=$1&count=$2" && within 30 counts jobs.finished "$2"; }

# In the queue or in hand.
all_are_there() { [ $(($(count jobs.queued) + $(count jobs.inHand))) = "$1" ]; }
