import { randomBytes } from 'node:crypto';
import { Failure, messageOf } from '../errors.ts';
import { mostOutputBytes, outputVariable } from '../hooks/output.ts';
import { lineReader } from '../processes/lines.ts';
import { quote } from '../processes/quote.ts';
import type { Connection } from './connection.ts';
import type { ScriptRun } from './host.ts';
import { stampFunction } from './roster.ts';
import { printText } from './shell.ts';

/** Between TERM and KILL. */
const graceSeconds = 10;
/** Of a fifth of a second, or of a second where nothing shorter can be slept. */
const earlierTries = (graceSeconds + 10) * 5;
/** How long the machine may take to say that a script is gone, after its time or its end was said. */
const farewellSeconds = graceSeconds + 15;

/**
 * Runs a script on a channel of its own. The wrapper's stdin is the lifeline: closing it ends the script's whole process group,
 * and so does the end of the connection. @throws Failure `timed-out`, `interrupted` or `connection-lost`
 */
export async function runScript(connection: Connection, run: ScriptRun): Promise<number> {
  const mark = `longshore-${randomBytes(12).toString('hex')}`;
  const { name } = connection;
  return connection.call(`run ${run.name}`, run.timeoutSeconds + farewellSeconds + 30, async () => {
    const channel = await connection.exec('exec sh', 'with-agent').catch((error: unknown) => {
      throw /agent forwarding/.test(messageOf(error)) ? withoutForwarding(name) : error;
    });
    let why: Failure | undefined;
    const end = (failure: Failure) => {
      why ??= failure;
      channel.end();
    };
    const timer = setTimeout(
      () =>
        end(new Failure('timed-out', `${name}: ${run.name} took longer than ${run.timeoutSeconds} s and was stopped.`)),
      run.timeoutSeconds * 1000,
    );
    const interrupt = () => end(new Failure('interrupted', `${name}: ${run.name} was interrupted and stopped.`));
    run.signal.addEventListener('abort', interrupt, { once: true });
    try {
      const status = new Promise<number>((resolve, reject) => {
        let exitStatus: number | undefined;
        const open = new Set<'stdout' | 'stderr'>(['stdout', 'stderr']);
        const ended = (stream: 'stdout' | 'stderr') =>
          open.delete(stream) && open.size === 0 && resolve(exitStatus ?? 255);
        for (const stream of ['stdout', 'stderr'] as const) {
          const lines = scriptLines(
            mark,
            (line) => run.onLine(line, stream),
            (said) => {
              if (said.startsWith('output ')) return run.onOutput?.(Buffer.from(said.slice(7), 'hex').toString('utf8'));
              exitStatus ??= Number(said);
              ended(stream);
            },
          );
          (stream === 'stdout' ? channel : channel.stderr)
            .setEncoding('utf8')
            .on('data', (text: string) => lines.push(text));
        }
        channel.on('error', () => undefined);
        // sshd ends the channel before the mark only when it ends itself, or somebody killed the wrapper.
        channel.on('close', () => reject(Object.assign(new Error('the script was cut off'), { code: 'ECONNRESET' })));
      });
      channel.write(wrapper(run, mark));
      if (run.signal.aborted) interrupt();
      const exitStatus = await status;
      channel.end();
      if (why !== undefined) throw why;
      return exitStatus;
    } finally {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', interrupt);
    }
  });
}

function withoutForwarding(name: string): Failure {
  return new Failure('hook-failed', `${name}: its sshd does not take this machine's ssh agent.`, {
    hint: 'Allow it there (AllowAgentForwarding yes), or take ssh.forward_agent out of deploy.yml.',
  });
}

/**
 * Lines of one stream until the mark, which follows a newline that is not the script's own: after a script whose last line was ended
 * it makes an empty one, so only empty lines wait for what comes next.
 */
function scriptLines(mark: string, onLine: (line: string) => void, onSaid: (text: string) => void) {
  let heldEmptyLine = false;
  let isOver = false;
  let hasBegun = false;
  return lineReader((line) => {
    if (isOver) return;
    if (line === mark) {
      hasBegun = true;
    } else if (line.startsWith(`${mark} `)) {
      const said = line.slice(mark.length + 1);
      isOver = !said.startsWith('output ');
      heldEmptyLine = false;
      onSaid(said);
    } else if (hasBegun) {
      if (heldEmptyLine) onLine('');
      heldEmptyLine = line === '';
      if (!heldEmptyLine) onLine(line);
    }
  });
}

/**
 * Everything the script needs travels in this text, over stdin: no argv on the machine ever shows it. The environment's file is
 * gone before the script's first line runs.
 */
function wrapper(run: ScriptRun, mark: string): string {
  const file = run.name.replaceAll(/[^A-Za-z0-9._-]/g, '-');
  const variables = Object.entries({ ...run.env, ...run.secretEnv });
  const exports = variables.map(([name, value]) => `export ${checked(name)}=${quote(value)}\n`).join('');
  const output = run.onOutput === undefined ? '' : ` export ${outputVariable}="$1/output";`;
  // In braces, so that the shell has read all of it before the rest of its stdin becomes the lifeline.
  return `{
trap : HUP PIPE
exec 3<&0 </dev/null
printf '\\n${mark}\\n'; printf '\\n${mark}\\n' >&2
say() { printf '\\n${mark} %s\\n' "$1"; printf '\\n${mark} %s\\n' "$1" >&2; exit 0; }
home=$PWD
umask_before=$(umask)
umask 077
mkdir -p .kamal && dir=$(mktemp -d "$home/.kamal/run.XXXXXXXXXX") || say 126
${stampFunction}
${run.start === undefined ? ':' : `echo ${quote(run.start)} >"$dir/start"`}
echo "$PPID $(stamp $PPID) $$ $(stamp $$)" >"$dir/by"
${run.start === undefined ? ':' : endEarlierStart}
{
${printText(exports)}} >"$dir/env" && {
${printText(run.script)}} >"$dir/${file}" && chmod 700 "$dir/${file}" || { rm -rf "$dir"; say 126; }
umask "$umask_before"
if command -v setsid >/dev/null 2>&1; then group=-; own=setsid; else group=; own=; fi
$own sh -c '. "$1/env"; rm -f "$1/env";${output} exec "$1/$2"' sh "$dir" ${file} 3<&- &
script=$!
${run.start === undefined ? ':' : 'echo "$script $(stamp "$script")" >"$dir/script"'}
stop() { kill -TERM "$group$script" 2>/dev/null || return 0; sleep ${graceSeconds}; kill -KILL "$group$script" 2>/dev/null; }
{ cat <&3; stop; } >/dev/null 2>&1 &
lifeline=$!
{ sleep ${Math.ceil(run.timeoutSeconds) + 15} & sleeper=$!; trap 'kill "$sleeper" 2>/dev/null; exit' TERM; wait "$sleeper"; stop; } >/dev/null 2>&1 3<&- &
limit=$!
while :; do
  wait "$script"; status=$?
  kill -0 "$script" 2>/dev/null || break
done
kill -TERM "$limit" 2>/dev/null
[ ! -s "$dir/output" ] || printf '\\n${mark} output %s\\n' "$(dd if="$dir/output" bs=${mostOutputBytes} count=1 2>/dev/null | od -An -v -tx1 | tr -d ' \\n')"
rm -rf "$dir"
say "$status"
}
`;
}

/**
 * A start whose connection was lost is being ended, by its lifeline or by us where its sshd has not noticed yet: the next one begins when
 * nothing of it is at work any more.
 */
const endEarlierStart = `isAt() { { read -r process since <"$1"; } 2>/dev/null && [ -n "$since" ] && [ "$(stamp "$process")" = "$since" ]; }
for other in "$home"/.kamal/run.*; do
  [ "$other" != "$dir" ] && [ "$(cat "$other/start" 2>/dev/null)" = "$(cat "$dir/start")" ] || continue
  { read -r connection since wrapper begun <"$other/by"; } 2>/dev/null || continue
  [ "$connection" = $PPID ] || [ "$(stamp "$connection")" != "$since" ] || kill -TERM "$connection" 2>/dev/null
  echo "$wrapper $begun" >"$dir/earlier"
  { read -r first <"$other/script"; } 2>/dev/null && echo "$first" >"$dir/earlier-script"
  tries=${earlierTries}
  while isAt "$dir/earlier" || isAt "$dir/earlier-script"; do
    [ $tries -gt 0 ] || { rm -rf "$dir"; echo 'its first start, of which nobody heard any more, is still at work' >&2; say 126; }
    tries=$((tries - 1))
    sleep 0.2 2>/dev/null || sleep 1
  done
  rm -rf "$other"
done
rm -f "$dir/earlier" "$dir/earlier-script"`;

function checked(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new Failure('hook-failed', `${JSON.stringify(name)} is no name for a shell variable.`);
}
