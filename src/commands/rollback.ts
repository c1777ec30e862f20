import { renderDeployResult } from '../report/result.ts';
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { LongshoreCommand } from './frame/command.ts';
import { swapping } from './frame/flags.ts';
import { pickVersion } from './frame/run.ts';

export default class Rollback extends LongshoreCommand {
  static override summary = 'Go back to a version that served before';
  static override description =
    'Without VERSION: the newest release before the current one that succeeded and was not itself rolled back from. The retained container is started as it was; where it is gone it is made again from the image, with the settings of today. When a variable has changed in the file since, nothing is done until --env says whose are meant.';
  static override examples = [
    { description: 'Back to the last good release', command: '<%= config.bin %> rollback -d production' },
    {
      description: 'Back, although a variable of the file changed since: the containers as they were',
      command: '<%= config.bin %> rollback -d production --env release',
    },
    {
      description: 'Back, though a machine is down',
      command: '<%= config.bin %> rollback -d production --without web-03.example.com',
    },
    {
      description: 'Back to this version; any unique beginning will do',
      command: '<%= config.bin %> rollback 4be1a2c -d production',
    },
  ];
  static override args = {
    version: Args.string({ ignoreStdin: true, description: 'version, or the beginning of one' }),
  };
  static override flags = {
    ...swapping,
    env: Flags.option({
      options: ['release', 'current'] as const,
      description:
        'where variables changed since: `release` starts the containers as they were, `current` makes them again from that image with what the file says today',
    })(),
  };

  async run(): Promise<void> {
    const { env } = (await this.parse(Rollback)).flags;
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run, given }) =>
        pipeline.rollback(pickVersion(given), run, env === undefined ? {} : { env }),
      render: renderDeployResult,
    });
  }
}
