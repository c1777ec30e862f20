import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { LongshoreCommand } from '../frame/command.ts';
import { readStandardInput } from '../frame/stdin.ts';

export default class SecretsExtract extends LongshoreCommand {
  static override summary = 'Take one value out of what `secrets fetch` gave';
  static override description =
    'Prints the value of NAME, or of the first that ends in /NAME. The JSON is better handed over on standard input than as an argument, where every user of this machine can read it.';
  static override examples = [
    {
      description: 'Through a pipe',
      command:
        '<%= config.bin %> secrets fetch -a doppler --from shop/prd DB_URL | <%= config.bin %> secrets extract DB_URL',
    },
    { description: 'In .kamal/secrets', command: 'DB_URL=$(longshore secrets extract DB_URL $SECRETS)' },
  ];
  static override args = {
    name: Args.string({ ignoreStdin: true, required: true, description: 'name of the secret' }),
    json: Args.string({
      ignoreStdin: true,
      description: 'what `secrets fetch` gave; without it or as - on standard input',
    }),
  };
  static override flags = { inline: Flags.boolean({ hidden: true, description: "Kamal's, without effect" }) };

  async run(): Promise<void> {
    const { name, json } = (await this.parse(SecretsExtract)).args;
    await this.carryOut({
      changes: false,
      perform: async ({ pipeline }) =>
        pipeline.extractSecret(name, json === undefined || json === '-' ? await readStandardInput() : json),
      render: (value) => value,
    });
  }
}
