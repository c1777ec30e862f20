import { renderRegistry } from '../../report/registry.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, registryPlaces } from '../frame/flags.ts';

export default class RegistrySetup extends LongshoreCommand {
  static override summary = 'Start the registry on this machine, or log in to the one elsewhere';
  static override description =
    'With `registry.server: localhost:PORT` a container kamal-docker-registry is started here, of the image registry:3 or of the one that LONGSHORE_REGISTRY_IMAGE names; every build does this by itself. Otherwise as `registry login`.';
  static override examples = [
    { description: 'Set up what the file says', command: '<%= config.bin %> registry setup' },
  ];
  static override args = destinationArgument;
  static override flags = registryPlaces;

  async run(): Promise<void> {
    const { flags } = await this.parse(RegistrySetup);
    const places = { here: !flags['skip-local'], machines: !flags['skip-remote'] };
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.registrySetup(places, run),
      render: renderRegistry,
    });
  }
}
