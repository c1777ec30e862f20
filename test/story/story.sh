# First light: deploy, watch, break and roll back a real app on real machines. Sourced by bin/demo.
# shellcheck shell=bash

story() {
  chapter '1. Empty machines, one of them without Docker: setup'
  app_starts
  local first=$version
  run longshore setup production
  check 'setup succeeds' exits 0
  check 'it installed Docker on the machine that had only sshd' said 'Docker was installed on 100.64.77.13'
  check "both machines serve $(short "$first")" serve "$first"
  check 'web runs on both machines, the worker on the first' run_only "$first"

  chapter '2. A new commit, deployed under load'
  commit 'Greet more warmly'
  local second=$version
  load_starts 3500 300
  run longshore deploy production
  check 'deploy succeeds' exits 0
  load_ends
  check 'every request was answered by one version or the other, none was lost' exits 0
  check 'both versions answered while it went on' said "× $(short "$first")" "× $(short "$second")"
  check "both machines serve $(short "$second"), and the old containers are stopped" serves_alone "$second"

  chapter '3. Four broken commits, still under load'
  load_starts 7500 150
  edit web.js "s/response.end('OK/response.writeHead(503).end('no database/"
  broken 'Never gets healthy' '100.64.77.13 web' 'its health check answers 503' 'unexpected status (503)' 'listens on 3000'
  prepend web.js "throw new Error('SESSION_KEY is not set');"
  broken 'Crashes at its start' '100.64.77.13 web' 'it crashed with status 1' 'SESSION_KEY is not set'
  prepend web.js "if (process.env.KAMAL_HOST === '100.64.77.13') throw new Error('no licence for this machine');"
  broken 'Fails on the second machine only' '100.64.77.13 web' 'no licence for this machine'
  edit worker.js "s/^const ticking/setTimeout(() => { console.error('the queue is gone'); process.exit(1); }, 3000);\nconst ticking/"
  broken 'The worker exits after three seconds' '100.64.77.11 worker' 'it crashed with status 1' 'the queue is gone'
  load_ends
  check 'no request was lost through all four' exits 0

  chapter '4. Back, and to and fro'
  local before
  before=$(container_id dal-01 "hello-web-$first")
  run longshore rollback -d production
  check "rollback goes to the last good release, past the failed ones: $(short "$first")" exits 0
  check "both machines serve $(short "$first"), and run nothing else" serves_alone "$first"
  check 'the retained container was started as it was' test "$before" = "$(container_id dal-01 "hello-web-$first")"
  run longshore rollback "$(short "$second")" -d production
  check "rollback to $(short "$second"), named by its beginning" exits 0
  check "both machines serve $(short "$second"), and run nothing else" serves_alone "$second"

  chapter '5. What would a deploy do? And has somebody changed something?'
  commit 'Nothing but a new commit'
  local third=$version
  run longshore plan production
  check 'the plan says what would be done, and why' said "create hello-web-$(short "$third")" "traffic goes to hello-web-$(short "$second")"
  run longshore plan production --check
  check 'a newer commit is no drift' exits 0
  run longshore deploy production
  run longshore plan production
  check 'right after a deploy there is nothing to do' said 'Nothing to do.'
  run on dal-01 docker stop "hello-worker-$third"
  run longshore plan production
  check 'the plan says that exactly the worker was stopped' said "start hello-worker-$(short "$third")" 'it is not running: Exited'
  check 'and that nothing else is to be done' lacks 'hello-web'
  run longshore plan production --check
  check 'plan --check exits with 7' exits 7
  run longshore deploy production
  check 'deploy starts it again' exits 0
  check 'all is as it should be' serves_alone "$third"

  chapter '6. What runs where'
  run longshore status production
  check 'status says versions, machines, routes and the lock' \
    said "$(short "$third")" 100.64.77.11 100.64.77.13 worker serves "hello-web-$(short "$third")" 'Nobody holds the deploy lock'

  chapter '7. kill -9 in the middle of a deploy'
  commit 'Deployed in two halves'
  kill_in_the_middle
  run longshore status production
  check 'the dead run still holds the lock' said 'Ann Deployer'
  local began=$SECONDS
  run longshore deploy production
  check 'the next deploy takes the lock over and finishes what was left' exits 0
  check "its lease of 15 s had to run out first: $((SECONDS - began)) s in all" said 'Taking over the lock'
  check "both machines serve $(short "$version"), and run nothing else" serves_alone "$version"
  check 'nobody holds the lock' lock_is_free
}

# broken TEXT SAID…: deploys a commit that cannot work, and mends it.
broken() {
  local text=$1 serving=$second
  shift
  commit "$text"
  run longshore deploy production
  check "it exits with 5 ($text)" exits 5
  check 'it names machine and role, the log, the cause, and what to type next' said "$@" 'likely cause' 'longshore deploy production'
  check "both machines serve $(short "$serving") and run nothing else" serves_alone "$serving"
  check "nothing of $(short "$version") is left, and nobody holds the lock" nothing_left "$version"
  mend
}

serves_alone() { serve "$1" && run_only "$1"; }

nothing_left() { nothing_of "$1" && lock_is_free; }

lacks() { ! said "$1"; }

# Kills the run as soon as the new container is started, before traffic is sent to it.
kill_in_the_middle() {
  local pid
  printf '%s$ longshore deploy production & … kill -9 $!%s\n' "$cyan" "$plain"
  longshore deploy production >"$output" 2>&1 </dev/null 8>&- &
  pid=$!
  for _ in $(seq 300); do
    if grep -qF '] start hello-web-' "$output" || ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.05
  done
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  cat "$output" >>"$log"
  without_tool_output <"$output" | tail -4 | sed 's/^/  /'
  note 'killed'
}
