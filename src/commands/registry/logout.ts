import { renderRegistry } from '../../report/registry.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument, registryPlaces } from '../frame/flags.ts';

export default class RegistryLogout extends LongshoreCommand {
  static override summary = 'Log docker out of the registry, here and on the machines';
  static override description = 'Takes the login of `registry login`, or of Kamal, out of ~/.docker/config.json.';
  static override examples = [
    { description: 'Forget the login everywhere', command: '<%= config.bin %> registry logout production' },
    { description: 'Only here', command: '<%= config.bin %> registry logout --skip-remote' },
  ];
  static override args = destinationArgument;
  static override flags = registryPlaces;

  async run(): Promise<void> {
    const { flags } = await this.parse(RegistryLogout);
    const places = { here: !flags['skip-local'], machines: !flags['skip-remote'] };
    await this.carryOut({
      changes: true,
      perform: ({ pipeline, run }) => pipeline.registryLogout(places, run),
      render: renderRegistry,
    });
  }
}
