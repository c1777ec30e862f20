import * as Flags from '@oclif/core/flags';
import { renderHistory } from '../report/history.ts';
import { LongshoreCommand } from './frame/command.ts';
import { destinationArgument } from './frame/flags.ts';

export default class History extends LongshoreCommand {
  static override summary = 'Show what was released when, by whom, and how it ended';
  static override description =
    'Reads the record that every deploy and rollback leaves on the machines: version, time (UTC), who made it on which machine, how it ended and how long it took. `--json` adds the image’s digest, the commit, the fingerprint of the config file and the names of the variables. What Kamal deployed is not in it.';
  static override examples = [
    { description: 'The last ten releases', command: '<%= config.bin %> history production --most 10' },
    {
      description: 'Who deployed what, for a program',
      command: '<%= config.bin %> history production --json',
    },
  ];
  static override args = destinationArgument;
  static override flags = {
    most: Flags.integer({ char: 'n', default: 20, min: 1, helpValue: 'COUNT', description: 'so many at most' }),
  };

  async run(): Promise<void> {
    const { most } = (await this.parse(History)).flags;
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => pipeline.history(run, { most }),
      render: renderHistory,
    });
  }
}
