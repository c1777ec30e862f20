import * as Flags from '@oclif/core/flags';
import { Failure } from '../../errors.ts';
import { collectedOutput } from '../../report/streamed.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';
import { shownHere } from '../frame/surroundings.ts';

export default class AccessoryLogs extends LongshoreCommand {
  static override summary = 'Show the logs of accessories';
  static override description =
    'From all machines of an accessory, each line behind its machine. The last 100 lines, or all of them where --since or --grep chooses; with -f the last 10, and then what comes, until Ctrl-C.';
  static override examples = [
    { description: 'The end of it', command: '<%= config.bin %> accessory logs db -n 20' },
    { description: 'What comes, from both machines', command: '<%= config.bin %> accessory logs db -f' },
    {
      description: 'Errors of the last hour, with what came before',
      command: '<%= config.bin %> accessory logs db --since 1h --grep error --grep-options "-i -B 2"',
    },
    { description: 'Of all accessories', command: '<%= config.bin %> accessory logs all --since 10m' },
  ];
  static override args = accessoryArguments;
  static override flags = {
    since: Flags.string({
      char: 's',
      helpValue: 'TIME',
      description: 'since a time, or for so long: 2026-11-20T10:00:00, 10m',
    }),
    lines: Flags.integer({ char: 'n', min: 0, helpValue: 'N', description: 'the last N lines of each log' }),
    grep: Flags.string({ char: 'g', helpValue: 'PATTERN', description: "only lines that the machine's grep finds" }),
    'grep-options': Flags.string({ helpValue: 'OPTIONS', description: 'how grep looks: "-i -A 3"' }),
    follow: Flags.boolean({ char: 'f', description: 'go on with what comes' }),
    'skip-timestamps': Flags.boolean({ char: 'T', description: "without Docker's time in front of each line" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessoryLogs);
    const { since, lines, grep, follow = false, json, 'grep-options': grepOptions } = flags;
    if (json && follow) throw new Failure('usage', '--json is one document at the end, and -f has none');
    const kept = collectedOutput();
    await this.carryOut({
      changes: 'what-runs-there',
      perform: ({ pipeline, run }) =>
        pipeline.accessoryLogs(
          run,
          {
            name: args.name,
            ...(since === undefined ? {} : { since }),
            ...(lines === undefined ? {} : { lines }),
            ...(grep === undefined ? {} : { grep }),
            ...(grepOptions === undefined ? {} : { grepOptions }),
            isFollowed: follow,
            hasTimestamps: !flags['skip-timestamps'],
          },
          { output: json ? kept.output : shownHere({ isRaw: false }) },
        ),
      render: () => undefined,
      json: (result) => ({ ...result, lines: kept.lines }),
      exitStatus: ({ exitStatus }) => exitStatus,
    });
  }
}
