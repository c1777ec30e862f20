import * as Flags from '@oclif/core/flags';
import { renderBuildResult } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, fromCommit } from '../frame/flags.ts';

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
    { description: 'Build into a file instead', command: '<%= config.bin %> build push --output oci,dest=image.tar' },
  ];
  static override args = destinationArgument;
  static override flags = {
    output: Flags.string({
      default: 'registry',
      helpValue: 'TYPE',
      description: 'where the image goes: any type of `docker buildx build --output`',
    }),
    ...fromCommit,
  };

  async run(): Promise<void> {
    const { output } = (await this.parse(BuildPush)).flags;
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.buildAndPush(output, run),
      render: renderBuildResult,
    });
  }
}
