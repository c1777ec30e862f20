import * as Flags from '@oclif/core/flags';
import { renderDevBuild } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, noCache } from '../frame/flags.ts';

export default class BuildDev extends LongshoreCommand {
  static override summary = 'Build the working directory, to try it here';
  static override description =
    'Builds the files as they lie there into the Docker engine here, with -dirty after the tags, and lists what goes in that is not committed. Nothing is pushed, and no hook is run.';
  static override examples = [
    { description: 'Build what lies here', command: '<%= config.bin %> build dev' },
    { description: 'Look at the files of the image', command: '<%= config.bin %> build dev --output local,dest=out' },
  ];
  static override args = destinationArgument;
  static override flags = {
    output: Flags.string({
      default: 'docker',
      helpValue: 'TYPE',
      description: 'where the image goes: any type of `docker buildx build --output`',
    }),
    ...noCache,
  };

  async run(): Promise<void> {
    const { output } = (await this.parse(BuildDev)).flags;
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.buildDev(output, run),
      render: renderDevBuild,
    });
  }
}
