import { Command } from '@oclif/core/command';
import type { Emit } from '../../execute/events.ts';
import type { Run } from '../../pipeline.ts';
import type { Paint } from '../../report/paint.ts';
import { createOutputs } from '../../report/output.ts';
import { noColours, paintFor } from '../../report/paint.ts';
import { createReporter, type ReporterOptions } from '../../report/reporter.ts';
import { askSecret, askYes } from './ask.ts';
import { everywhere } from './flags.ts';
import { listenForInterrupts } from './interrupt.ts';
import { type Given, toRun } from './run.ts';

type Pipeline = typeof import('../../pipeline.ts');

export interface Work<Result, Part = Pipeline> {
  /** Whether machines are changed: Ctrl-C then waits for the step in hand, or ends what runs there for as long as this does. */
  readonly changes: boolean | 'what-runs-there';
  readonly perform: (hands: { pipeline: Part; run: Run; given: Given }) => Promise<Result>;
  /** Undefined: all there is to see has been shown. */
  readonly render: (result: Result, paint: Paint) => string | undefined;
  /** What `--json` prints; absent: the result. */
  readonly json?: (result: Result) => unknown;
  readonly exitStatus?: (result: Result) => number;
}

/** What all commands have in common: flags, progress on stderr, the result on stdout. */
export abstract class LongshoreCommand extends Command {
  static override baseFlags = everywhere;

  /** Parses what was typed, hands it to the pipeline and shows what comes back. */
  protected carryOut<Result>(work: Work<Result>): Promise<void> {
    return this.carryOutWith(() => import('../../pipeline.ts'), work);
  }

  /** The same with a part of the pipeline that starts faster than all of it. */
  protected async carryOutWith<Result, Part>(load: () => Promise<Part>, work: Work<Result, Part>): Promise<void> {
    const given = (await this.parse(this.ctor)) as unknown as Given;
    const { json } = given.flags;
    const command = (this.id ?? '').replaceAll(':', ' ');
    const reporter = createReporter({
      mode: modeFor(given),
      verbose: given.flags.verbose ?? false,
      stream: process.stderr,
      paint: paintFor(process.stderr, process.env),
    });
    const outputs = createOutputs();
    const emit: Emit = (event) => {
      reporter.emit(event);
      outputs.emit(event);
      interruption.see(event);
    };
    const interruption = listenForInterrupts({ emit, changes: work.changes });
    try {
      const run = toRun(given, {
        command,
        typed: ['longshore', ...command.split(' '), ...this.argv],
        env: process.env,
        emit,
        addOutput: outputs.add,
        signal: interruption.signal,
        ...(process.stdin.isTTY && process.stderr.isTTY
          ? { askSecret: (question: string) => reporter.aside(() => askSecret(question)) }
          : {}),
        ...(process.stdin.isTTY && process.stderr.isTTY && !given.flags.confirmed
          ? {
              confirm: (question: string, until?: AbortSignal) => reporter.aside(() => askYes(question, until)),
            }
          : {}),
      });
      const pipeline = await load();
      const result = await work.perform({ pipeline, run, given });
      const exitStatus = work.exitStatus?.(result) ?? 0;
      await outputs.end({ text: work.render(result, noColours) ?? `exit status ${exitStatus}`, exitStatus });
      await reporter.close();
      const text = json
        ? JSON.stringify(work.json === undefined ? result : work.json(result), undefined, 2)
        : work.render(result, paintFor(process.stdout, process.env));
      if (text !== undefined) process.stdout.write(`${text}\n`);
      process.exitCode = exitStatus;
    } catch (thrown) {
      for (const text of await outputs.end({ thrown })) reporter.emit({ type: 'note', text });
      throw thrown;
    } finally {
      await reporter.close();
      interruption.stop();
    }
  }

  /** `start` says what went wrong, in one place for everything. */
  protected override catch(thrown: Error): Promise<never> {
    return Promise.reject(thrown);
  }
}

function modeFor({ flags }: Given): ReporterOptions['mode'] {
  if (flags.json) return 'json';
  if (flags.quiet) return 'quiet';
  if (process.env['GITHUB_ACTIONS'] === 'true') return 'actions';
  const plain =
    flags.verbose ||
    process.env['CI'] ||
    process.env['TERM'] === 'dumb' ||
    !process.stderr.isTTY ||
    !process.stderr.columns;
  return plain ? 'plain' : 'terminal';
}
