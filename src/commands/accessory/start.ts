import { renderAccessories } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';

export default class AccessoryStart extends LongshoreCommand {
  static override summary = 'Start accessories that are stopped';
  static override description =
    'In the order of what they depend on; also what to type after a restart of the machine.';
  static override examples = [
    { description: 'After a restart of the machine', command: '<%= config.bin %> accessory start all' },
  ];
  static override args = accessoryArguments;

  async run(): Promise<void> {
    const { args } = await this.parse(AccessoryStart);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.changeAccessories(run, 'start', { names: [args.name] }),
      render: renderAccessories,
    });
  }
}
