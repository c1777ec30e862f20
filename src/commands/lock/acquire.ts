import * as Flags from '@oclif/core/flags';
import { renderLock } from '../../report/status.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class LockAcquire extends LongshoreCommand {
  static override summary = 'Take the deploy lock by hand';
  static override description = 'Nobody deploys until it is given back with `lock release`; it never runs out.';
  static override examples = [
    {
      description: 'Keep everybody from deploying',
      command: '<%= config.bin %> lock acquire production -m "migrating the database"',
    },
  ];
  static override usage = 'lock acquire [DESTINATION] -m MESSAGE';
  static override args = destinationArgument;
  static override flags = {
    message: Flags.string({ char: 'm', required: true, helpValue: 'MESSAGE', description: 'why, for those who wait' }),
  };

  async run(): Promise<void> {
    const { message } = (await this.parse(LockAcquire)).flags;
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.acquireLock(message, run),
      render: renderLock,
    });
  }
}
