import { Writable } from 'node:stream';
import { lineReader } from '../processes/lines.ts';
import { StringDecoder } from 'node:string_decoder';
import { place } from './lines.ts';
import type { Paint } from './paint.ts';

/** Where the output of a machine's container goes; a new pair each time. */
export type StreamOutput = (host: string, name?: string) => { readonly stdout: Writable; readonly stderr: Writable };

interface Streams<T> {
  readonly stdout: T;
  readonly stderr: T;
}

export interface StreamedLine {
  readonly host: string;
  readonly name?: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** Bytes as they come. */
export function rawOutput(streams: Streams<Writable>): StreamOutput {
  const through = (stream: Writable) =>
    new Writable({ write: (bytes: Buffer, _encoding, done) => void stream.write(bytes, done) });
  return () => ({ stdout: through(streams.stdout), stderr: through(streams.stderr) });
}

/** Whole lines as they come, each behind its machine's name. */
export function linesOutput(streams: Streams<Writable>, paints: Streams<Paint>): StreamOutput {
  const known: string[] = [];
  return (host, name) => {
    const label = place({ host, ...(name === undefined ? {} : { role: name }) });
    if (!known.includes(label)) known.push(label);
    const turn = known.indexOf(label);
    const behind = (stream: 'stdout' | 'stderr') => {
      const colour = (['cyan', 'yellow', 'green'] as const)[turn % 3] ?? 'cyan';
      const prefix = `${paints[stream][colour](label)} `;
      return lineWriter((lines, done) => {
        streams[stream].write(lines.map((line) => `${prefix}${line}\n`).join(''), done);
      });
    };
    return { stdout: behind('stdout'), stderr: behind('stderr') };
  };
}

/** Kept for the end. */
export function collectedOutput(): { output: StreamOutput; lines: readonly StreamedLine[] } {
  const all: StreamedLine[] = [];
  const keep = (stream: StreamedLine['stream'], from: { host: string; name?: string }) =>
    lineWriter((lines, done) => {
      all.push(...lines.map((line) => ({ ...from, stream, line })));
      done();
    });
  return {
    lines: all,
    output: (host, name) => {
      const from = { host, ...(name === undefined ? {} : { name }) };
      return { stdout: keep('stdout', from), stderr: keep('stderr', from) };
    },
  };
}

function lineWriter(write: (lines: readonly string[], done: (error?: Error | null) => void) => void): Writable {
  const decoder = new StringDecoder('utf8');
  let lines: string[] = [];
  const reader = lineReader((line) => lines.push(line));
  const hand = (done: (error?: Error | null) => void) => {
    const ready = lines;
    lines = [];
    if (ready.length === 0) done();
    else write(ready, done);
  };
  return new Writable({
    write(bytes: Buffer, _encoding, done) {
      reader.push(decoder.write(bytes));
      hand(done);
    },
    final(done) {
      reader.push(decoder.end());
      reader.end();
      hand(done);
    },
  });
}
