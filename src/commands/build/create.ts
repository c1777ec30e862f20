import { renderBuilder } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class BuildCreate extends LongshoreCommand {
  static override summary = 'Set up what builds, if it is not there';
  static override description =
    'Makes the buildx builder, and the Docker context of a remote one, as the file says; one that differs is made anew. Every build does this by itself.';
  static override examples = [{ description: 'Set up the builder', command: '<%= config.bin %> build create' }];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.createBuilder(run),
      render: renderBuilder,
    });
  }
}
