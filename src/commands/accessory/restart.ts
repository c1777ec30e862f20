import { renderAccessories } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';

export default class AccessoryRestart extends LongshoreCommand {
  static override summary = 'Stop accessories and start them again';
  static override description =
    'The same containers with the same settings, one after the other, healthy before the next. To apply what the file says, use `accessory upgrade`.';
  static override examples = [
    { description: 'One that has got stuck', command: '<%= config.bin %> accessory restart pgbouncer -d production' },
  ];
  static override args = accessoryArguments;

  async run(): Promise<void> {
    const { args } = await this.parse(AccessoryRestart);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.changeAccessories(run, 'restart', { names: [args.name] }),
      render: renderAccessories,
    });
  }
}
