# How the story is told: each command before it runs, what it says, and a verdict after. Sourced by bin/demo.
# shellcheck shell=bash

bold='' dim='' red='' green='' cyan='' plain=''
if [ -z "${NO_COLOR:-}" ] && [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
  bold=$(printf '\033[1m') dim=$(printf '\033[2m') red=$(printf '\033[31m') green=$(printf '\033[32m')
  cyan=$(printf '\033[36m') plain=$(printf '\033[0m')
fi

verdicts=0
failures=0
status=0
summary=''
chapter_name=''
chapter_started=0

chapter() {
  end_chapter
  chapter_name=$1
  chapter_started=$SECONDS
  printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

# Stops the story where it went wrong, so that the machines can be looked at as they are.
end_chapter() {
  [ -n "$chapter_name" ] || return 0
  summary="$summary$(printf '%5s s  %s' "$((SECONDS - chapter_started))" "$chapter_name")"$'\n'
  chapter_name=''
  [ "$failures" = 0 ] || the_end
}

the_end() {
  [ -z "$chapter_name" ] || end_chapter
  printf '\n%sTimes%s\n%s%5s s  in all\n\n' "$bold" "$plain" "$summary" "$SECONDS"
  if [ "$failures" = 0 ]; then
    printf '%s✔ %s checks, all good.%s\n' "$green" "$verdicts" "$plain"
  else
    printf '%s✘ %s of %s checks failed.%s All output: %s\n' "$red" "$failures" "$verdicts" "$plain" "$log"
  fi
  printf '%sThe machines still run: %s up says how to use them, %s down removes them.%s\n' "$dim" "$0${played:+ $played}" "$0" "$plain"
  [ "$failures" = 0 ] || exit 1
  exit 0
}

note() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; }

# Shows a command, runs it, and keeps what it said in $output and its exit status in $status.
run() {
  printf '%s$ %s%s\n' "$cyan" "$*" "$plain"
  printf '\n$ %s\n' "$*" >>"$log"
  set +e
  if [ -n "$green" ]; then export FORCE_COLOR=1; fi
  "$@" 2>&1 </dev/null | tee "$output.coloured" | without_tool_output | sed 's/^/  /'
  status=${PIPESTATUS[0]}
  set -e
  sed "s/$(printf '\033')\\[[0-9;]*m//g" "$output.coloured" >"$output"
  cat "$output" >>"$log"
}

# What docker and apt-get say themselves is in the log only.
without_tool_output() { grep -v -E '^\[this machine build\] \||^install Docker on [^ ]+ \|' || true; }

# check TEXT COMMAND…: a verdict, good when the command succeeds.
check() {
  local text=$1
  shift
  verdicts=$((verdicts + 1))
  if "$@" >>"$log" 2>&1; then
    printf '%s✔%s %s\n' "$green" "$plain" "$text"
  else
    failures=$((failures + 1))
    printf '%s✘ %s%s  (%s)\n' "$red" "$text" "$plain" "$*"
  fi
}

exits() { [ "$status" = "$1" ]; }

# Whether the last command said all of these.
said() {
  local text
  for text in "$@"; do grep -qF -- "$text" "$output" || return 1; done
}
