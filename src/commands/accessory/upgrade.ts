import * as Flags from '@oclif/core/flags';
import { renderAccessories } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments, replacing } from '../frame/flags.ts';

export default class AccessoryUpgrade extends LongshoreCommand {
  static override summary = 'Pull the image and apply what the file says';
  static override description =
    'Makes those containers anew that differ from the file or whose tag moved in the registry, in the order in which that is safe. A new place for data begins empty, so it has to be said.';
  static override examples = [
    {
      description: 'Apply a new image or setting',
      command: '<%= config.bin %> accessory upgrade postgres -d production',
    },
    {
      description: 'Begin with an empty directory',
      command: '<%= config.bin %> accessory upgrade postgres --new-data /tank/postgres-17',
    },
  ];
  static override args = accessoryArguments;
  static override flags = {
    ...replacing,
    'new-data': Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      helpValue: 'PATH',
      description: 'mount this instead of what is mounted now; it begins with what is there',
    }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessoryUpgrade);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) =>
        pipeline.changeAccessories(run, 'upgrade', {
          names: [args.name],
          isParallel: flags.parallel,
          discard: flags.discard ?? [],
          newData: flags['new-data'] ?? [],
        }),
      render: renderAccessories,
    });
  }
}
