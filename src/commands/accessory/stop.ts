import { renderAccessories } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';

export default class AccessoryStop extends LongshoreCommand {
  static override summary = 'Stop accessories';
  static override description = 'Takes their route away first; those that depend on others stop first.';
  static override examples = [
    { description: 'For a while', command: '<%= config.bin %> accessory stop mailpit -d staging' },
  ];
  static override args = accessoryArguments;

  async run(): Promise<void> {
    const { args } = await this.parse(AccessoryStop);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.changeAccessories(run, 'stop', { names: [args.name] }),
      render: renderAccessories,
    });
  }
}
