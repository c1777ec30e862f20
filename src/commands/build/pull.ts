import { renderPull } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class BuildPull extends LongshoreCommand {
  static override summary = 'Pull the image on the machines, without deploying';
  static override description =
    'Asks the registry on all machines side by side; all must get the same build, with the label that says whose it is. Nothing is started.';
  static override examples = [
    { description: 'Pull the commit that is checked out', command: '<%= config.bin %> build pull production' },
    { description: 'Pull another version', command: '<%= config.bin %> build pull production --version 4be1c9f' },
  ];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.pullBuild(run),
      render: renderPull,
    });
  }
}
