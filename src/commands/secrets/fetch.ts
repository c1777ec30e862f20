import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { LongshoreCommand } from '../frame/command.ts';

export default class SecretsFetch extends LongshoreCommand {
  static override summary = 'Fetch secrets from a vault, as JSON';
  static override description =
    'Prints values by the names that `secrets extract` understands. In a secrets file, `$(longshore secrets fetch …)` and `$(kamal secrets fetch …)` run without a process of their own. Adapters: 1password, 1password-environments, lastpass, bitwarden, bitwarden-sm, aws_secrets_manager, gcp, doppler, enpass, passbolt; see docs/secrets.md.';
  static override examples = [
    {
      description: 'Two fields of an item',
      command:
        '<%= config.bin %> secrets fetch --adapter 1password --account acme --from Shop/production DB_URL API_KEY',
    },
    {
      description: 'Secrets of AWS, with a profile',
      command: '<%= config.bin %> secrets fetch -a aws_secrets_manager --account deploy --from shop db api',
    },
    {
      description: 'In .kamal/secrets',
      command: 'SECRETS=$(longshore secrets fetch -a doppler --from shop/prd DB_URL API_KEY)',
    },
  ];
  static override strict = false;
  static override args = {
    names: Args.string({
      ignoreStdin: true,
      description: 'what to fetch; which names there are depends on the adapter',
    }),
  };
  static override flags = {
    adapter: Flags.string({ char: 'a', required: true, helpValue: 'ADAPTER', description: 'which vault' }),
    account: Flags.string({ helpValue: 'ACCOUNT', description: 'account, user or profile there' }),
    from: Flags.string({ helpValue: 'FROM', description: 'vault, item, folder or project to fetch from' }),
    inline: Flags.boolean({ hidden: true, description: "Kamal's, without effect" }),
  };

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(SecretsFetch);
    const { adapter, account, from } = flags;
    const request = {
      adapter,
      names: argv.map(String),
      ...(account === undefined ? {} : { account }),
      ...(from === undefined ? {} : { from }),
    };
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => pipeline.fetchSecrets(request, run),
      render: (json) => json,
      json: (json) => JSON.parse(json) as unknown,
    });
  }
}
