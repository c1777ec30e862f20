import { stripVTControlCharacters } from 'node:util';
import type { Event } from '../execute/events.ts';
import { renderFailure } from './failure.ts';
import { linesOf } from './lines.ts';
import { noColours } from './paint.ts';

/** Where everything goes that a command says, besides the screen. */
export interface Output {
  write(line: OutputLine): void;
  /** Resolves when everything written is where it belongs, or cannot get there. */
  end(ended: OutputEnd): Promise<void>;
  /** What to tell the user of a command that failed. */
  readonly whereToLook?: string;
}

export interface OutputLine {
  readonly at: Date;
  /** Plain, one line, without secrets. */
  readonly text: string;
  readonly severity: 'info' | 'warning' | 'error';
  /** The machine it is about. */
  readonly host?: string;
}

export interface OutputEnd {
  readonly exitStatus: number;
  readonly seconds: number;
}

/** How a command ended: with a text for stdout, or with what was thrown. */
export type Conclusion = { readonly text: string; readonly exitStatus: number } | { readonly thrown: unknown };

export interface Outputs {
  add(output: Output, mask: (text: string) => string): void;
  emit(event: Event): void;
  /** Hands over the end and waits until it has arrived. @returns what to tell the user of a command that failed */
  end(conclusion: Conclusion): Promise<string[]>;
}

/** Every event as whole lines, also those that the screen leaves out, for however many outputs there turn out to be. */
export function createOutputs(): Outputs {
  const all: { readonly output: Output; readonly mask: (text: string) => string }[] = [];
  const started = Date.now();
  const write = (text: string, severity: OutputLine['severity'], host?: string) => {
    for (const line of stripVTControlCharacters(text).split(/\r\n|\r|\n/)) {
      for (const { output, mask } of all)
        output.write({ at: new Date(), text: mask(line), severity, ...(host === undefined ? {} : { host }) });
    }
  };
  return {
    add: (output, mask) => void all.push({ output, mask }),
    emit(event) {
      if (all.length === 0) return;
      const host = 'host' in event ? event.host : event.type === 'diagnosis' ? event.diagnosis.host : undefined;
      for (const line of linesOf(event, { verbose: true, paint: noColours })) write(line, severityOf(event), host);
    },
    async end(conclusion) {
      if (all.length === 0) return [];
      const failed = 'thrown' in conclusion;
      write(failed ? renderFailure(conclusion.thrown, noColours) : conclusion.text, failed ? 'error' : 'info');
      const exitStatus = failed ? statusOf(conclusion.thrown) : conclusion.exitStatus;
      const seconds = (Date.now() - started) / 1000;
      await Promise.all(all.map(({ output }) => output.end({ exitStatus, seconds })));
      return failed ? all.flatMap(({ output }) => output.whereToLook ?? []) : [];
    },
  };
}

function severityOf(event: Event): OutputLine['severity'] {
  if (event.type === 'warning') return 'warning';
  if (event.type === 'diagnosis') return 'error';
  return 'outcome' in event && (event.outcome === 'failed' || event.outcome === 'unknown') ? 'error' : 'info';
}

function statusOf(thrown: unknown): number {
  const { exitStatus } = thrown as { exitStatus?: unknown };
  return typeof exitStatus === 'number' ? exitStatus : 1;
}
