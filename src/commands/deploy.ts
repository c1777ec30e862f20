import * as Flags from '@oclif/core/flags';
import { renderDeployResult } from '../report/result.ts';
import { LongshoreCommand } from './frame/command.ts';
import { building, destinationArgument, releasing, swapping } from './frame/flags.ts';

export default class Deploy extends LongshoreCommand {
  static override summary = 'Build what is checked out, and swap it in on every machine';
  static override description =
    'Builds and pushes the image, pulls it everywhere, then swaps one boot group after the other: the new container is started, gets traffic once it is healthy, and the old one is stopped when its requests are answered. If a machine fails, all go back to what served before, and the exit status is 5. Running it again finishes what an interrupted run left. Accessories are left alone unless --accessories is given.';
  static override examples = [
    { description: 'Deploy the commit that is checked out', command: '<%= config.bin %> deploy production' },
    {
      description: 'Deploy a version whose image is in the registry',
      command: '<%= config.bin %> deploy production --skip-push --version 4be1a2c',
    },
    {
      description: 'Apply what the file says of accessories, too',
      command: '<%= config.bin %> deploy production --accessories',
    },
    {
      description: 'Go on without a machine that is down; it catches up by the next deploy that reaches it',
      command: '<%= config.bin %> deploy production --without web-03.example.com',
    },
    {
      description: 'Deploy one machine only',
      command: '<%= config.bin %> deploy production --hosts web-01.example.com',
    },
  ];
  static override args = destinationArgument;
  static override flags = {
    ...building,
    ...releasing,
    ...swapping,
    accessories: Flags.boolean({
      default: false,
      description: 'first make those accessories anew that differ from the file, one after the other',
    }),
  };

  async run(): Promise<void> {
    const { accessories } = (await this.parse(Deploy)).flags;
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.deploy('deploy', run, { accessories }),
      render: renderDeployResult,
    });
  }
}
