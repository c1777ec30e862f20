import { renderStatus } from '../report/status.ts';
import { LongshoreCommand } from './frame/command.ts';
import { destinationArgument } from './frame/flags.ts';

export default class Status extends LongshoreCommand {
  static override summary = 'Show what runs where, what is routed where, and who holds the lock';
  static override description =
    'Every machine with its roles, versions, health and time up; what its proxy routes where; and the deploy lock. What is down is told with the reason and with what to type: after a restart of the machine that is mostly an address that came up after Docker, which does not try again. A machine that cannot be reached is shown as that, and the others are still shown.';
  static override examples = [
    { description: 'All machines', command: '<%= config.bin %> status production' },
    { description: 'The primary machine only', command: '<%= config.bin %> status production --primary' },
  ];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => pipeline.status(run),
      render: renderStatus,
    });
  }
}
