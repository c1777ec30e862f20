import { renderDeployResult } from '../report/result.ts';
import * as Args from '@oclif/core/args';
import { LongshoreCommand } from './frame/command.ts';
import { failing } from './frame/flags.ts';
import { pickVersion } from './frame/run.ts';

export default class Rollback extends LongshoreCommand {
  static override summary = 'Go back to a version that served before';
  static override description =
    'Without VERSION: the newest release before the current one that succeeded and was not itself rolled back from. The retained container is started as it was; where it is gone it is made again from the image, with the settings of today.';
  static override examples = [
    { description: 'Back to the last good release', command: '<%= config.bin %> rollback -d production' },
    {
      description: 'Back to this version; any unique beginning will do',
      command: '<%= config.bin %> rollback 4be1a2c -d production',
    },
  ];
  static override args = {
    version: Args.string({ ignoreStdin: true, description: 'version, or the beginning of one' }),
  };
  static override flags = failing;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run, given }) => pipeline.rollback(pickVersion(given), run),
      render: renderDeployResult,
    });
  }
}
