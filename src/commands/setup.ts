import { renderDeployResult } from '../report/result.ts';
import { LongshoreCommand } from './frame/command.ts';
import { building, destinationArgument, releasing, swapping } from './frame/flags.ts';

export default class Setup extends LongshoreCommand {
  static override summary = 'Prepare new machines, then deploy to them';
  static override description =
    'Installs Docker where it is missing, makes the network and the directories, boots kamal-proxy and the accessories that do not run, and goes on as deploy does. On machines that are ready it is a deploy.';
  static override examples = [
    { description: 'First deploy to new machines', command: '<%= config.bin %> setup production' },
    {
      description: 'The same, trusting host keys seen for the first time',
      command: '<%= config.bin %> setup production --accept-new-host-keys',
    },
  ];
  static override args = destinationArgument;
  static override flags = { ...building, ...releasing, ...swapping };

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.deploy('setup', run),
      render: renderDeployResult,
    });
  }
}
