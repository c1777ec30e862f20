import { renderLock } from '../../report/status.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class LockRelease extends LongshoreCommand {
  static override summary = 'Give back the deploy lock, whoever holds it';
  static override description =
    "For a lock that was taken by hand, or by a Kamal that died, on any machine of the file. Asks before it takes the lock of a run that is alive. A lock of Longshore's own is taken over by the next deploy once its lease has run out.";
  static override examples = [
    { description: 'Allow deploys again', command: '<%= config.bin %> lock release production' },
  ];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.releaseLock(run),
      render: renderLock,
    });
  }
}
