import { randomBytes } from 'node:crypto';
import { Failure } from '../errors.ts';
import { quote } from '../processes/quote.ts';
import type { LockAnswer, LockRelease, LockRequest } from './host.ts';
import { clockFunctions, encodeDetails, leaseFile, parseHolder, showHolder } from './lock-holder.ts';
import { leaveLineScript, lineFunctions, type LineRequest, noLine, parsePlace } from './lock-line.ts';
import { leaveRoster, parseSeat, rosterFunctions, takeSeat } from './roster.ts';
import { hereDocument, type Shell } from './shell.ts';

/**
 * Kamal's lock: a directory that only one can make, with `details` inside. Our lease lies beside them in a file of three lines,
 * owner token, seconds and the time of its renewal by the machine's clock; Kamal removes it with the directory.
 */
export interface HostLock {
  acquire(request: LockRequest): Promise<LockAnswer>;
  takeOver(request: LockRequest): Promise<LockAnswer>;
  look(request: LockRequest): Promise<LockAnswer>;
  leaveLine(line: Pick<LineRequest, 'directory' | 'token'>): Promise<void>;
  refresh(directory: string, ownerToken: string): Promise<boolean>;
  release(request: LockRelease): Promise<boolean>;
}

export function hostLock(shell: Shell, hostName: string): HostLock {
  const answer = (text: string): LockAnswer => {
    const [word, ...facts] = text.trim().split('\n');
    const seat = parseSeat(facts);
    if (word === 'taken') return { taken: true, ...(seat === undefined ? {} : { seat }) };
    const place = parsePlace(facts);
    const holder = parseHolder(facts) ?? { details: '' };
    if (word === 'held') return { taken: false, holder, ...(place === undefined ? {} : { place }) };
    throw new Failure('host-command-failed', `${hostName}: the lock answered ${JSON.stringify(text)}.`);
  };
  return {
    acquire: async (request) => answer(await shell.askAtOnce('take the lock', acquireScript(request, takeIt(request)))),
    look: async (request) => answer(await shell.ask('look at the lock', acquireScript(request, onlyLook))),
    leaveLine: async (line) => void (await shell.ask('leave the line for the lock', leaveLineScript(line))),
    takeOver: async (request) => answer(await shell.ask('take over the lock', takeOverScript(request))),
    refresh: async (directory, ownerToken) =>
      (await shell.ask('renew the lock', refreshScript(directory, ownerToken))).trim() === 'renewed',
    release: async (request) => (await shell.ask('give back the lock', releaseScript(request))).trim() === 'released',
  };
}

/**
 * Says `taken`, or `held` and by whom. What `mkdir` says is never understood: it differs by system and language. A directory that
 * has vanished by the time it is looked at is tried again, and one that is empty is given a moment, as its maker may be writing.
 */
function acquireScript({ directory, line, details }: LockRequest, way: string): string {
  const parent = directory.includes('/') ? directory.slice(0, directory.lastIndexOf('/')) : '.';
  return `lock=${quote(directory)}
mkdir -p ${quote(parent)} || exit 1
${clockFunctions}
holder() {
${showHolder}
}
${line === undefined ? noLine : lineFunctions(line, details)}
[ "$ahead" -eq 0 ] || { say "$(holder)"; exit 0; }
${way}`;
}

const onlyLook = `held=$(holder)
if [ "$held" = free ]; then leave; echo taken; else say "$held"; fi`;

function takeIt(request: LockRequest): string {
  const { lease } = request;
  return `for attempt in 1 2 3; do
  if why=$(mkdir "$lock" 2>&1); then
    if ${writeLease(lease, '"$lock"')} && cat >"$lock/details" ${hereDocument(encodeDetails(request.details))}
    then
${lease === undefined || request.roster === undefined ? 'echo taken' : takeSeatUnlessOthers(request.roster, lease.ownerToken)}
    else rm -rf "$lock"; echo 'cannot write into the lock directory' >&2; exit 1
    fi
    leave
    exit 0
  fi
  held=$(holder)
  if [ "$held" = 'details ' ] && [ "$attempt" -lt 3 ]; then sleep 1
  elif [ "$held" != free ]; then say "$held"; exit 0
  fi
done
echo "$why" >&2
exit 1`;
}

/** A run whose lock lies on another machine may be at work here: then this one is given back as if it had never been taken. */
function takeSeatUnlessOthers(roster: string, ownerToken: string): string {
  return `${rosterFunctions(roster)}
other=$(showAway ${quote(ownerToken)} '')
if [ -n "$other" ]; then rm -rf "$lock"; say "$other"; exit 0; fi
echo taken
${takeSeat(ownerToken)}`;
}

function writeLease(lease: LockRequest['lease'], directory: string): string {
  if (lease === undefined) return ':';
  return `printf '%s\\n%s\\n%s\\n' ${quote(lease.ownerToken)} ${lease.seconds} "$(now)" >${directory}/${leaseFile}`;
}

/**
 * Takes away a lock whose lease has run out, then takes it as anybody does. Of many that try, one can make `claimed` inside that very
 * directory; it moves the directory aside, and puts it back when the lease was renewed meanwhile after all. The lease is removed
 * before the claim, so a claim that still finds the lease is the first.
 */
function takeOverScript(request: LockRequest): string {
  const aside = `${request.directory}.${randomBytes(6).toString('hex')}`;
  return `lock=${quote(request.directory)} aside=${quote(aside)} start=$PWD
lease() { cat "$1/${leaseFile}" 2>/dev/null; }
removeAside() {
  rm -f "$aside/${leaseFile}"
  rm -rf "$aside" 2>/dev/null || rm -rf "$aside" 2>/dev/null || :
}
${clockFunctions}
takeAway() (
  cd "$lock" 2>/dev/null || return 0
  before=$(lease .)
  [ -n "$before" ] || return 0
  { read -r token; read -r seconds; read -r renewed; } <<END
$before
END
  [ "$(left "$renewed" "$seconds")" -le 0 ] || return 0
  # Whoever claimed it a minute ago and did not go on is dead too.
  [ $(($(date +%s) - $(cat claimed/at 2>/dev/null || date +%s))) -lt 60 ] || rm -rf claimed
  mkdir claimed 2>/dev/null || return 0
  date +%s >claimed/at
  [ "$(lease .)" = "$before" ] || { rm -rf claimed; return 0; }
  cd "$start"
  mv "$lock" "$aside" 2>/dev/null || return 0
  if [ -d "$aside/claimed" ] && [ "$(lease "$aside")" = "$before" ]; then removeAside
  elif [ -e "$lock" ]; then removeAside
  else rm -rf "$aside/claimed"; mv "$aside" "$lock"
  fi
)
takeAway
${acquireScript(request, takeIt(request))}`;
}

/** Works from inside the directory: if it is moved aside meanwhile, the new holder's lease is not touched. */
function refreshScript(directory: string, ownerToken: string): string {
  return `lock=${quote(directory)} token=${quote(ownerToken)}
${clockFunctions}
owner() { head -n 1 "$1" 2>/dev/null; }
start=$PWD
cd "$lock" 2>/dev/null || { echo lost; exit 0; }
[ "$(owner ${leaseFile})" = "$token" ] || { echo lost; exit 0; }
seconds=$(sed -n 2p ${leaseFile})
printf '%s\\n%s\\n%s\\n' "$token" "$seconds" "$(now)" >${leaseFile}.new && mv ${leaseFile}.new ${leaseFile} || exit 1
cd "$start"
if [ "$(owner "$lock/${leaseFile}")" = "$token" ]; then echo renewed; else echo lost; fi`;
}

/**
 * Moves the directory aside first, so that no one ever sees a lock without its details. One that this run gave back before is given
 * back: the answer to that was lost.
 */
function releaseScript({ directory, ownerToken, roster, leaves = 'used' }: LockRelease): string {
  const aside = quote(`${directory}.${randomBytes(6).toString('hex')}`);
  const ours = (at: string) =>
    ownerToken === undefined ? ':' : `[ "$(head -n 1 ${at}/${leaseFile} 2>/dev/null)" = ${quote(ownerToken)} ]`;
  return `lock=${quote(directory)} aside=${aside}
${ownerToken === undefined || roster === undefined ? ':' : leaveRoster(roster, ownerToken, leaves)}
[ -d "$lock" ] && ${ours('"$lock"')} || { ${ownerToken === undefined || roster === undefined ? 'echo kept' : sayGiven(roster, ownerToken)}; exit 0; }
${ownerToken === undefined || roster === undefined || leaves === 'unused' ? ':' : noteGiven(roster, ownerToken)}
mv "$lock" "$aside" || exit 1
if ${ours('"$aside"')}; then rm -rf "$aside" && echo released
else mv "$aside" "$lock"; echo kept
fi`;
}

/** The last runs that gave their lock back. */
const givenFile = (roster: string) => quote(`${roster}/given`);

function noteGiven(roster: string, ownerToken: string): string {
  const [given, next] = [givenFile(roster), quote(`${roster}/given.new`)];
  return `{ echo ${quote(ownerToken)}; head -n 9 ${given}; :; } 2>/dev/null >${next} && mv ${next} ${given} || :`;
}

function sayGiven(roster: string, ownerToken: string): string {
  return `if grep -qxF ${quote(ownerToken)} ${givenFile(roster)} 2>/dev/null; then echo released; else echo kept; fi`;
}
