import { quote } from '../processes/quote.ts';
import { stampFunction } from './roster.ts';
import type { Asleep, HandOver, Watched } from './watch.ts';

/** Scripts for any POSIX shell. A file is taken by renaming it, which one of many can do. */

/** How long a hand-over waits for a container that is just being put back to work. */
const handOverSeconds = 60;

/** Stands by until its stdin ends or falls silent, and then puts back to work what this token still has. */
export function watchScript(
  docker: string,
  { directory, token, silenceSeconds }: { directory: string; token: string; silenceSeconds: number },
): string {
  return `trap : HUP TERM PIPE
exec 2>/dev/null
directory=${quote(directory)} token=${token}
${functions(docker)}
echo "$token stands"
if timeout 1 true; then limit='timeout ${silenceSeconds}'; else limit=; fi
while $limit sh -c 'read -r word'; do :; done
echo "$token over"
exec >/dev/null
left=${handOverSeconds * 2}
act
# What its last hand-over still has may come back.
while ls "$directory"/*.taken && [ "$left" -gt 0 ]; do
  left=$((left - 1))
  sleep 1
done
act
wait
`;
}

/** What an earlier run had watched is taken from it first; what is just being put back to work is left to that. */
export function overScript(
  docker: string,
  { directory, container, state, role, stopTimeoutSeconds }: Watched,
  { token, seconds }: { token: string; seconds: number },
): string {
  const lines = [state, String(stopTimeoutSeconds ?? ''), role.service, role.role, role.destination];
  return `directory=${quote(directory)} id=${quote(container)}
${functions(docker)}
mkdir -p "$directory" || exit 1
take taken
settle ${seconds}
printf '%s\\n' ${lines.map(quote).join(' ')} >"$directory/.$id.new" || exit 1
rm -f "$directory/$id".*
mv "$directory/.$id.new" "$directory/$id.${state}.${token}"`;
}

/** Says `done`, or `works` when the old one does. `keep`: whose the watch is that goes on until its successor is ready. */
export function handOverScript(docker: string, { directory, from, to }: HandOver, keep: string | undefined): string {
  const start = to === undefined ? ':' : `${docker} start ${quote(to)} >/dev/null`;
  return `directory=${quote(directory)} id=${quote(from)}
${functions(docker)}
take taken
settle ${handOverSeconds}
if [ "$(running)" = true ]; then giveBack taken; echo works
elif ${start}; then ${keep === undefined ? 'rm -f' : 'mv'} "$directory/$id.taken"${keep === undefined ? '' : ` "$directory/$id.working.${keep}"`}; echo done
else giveBack taken; exit 1
fi`;
}

export function wakeScript(
  docker: string,
  { directory, container, stopTimeoutSeconds }: Asleep,
  { seconds }: { seconds: number },
): string {
  const time = stopTimeoutSeconds === undefined ? '' : `-t ${stopTimeoutSeconds}`;
  return `directory=${quote(directory)} id=${quote(container)}
${functions(docker)}
if take waking; then busy; else settle ${seconds}; fi
if [ "$(head -n 1 "$directory/$id.waking" 2>/dev/null)" = quiet ]
then engine restart ${time} "$id" || { giveBack waking; exit 1; }
else engine start "$id" || { giveBack waking; exit 1; }
fi >/dev/null
rm -f "$directory/$id.waking" "$directory/.$id.busy"`;
}

/** Says `waking` while some container is being put back to work; one of which nobody says so is given a moment. */
export function isWakingScript(docker: string, directory: string): string {
  return `directory=${quote(directory)}
${functions(docker)}
for file in "$directory"/*.waking; do
  [ -e "$file" ] || continue
  id=\${file##*/} id=\${id%.waking} silent=0
  while isBusy && [ "$silent" -gt 0 ]; do sleep 1; done
  if isBusy; then echo waking; exit; fi
done
echo idle`;
}

/** They work on the container `$id`. */
function functions(docker: string): string {
  return `engine() { ${docker} "$@"; }
running() { engine inspect --format '{{.State.Running}}' "$id" 2>/dev/null; }
${stampFunction}
busy() { echo "$$ $(stamp $$)" >"$directory/.$id.busy"; }
# Whoever takes the file says so in a moment, or is dead; a machine that was restarted has other processes by these numbers.
isBusy() {
  [ -e "$directory/$id.waking" ] || return 1
  if { read -r process since <"$directory/.$id.busy"; } 2>/dev/null; then
    [ -n "$since" ] && [ "$(stamp "$process")" = "$since" ]
  else
    silent=$((silent + 1))
    [ "$silent" -le 3 ]
  fi
}
settle() {
  turns=$1 silent=0
  while isBusy && [ "$turns" -gt 0 ]; do sleep 1; turns=$((turns - 1)); done
}
take() {
  taken=
  for file in "$directory/$id".quiet.* "$directory/$id".working.*; do
    mv "$file" "$directory/$id.$1" 2>/dev/null && taken=$file
  done
  [ -n "$taken" ]
}
giveBack() { [ -z "$taken" ] || mv "$directory/$id.$1" "$taken"; }
others() {
  engine ps --filter "status=$1" --filter "label=service=$service" --filter "label=role=$role" --format '{{.ID}} {{.Label "destination"}}.' |
    grep " $destination\\.$" | cut -d ' ' -f 1
}
# Beside its successor it is not started; that may be about to stop, and one that never stays up makes room.
alone() {
  left=$((\${seconds:-10} + 5))
  while [ -n "$(others running)" ]; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1))
    sleep 1
  done
  for other in $(others restarting); do engine stop "$other"; done
}
act() {
  for file in "$directory"/*."$token"; do
    id=\${file##*/} id=\${id%%.*}
    mv "$file" "$directory/$id.waking" && { busy; revive & }
  done
}
revive() {
  { read -r state; read -r seconds; read -r service; read -r role; read -r destination; } <"$directory/$id.waking"
  turn=0
  while [ "$turn" -lt 30 ]; do
    case $(running) in
      true) [ "$state" = working ] || engine restart \${seconds:+-t "$seconds"} "$id" ;;
      false) if alone; then engine start "$id"; fi ;;
      # Gone, or was the engine?
      *) engine version && [ -z "$(running)" ] ;;
    esac && { rm -f "$directory/$id.waking" "$directory/.$id.busy"; return; }
    sleep 2
    turn=$((turn + 1))
  done
  # For the next run to see that nobody does it.
  mv "$directory/$id.waking" "$directory/$id.$state.$token" && rm -f "$directory/.$id.busy"
}`;
}
