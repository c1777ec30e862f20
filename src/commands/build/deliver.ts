import { renderDeliver } from '../../report/build.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, fromCommit } from '../frame/flags.ts';

export default class BuildDeliver extends LongshoreCommand {
  static override summary = 'Build and push the image, then pull it on the machines';
  static override description =
    'What `build push` and `build pull` do, one after the other; every machine must get exactly what was pushed. Nothing is started.';
  static override examples = [
    {
      description: 'Have everything in place before the deploy',
      command: '<%= config.bin %> build deliver production',
    },
  ];
  static override args = destinationArgument;
  static override flags = fromCommit;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.deliverBuild(run),
      render: renderDeliver,
    });
  }
}
