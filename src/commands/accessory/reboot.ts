import { renderAccessories } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments, replacing } from '../frame/flags.ts';

export default class AccessoryReboot extends LongshoreCommand {
  static override summary = 'Make the containers of accessories anew';
  static override description =
    'The new container is made while the old one still runs; then the old one stops, the new one starts and has to get healthy, or the old one comes back. One container after the other. What does not survive is said before; how long it was away, after.';
  static override examples = [
    {
      description: 'A new container for the queue; its volume stays',
      command: '<%= config.bin %> accessory reboot valkey-queue -d production',
    },
    { description: 'One after the other over the whole fleet', command: '<%= config.bin %> accessory reboot all' },
  ];
  static override args = accessoryArguments;
  static override flags = replacing;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessoryReboot);
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) =>
        pipeline.changeAccessories(run, 'reboot', {
          names: [args.name],
          isParallel: flags.parallel,
          discard: flags.discard ?? [],
        }),
      render: renderAccessories,
    });
  }
}
