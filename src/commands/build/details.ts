import { renderBuildDetails } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class BuildDetails extends LongshoreCommand {
  static override summary = 'Show what builds, and by which commands';
  static override description =
    'Name, driver, platforms and nodes of the builder, and every command line of a build in full, secrets by their names. Nothing is built, and no machine is looked at. As JSON: a list of words per command.';
  static override examples = [
    { description: 'Who builds, and how?', command: '<%= config.bin %> build details' },
    { description: 'For a program', command: '<%= config.bin %> build details --json' },
  ];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: false,
      perform: async ({ pipeline, run, given }) => {
        const details = await pipeline.buildDetails(run);
        return given.flags.json ? details : { ...details, now: await pipeline.dockerNow(run) };
      },
      render: renderBuildDetails,
    });
  }
}
