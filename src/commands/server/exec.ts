import * as Flags from '@oclif/core/flags';
import { Failure } from '../../errors.ts';
import { collectedOutput } from '../../report/streamed.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { handsOn, shownHere } from '../frame/surroundings.ts';

export default class ServerExec extends LongshoreCommand {
  static override summary = 'Run a command on the machines';
  static override usage = 'server exec [-i] [--raw] [--] COMMAND...';
  static override description = `On every machine of the file, side by side, by the shell of the login that deploys; with -i on the primary one, with a terminal.

What is piped in is handed over, and the command's exit status is the one here (of several machines the largest, 128 + n for a signal). Ctrl-C ends it over there too. No lock is taken; the audit log tells who ran what.

Several words are the command as they stand; one word with spaces in it is a line, as one types it there. Longshore's own flags may stand anywhere before --; what follows -- is the command's alone.`;
  static override examples = [
    { description: 'On all machines', command: '<%= config.bin %> server exec uptime' },
    {
      description: 'A line, on one of them',
      command: `<%= config.bin %> server exec -h 192.0.2.11 "df -h / | tail -1"`,
    },
    { description: 'A shell on the primary machine', command: '<%= config.bin %> server exec -i bash' },
  ];
  static override strict = false;
  static override flags = {
    interactive: Flags.boolean({ char: 'i', description: 'with a terminal, on the primary machine' }),
    raw: Flags.boolean({ description: 'its output byte for byte, without the names of machines' }),
  };

  async run(): Promise<void> {
    const { raw: tokens, flags } = await this.parse(ServerExec);
    const { interactive: isInteractive = false, raw = false, json } = flags;
    if (json && (raw || isInteractive)) {
      throw new Failure('usage', `--json holds lines of output, so it does not go with ${raw ? '--raw' : '-i'}`);
    }
    // Its argv is sorted, and wrongly where a word stands twice.
    const words = tokens.flatMap(({ type, input }) => (type === 'arg' ? [input] : []));
    if (words.length === 0) {
      throw new Failure('usage', 'there is no command to run', { hint: 'longshore server exec -- COMMAND' });
    }
    const kept = collectedOutput();
    await this.carryOut({
      changes: 'what-runs-there',
      perform: ({ pipeline, run }) =>
        pipeline.serverExec(
          run,
          { words, isInteractive },
          {
            output: json ? kept.output : shownHere({ isRaw: raw || isInteractive }),
            ...handsOn({ isInteractive }),
          },
        ),
      render: () => undefined,
      json: (result) => ({ ...result, lines: kept.lines }),
      exitStatus: ({ exitStatus }) => exitStatus,
    });
  }
}
