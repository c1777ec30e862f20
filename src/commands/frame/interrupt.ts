import { writeSync } from 'node:fs';
import type { Emit, Event } from '../../execute/events.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** Hears what happens, to know what an end at once would leave behind. */
  see(event: Event): void;
  /** Stops listening. */
  stop(): void;
}

/**
 * Ctrl-C, or a polite kill. The first lets the step in hand finish, the second leaves at once with 130 and says what may be left.
 * Where nothing changes there is no step to finish, and the first one leaves; what only runs there for us is ended, without a word.
 */
export function listenForInterrupts({
  emit,
  changes,
}: {
  emit: Emit;
  changes: boolean | 'what-runs-there';
}): Interruption {
  const controller = new AbortController();
  let hasBegun = false;
  const onSignal = () => {
    if (!changes || (changes === 'what-runs-there' && controller.signal.aborted)) process.exit(130);
    if (controller.signal.aborted) {
      // Whoever drew on the terminal cannot tidy up any more.
      writeSync(process.stderr.fd, `${process.stderr.isTTY ? '\n\u001B[?25h' : ''}${farewell(hasBegun)}\n`);
      process.exit(130);
    }
    if (changes === true)
      emit({ type: 'warning', text: 'finishing the step in hand… (once more leaves at once, as things are)' });
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    see(event) {
      hasBegun ||= event.type === 'plan-started';
    },
    stop() {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}

function farewell(hasBegun: boolean): string {
  if (!hasBegun)
    return 'left at once; no step on a machine had begun, and a lock of this run runs out by itself in 15 s';
  return [
    'left at once: what was begun may be half done, and nothing was brought back',
    '→ `longshore status` shows what serves. The same command again finishes it, once this run’s lock has run out (15 s).',
  ].join('\n');
}
