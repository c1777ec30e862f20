import { quote, quoteAll } from '../processes/quote.ts';
import type { Streamed } from './stream.ts';

/** Between TERM and KILL. */
const graceSeconds = 5;
/** Tells what we started from everything else on a machine, by its value. */
const variable = 'LONGSHORE_STREAM';

interface Marked {
  /** What `docker` is called there. */
  readonly command: string;
  readonly mark: string;
}

/** Says the mark on its outputs, and then becomes what is streamed. */
export function mainScript(
  streamed: Streamed,
  { command, mark, stdin, terminal }: Marked & { readonly stdin: boolean; readonly terminal: boolean },
): string {
  const say = `printf %s ${mark}; ${terminal ? '' : `printf %s ${mark} >&2; `}`;
  switch (streamed.kind) {
    case 'line':
      return `${say}export ${variable}=${mark}; exec "\${SHELL:-sh}" -c ${quote(streamed.line)}`;
    case 'exec': {
      const options = [...(stdin ? ['--interactive'] : []), ...(terminal ? ['--tty'] : [])];
      const words = ['exec', ...options, '--env', `${variable}=${mark}`, streamed.container, ...streamed.words];
      return `${say}exec ${command} ${quoteAll(words)}`;
    }
    case 'start':
      return `${say}exec ${command} ${quoteAll(['start', '--attach', ...(stdin ? ['--interactive'] : []), streamed.container])}`;
    case 'logs': {
      const logs = `${command} ${quoteAll(['logs', ...streamed.options, streamed.container])}`;
      const begin = `${say}export ${variable}=${mark}; `;
      if (streamed.grep === undefined) return `${begin}exec ${logs}`;
      // Found lines are shown at once where grep can do that.
      const atOnce = `at_once=; echo | grep -q --line-buffered '' 2>/dev/null && at_once=--line-buffered; `;
      return `${begin}${atOnce}${logs} 2>&1 | grep $at_once ${quoteAll(streamed.grep)}`;
    }
  }
}

/** Waits on its stdin: a line says that all is over. The end of it without one ends what is streamed. */
export function watchScript(streamed: Streamed, marked: Marked): string {
  return `exec >/dev/null 2>&1; trap : HUP PIPE; if read -r over; then exit 0; fi; ${stopScript(streamed, marked)}`;
}

function stopScript(streamed: Streamed, { command, mark }: Marked): string {
  const ending = quoteAll(['sh', '-c', endMarked, 'sh', mark]);
  const container = streamed.kind === 'line' ? '' : quote(streamed.container);
  switch (streamed.kind) {
    case 'exec':
      // With all of root's rights it sees every user's processes. Where an image has no shell, the machine's own root does.
      return [
        `${command} exec --privileged --user 0 ${container} ${ending}`,
        `${command} exec ${container} ${ending}`,
        `sudo -n ${ending}`,
        ending,
      ].join(' || ');
    case 'start':
      // It may be on its way into existence.
      return `${command} stop -t ${graceSeconds} ${container} || sleep 2; ${command} rm --force --volumes ${container}`;
    case 'line':
    case 'logs':
      return `${ending}; sudo -n ${ending}`;
  }
}

/** TERM, then KILL, to every process that was started with the mark in its environment. */
const endMarked = `
exec 2>/dev/null
marked() {
  for at in /proc/[0-9]*; do
    case "$(cat "$at/environ")" in *"$1"*) printf '%s ' "\${at#/proc/}" ;; esac
  done
}
found=$(marked "$1")
if [ -z "$found" ]; then sleep 1; found=$(marked "$1"); fi
[ -n "$found" ] || exit 0
kill -TERM $found
for turn in ${Array.from({ length: graceSeconds * 5 }, (_, turn) => turn).join(' ')}; do
  found=$(marked "$1")
  [ -n "$found" ] || exit 0
  sleep 0.2
done
kill -KILL $found
exit 0
`;
