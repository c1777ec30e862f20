import { renderRegistry } from '../../report/registry.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, registryPlaces } from '../frame/flags.ts';

export default class RegistryLogin extends LongshoreCommand {
  static override summary = 'Log docker in to the registry, here and on the machines';
  static override description =
    'For work by hand: docker keeps the login in ~/.docker/config.json, as `docker login` does. Deploying needs no such login; its credentials travel with each pull and stay nowhere.';
  static override examples = [
    { description: 'Log in here and on all machines', command: '<%= config.bin %> registry login production' },
    { description: 'Only on the machines', command: '<%= config.bin %> registry login production --skip-local' },
  ];
  static override args = destinationArgument;
  static override flags = registryPlaces;

  async run(): Promise<void> {
    const { flags } = await this.parse(RegistryLogin);
    const places = { here: !flags['skip-local'], machines: !flags['skip-remote'] };
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.registryLogin(places, run),
      render: renderRegistry,
    });
  }
}
