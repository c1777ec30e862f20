import { renderDeployResult } from '../report/result.ts';
import { LongshoreCommand } from './frame/command.ts';
import { building, destinationArgument, releasing, swapping } from './frame/flags.ts';

export default class Redeploy extends LongshoreCommand {
  static override summary = 'Deploy without booting the proxy and without pruning';
  static override description =
    'As deploy, for machines that are already set up: the proxy is left as it is, and old containers and images stay.';
  static override examples = [
    { description: 'Deploy again', command: '<%= config.bin %> redeploy production' },
    {
      description: 'Again the version that is in the registry',
      command: '<%= config.bin %> redeploy production --skip-push --version 4be1a2c',
    },
  ];
  static override args = destinationArgument;
  static override flags = { ...building, ...releasing, ...swapping };

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.deploy('redeploy', run),
      render: renderDeployResult,
    });
  }
}
