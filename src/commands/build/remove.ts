import { renderBuilder } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class BuildRemove extends LongshoreCommand {
  static override summary = 'Remove what builds, with its cache';
  static override description =
    'Removes the buildx builder that the file names, here and where it runs, and its Docker context. Images stay.';
  static override examples = [{ description: 'Remove the builder', command: '<%= config.bin %> build remove' }];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.removeBuilder(run),
      render: renderBuilder,
    });
  }
}
