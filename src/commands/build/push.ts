import { renderBuildResult } from '../../report/result.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { building, destinationArgument } from '../frame/flags.ts';

export default class BuildPush extends LongshoreCommand {
  static override summary = 'Build the image and push it, without deploying';
  static override description =
    'Builds what deploy would build, from a clean clone of the commit unless the file names a context, and pushes it to the registry. No machine is changed.';
  static override examples = [
    {
      description: 'Build and push the commit that is checked out',
      command: '<%= config.bin %> build push production',
    },
    { description: 'Build everything afresh', command: '<%= config.bin %> build push production --no-cache' },
  ];
  static override args = destinationArgument;
  static override flags = { 'no-cache': building['no-cache'], 'skip-git-check': building['skip-git-check'] };

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.buildAndPush(run),
      render: renderBuildResult,
    });
  }
}
