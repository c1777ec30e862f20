import * as Flags from '@oclif/core/flags';
import { Failure } from '../../errors.ts';
import { collectedOutput } from '../../report/streamed.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';
import { handsOn, shownHere } from '../frame/surroundings.ts';

export default class AccessoryExec extends LongshoreCommand {
  static override summary = 'Run a command beside an accessory, or in it';
  static override usage = 'accessory exec NAME [--reuse] [-i] [--raw] [--] COMMAND...';
  static override description = `In a new container with the accessory's image, environment, network and volumes, gone afterwards; with --reuse in the one that runs. On each of its machines, side by side; with -i on the first of them, with a terminal.

What is piped in is handed over, and the command's exit status is the one here (of several machines the largest, 128 + n for a signal). Ctrl-C ends it over there too. No lock is taken.

Several words are the command as they stand. One word with spaces in it is a line as one types it: its words, or, where it has a pipe, a variable or a pattern, given to sh -c in the container. Longshore's own flags may stand anywhere before --; what follows -- is the command's alone.`;
  static override examples = [
    {
      description: 'psql in the container that runs, with a terminal',
      command: '<%= config.bin %> accessory exec db -i --reuse "psql -U postgres"',
    },
    {
      description: 'A line, and the same as words',
      command: `<%= config.bin %> accessory exec db --reuse "psql -c 'select 1'"\n<%= config.bin %> accessory exec db --reuse -- psql -c 'select 1'`,
    },
    {
      description: 'Load a dump, and take one byte for byte',
      command:
        'cat dump.sql | <%= config.bin %> accessory exec db --reuse psql\n<%= config.bin %> accessory exec db --reuse --raw "pg_dump shop" >shop.sql',
    },
  ];
  static override strict = false;
  static override args = accessoryArguments;
  static override flags = {
    interactive: Flags.boolean({ char: 'i', description: 'with a terminal, on the first machine' }),
    reuse: Flags.boolean({ description: 'in the container that runs' }),
    raw: Flags.boolean({ description: 'its output byte for byte, without the names of machines' }),
  };

  async run(): Promise<void> {
    const { args, raw: tokens, flags } = await this.parse(AccessoryExec);
    const { interactive: isInteractive = false, raw = false, json, reuse = false } = flags;
    if (json && (raw || isInteractive)) {
      throw new Failure('usage', `--json holds lines of output, so it does not go with ${raw ? '--raw' : '-i'}`);
    }
    // Its argv is sorted, and wrongly where a word stands twice.
    const words = tokens.flatMap(({ type, input }) => (type === 'arg' ? [input] : [])).slice(1);
    if (words.length === 0) {
      throw new Failure('usage', `there is no command to run in ${args.name}`, {
        hint: `longshore accessory exec ${args.name} --reuse -- COMMAND`,
      });
    }
    const kept = collectedOutput();
    await this.carryOut({
      changes: 'what-runs-there',
      perform: ({ pipeline, run }) =>
        pipeline.execInAccessory(
          run,
          { name: args.name, words, isInteractive, reuse },
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
