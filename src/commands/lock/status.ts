import { renderLock } from '../../report/status.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class LockStatus extends LongshoreCommand {
  static override summary = 'Show who holds the deploy lock';
  static override description =
    "Shows who took it, when, and why; where one lies on another machine than the primary, of a Kamal with a host filter or a run without the primary; and for a lock of Longshore's own how long its lease still runs.";
  static override examples = [
    { description: 'Who is deploying?', command: '<%= config.bin %> lock status production' },
  ];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => pipeline.lockStatus(run),
      render: renderLock,
    });
  }
}
