import { Failure } from '../errors.ts';
import { quote, quoteAll } from '../processes/quote.ts';
import type { EnlistAnswer, Enlistment, LockElsewhere, Seat } from './enlistment.ts';
import { clockFunctions, encodeDetails, leaseFile, parseHolder, showHolder } from './lock-holder.ts';
import type { Shell } from './shell.ts';

/**
 * Which runs are at work on a machine: a directory with a file for each run that has the lock, `TOKEN.run`, which names the sshd processes
 * of its connections by number and start. Whoever takes over from a run ends them, so that nothing of it arrives any more; what they
 * had begun is counted until it is over. `turn` only rises, by each run that finds nobody else at work: a run whose file is gone may not
 * come back once the turn is a later one. A run that finds another one at work leaves everything as it is.
 */
export async function enlist(shell: Shell, hostName: string, enlistment: Enlistment): Promise<EnlistAnswer> {
  const lines = (await shell.ask('enlist this run', enlistScript(enlistment))).trim().split('\n');
  const [word, count] = lines.at(-1)?.split(' ') ?? [];
  if (word === 'refused') return { accepted: false };
  if (word === 'busy') {
    const other = parseHolder(lines);
    const silent = lines.flatMap((line) => (line.startsWith('silent ') ? line.split(' ').slice(1) : []));
    return {
      ...{ accepted: true, busy: Number(count) },
      ...(other === undefined ? {} : { other }),
      ...(silent.length === 0 ? {} : { silent }),
    };
  }
  throw new Failure('host-command-failed', `${hostName}: the roster answered ${JSON.stringify(lines.join('\n'))}.`);
}

/** Says that this run is here, then looks who else is; only where that is nobody, it is this run's turn. */
function enlistScript({ roster, ownerToken, turn, end, anew, leaves, elsewhere }: Enlistment): string {
  if (leaves !== undefined) return `${leaveRoster(roster, ownerToken, leaves)}\necho busy 0`;
  const own = quote(ownerToken);
  return `${rosterFunctions(roster)}
list ${own} ${turn} ${anew === true ? 'anew' : "''"} || { echo refused; exit 0; }
${elsewhere === undefined ? 'others=' : `${sayElsewhere(ownerToken, elsewhere)}\nothers=$(${showOthers(ownerToken, elsewhere)})`}
if [ -n "$others" ] && [ "$others" != free ]; then printf '%s\\n' "$others"
else
  raise ${own} ${turn}
  endRuns ${quoteAll(end)}
  sweep ${own} ${quote(elsewhere?.host ?? '')}
  ${elsewhere === undefined ? ':' : `showSilent ${own} ${quote(elsewhere.host)}`}
fi
echo "busy $(countBusy)"`;
}

/** A roster that no run had been on before keeps nobody out: it is left behind only where something was changed. */
export function leaveRoster(roster: string, ownerToken: string, leaves: 'used' | 'unused'): string {
  const own = (kind: string) => quote(`${roster}/${ownerToken}.${kind}`);
  const gone = `rm -f ${own('run')} ${own('away')}`;
  if (leaves === 'used') return `${gone} ${own('first')}`;
  return `${gone}
if [ -f ${own('first')} ]; then
  rm -f ${own('first')}
  { read -r last by <${quote(`${roster}/turn`)}; } 2>/dev/null
  [ "$by" != ${quote(ownerToken)} ] || rm -f ${quote(`${roster}/turn`)}
  rmdir -p ${quote(roster)} 2>/dev/null
fi`;
}

/** Before anything is looked at: of two runs that do so one at least sees the other. */
function sayElsewhere(ownerToken: string, { host, details, seconds }: LockElsewhere): string {
  const text = encodeDetails(`${details}\nIts lock lies on ${host}`).replaceAll('\n', '');
  const away = `"$roster/"${quote(ownerToken)}.away`;
  return `${clockFunctions}
printf '%s\\n%s\\n%s\\n%s\\n' ${quote(host)} ${seconds} "$(now)" ${quote(text)} >${away}.new && mv ${away}.new ${away} || exit 1`;
}

/** A lock that lies here, else a run whose lock lies elsewhere. */
function showOthers(ownerToken: string, { host, directory }: LockElsewhere): string {
  return `lock=${quote(directory)}
if [ -d "$lock" ] && [ "$(head -n 1 "$lock/${leaseFile}" 2>/dev/null)" != ${quote(ownerToken)} ]; then
${showHolder}
else showAway ${quote(ownerToken)} ${quote(host)}
fi`;
}

/** Shell functions; after `list` the shell's own connection is on the roster. */
export function rosterFunctions(directory: string): string {
  return `roster=${quote(directory)}
${stampFunction}
readTurn() {
  last=0 by=
  { read -r last by <"$roster/turn"; } 2>/dev/null
  last=\${last:-0}
}
list() {
  mkdir -p "$roster" || exit 1
  [ -f "$roster/turn" ] || : >"$roster/$1.first"
  readTurn
  [ -n "$3" ] || [ -f "$roster/$1.run" ] || [ "$last" -lt "$2" ] || [ "$by" = "$1" ] || { [ -z "$by" ] && [ "$last" -eq "$2" ]; } || return 1
  seat="$PPID $(stamp $PPID)"
  grep -qxF "$seat" "$roster/$1.run" 2>/dev/null || echo "$seat" >>"$roster/$1.run" || exit 1
}
raise() {
  readTurn
  if [ "$last" -lt "$2" ]; then last=$2
  elif [ "$by" != "$1" ]; then last=$((last + 1))
  else return 0
  fi
  echo "$last $1" >"$roster/$1.turn" && mv "$roster/$1.turn" "$roster/turn" || exit 1
}
isLive() {
  while read -r pid started; do
    [ -z "$started" ] || [ "$(stamp "$pid")" != "$started" ] || return 0
  done <"$roster/$1.run"
  return 1
} 2>/dev/null
# Of each run whose lock lies on another machine, but for the one in $1 and those whose lock lies on the machine in $2: what is left of its lease.
aways() {
  for file in "$roster"/*.away; do
    run=\${file##*/} run=\${run%.away}
    { { read -r place && read -r seconds && read -r renewed && read -r text; } <"$file"; } 2>/dev/null || continue
    [ "$run" = "$1" ] || [ "$place" = "$2" ] || echo "$run $seconds $(left "$renewed" "$seconds") $text"
  done
}
# One with time left, whether or not its connection stands: it may be about to come back.
showAway() {
  aways "$1" "$2" | while read -r run seconds rest text; do
    [ "$rest" -gt 0 ] || continue
    echo "details $text"
    echo "lease $run $seconds $rest"
    break
  done
}
showSilent() {
  aways "$1" "$2" | while read -r run seconds rest text; do [ "$rest" -gt 0 ] || echo "silent $run"; done
}
# The processes that a connection has begun are its children until it ends, and what runs a script says by itself whose it is.
childrenOf() {
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    child=\${line%% *}
    set -- "$1" \${line##*) }
    [ "$3" != "$1" ] || echo "$child $(stamp "$child")"
  done
}
endRuns() {
  for run; do
    [ -f "$roster/$run.run" ] || { rm -f "$roster/$run.away"; continue; }
    while read -r pid started; do
      [ -n "$started" ] || continue
      if [ "$(stamp "$pid")" = "$started" ]; then
        childrenOf "$pid" >>"$roster/$run.ended"
        kill -TERM "$pid" 2>/dev/null
        left=20
        while [ $left -gt 0 ] && [ "$(stamp "$pid")" = "$started" ]; do sleep 0.1 2>/dev/null || sleep 1; left=$((left - 1)); done
        [ "$(stamp "$pid")" != "$started" ] || kill -KILL "$pid" 2>/dev/null
      fi
      grep -h "^$pid $started " .kamal/run.*/by 2>/dev/null | while read -r _ _ child; do echo "$child" >>"$roster/$run.ended"; done
    done <"$roster/$run.run"
    [ -f "$roster/$run.ended" ] || : >"$roster/$run.ended"
    rm -f "$roster/$run.run" "$roster/$run.away"
  done
}
# Runs without a connection; of those whose lock lies elsewhere, only a run that is alone says that they are over.
sweep() {
  for file in "$roster"/*.run; do
    [ "$file" != "$roster/$1.run" ] && [ -f "$file" ] || continue
    run=\${file##*/} run=\${run%.run} place=$2
    { read -r place <"$roster/$run.away"; } 2>/dev/null
    [ "$place" != "$2" ] || isLive "$run" || rm -f "$file" "$roster/$run.away"
  done
}
countBusy() {
  busy=0
  for file in "$roster"/*.ended; do
    [ -f "$file" ] || continue
    ofRun=0
    while read -r pid started; do
      [ -z "$started" ] || [ "$(stamp "$pid")" != "$started" ] || ofRun=$((ofRun + 1))
    done <"$file"
    [ $ofRun -gt 0 ] || rm -f "$file"
    busy=$((busy + ofRun))
  done
  echo $busy
}`;
}

/** When a process was started, which tells it from a later one of the same number; nothing when it is not there, or only its name is. */
export const stampFunction = `stamp() {
  { read -r stamped <"/proc/$1/stat"; } 2>/dev/null || return 0
  set -- \${stamped##*) }
  [ "$1" = Z ] || echo "\${20}"
}`;

/** Shell commands that enlist a run which has just taken the lock here, and end those that never gave it back. */
export function takeSeat(ownerToken: string): string {
  return `{ read -r turn by <"$roster/turn"; } 2>/dev/null || turn=$(date +%s)
turn=$((turn + 1))
dead=$(for file in "$roster"/*.run "$roster"/*.ended; do [ -f "$file" ] && file=\${file##*/} && echo "\${file%.*}"; done | grep -vxF ${quote(ownerToken)} | sort -u | tr '\n' ' ')
list ${quote(ownerToken)} "$turn" anew
raise ${quote(ownerToken)} "$turn"
endRuns $dead
echo "turn $turn"
echo "dead $dead"
echo "busy $(countBusy)"`;
}

/** What `takeSeat` printed. */
export function parseSeat(lines: readonly string[]): Seat | undefined {
  const words = (key: string) =>
    lines
      .find((line) => line.startsWith(`${key} `))
      ?.trim()
      .split(' ')
      .slice(1);
  const [turn] = words('turn') ?? [];
  if (turn === undefined) return undefined;
  return { turn: Number(turn), dead: words('dead') ?? [], busy: Number(words('busy')?.[0] ?? 0) };
}
