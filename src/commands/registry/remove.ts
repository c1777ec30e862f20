import { renderRegistry } from '../../report/registry.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, registryPlaces } from '../frame/flags.ts';

export default class RegistryRemove extends LongshoreCommand {
  static override summary = 'Remove the registry from this machine, or log out of the one elsewhere';
  static override description =
    'With `registry.server: localhost:PORT` the container kamal-docker-registry is removed, with the images it holds. Otherwise as `registry logout`.';
  static override examples = [{ description: 'Remove what setup made', command: '<%= config.bin %> registry remove' }];
  static override args = destinationArgument;
  static override flags = registryPlaces;

  async run(): Promise<void> {
    const { flags } = await this.parse(RegistryRemove);
    const places = { here: !flags['skip-local'], machines: !flags['skip-remote'] };
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.registryRemove(places, run),
      render: renderRegistry,
    });
  }
}
