import * as Flags from '@oclif/core/flags';
import { renderInit } from '../report/init.ts';
import { askLine } from './frame/ask.ts';
import { LongshoreCommand } from './frame/command.ts';

export default class Init extends LongshoreCommand {
  static override summary = 'Write the files that a project needs to be deployed';
  static override description =
    'A commented config file, .kamal/secrets and samples of hooks. Asks three questions on a terminal; in scripts, flags answer them. The port comes from the Dockerfile. A file that is there is never overwritten.';
  static override examples = [
    { description: 'Begin', command: '<%= config.bin %> init' },
    {
      description: 'In a script',
      command: '<%= config.bin %> init --yes --service shop --image ghcr.io/acme/shop --host 192.0.2.10',
    },
  ];
  static override flags = {
    service: Flags.string({ helpValue: 'NAME', description: 'what the app is called (default: the directory)' }),
    image: Flags.string({ helpValue: 'IMAGE', description: 'image without tag; its registry may stand before it' }),
    host: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      helpValue: 'HOSTS',
      description: 'machines of the role web, by comma',
    }),
    'registry-server': Flags.string({ helpValue: 'SERVER', description: "registry's server (default: the image's)" }),
  };

  async run(): Promise<void> {
    const { service, image, host = [], 'registry-server': registryServer, confirmed } = (await this.parse(Init)).flags;
    const asks = process.stdin.isTTY && process.stderr.isTTY && !confirmed;
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) =>
        pipeline.init(
          {
            ...(service === undefined ? {} : { service }),
            ...(image === undefined ? {} : { image }),
            hosts: host,
            ...(registryServer === undefined ? {} : { registryServer }),
            ...(asks ? { ask: askLine } : {}),
          },
          run,
        ),
      render: renderInit,
    });
  }
}
