import { renderAccessories } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';

export default class AccessoryBoot extends LongshoreCommand {
  static override summary = 'Make and start accessories that do not run';
  static override description =
    'Each after what it depends on, and healthy before the next. What runs is left alone; how it differs from the file is said.';
  static override examples = [
    { description: 'Everything that is not there yet', command: '<%= config.bin %> accessory boot all' },
    { description: 'One, in production', command: '<%= config.bin %> accessory boot valkey-queue -d production' },
  ];
  static override args = accessoryArguments;

  async run(): Promise<void> {
    const { args } = await this.parse(AccessoryBoot);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.changeAccessories(run, 'boot', { names: [args.name] }),
      render: renderAccessories,
    });
  }
}
