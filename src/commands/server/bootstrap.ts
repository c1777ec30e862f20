import { renderBootstrap } from '../../report/server.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class ServerBootstrap extends LongshoreCommand {
  static override summary = 'Install Docker where it is missing, and look for what a restart would not survive';
  static override description = `Under the deploy lock: Docker on every machine that has none, then the docker-setup hook, also when nothing was installed.

Then it warns of what would keep this service from coming back by itself after a restart of a machine, and says what to do about each: Docker not started with the machine; addresses that the file publishes on and the machine does not have, or has only after Docker was started, as a tailnet's; restart policies that do not bring a container back. It changes nothing of that itself. What cannot be asked, because systemd does not run the machine, is said too.`;
  static override examples = [
    { description: 'New machines', command: '<%= config.bin %> server bootstrap production' },
    { description: 'For a program', command: '<%= config.bin %> server bootstrap production --json' },
  ];
  static override args = destinationArgument;

  async run(): Promise<void> {
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.serverBootstrap(run),
      render: renderBootstrap,
    });
  }
}
