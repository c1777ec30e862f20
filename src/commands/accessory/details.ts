import { renderAccessoryDetails } from '../../report/accessories.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { accessoryArguments } from '../frame/flags.ts';

export default class AccessoryDetails extends LongshoreCommand {
  static override summary = 'Show accessories: what runs, where, on which port, and how it differs from the file';
  static override description = 'Looks at the machines and changes nothing.';
  static override examples = [
    { description: 'All of them', command: '<%= config.bin %> accessory details all -d production' },
    { description: 'For a program', command: '<%= config.bin %> accessory details postgres --json' },
  ];
  static override args = accessoryArguments;

  async run(): Promise<void> {
    const { args } = await this.parse(AccessoryDetails);
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => pipeline.accessoryDetails(run, [args.name]),
      render: renderAccessoryDetails,
    });
  }
}
