import * as Flags from '@oclif/core/flags';
import { renderSecrets, secretsAsJson, secretsExitStatus, type SecretsLook } from '../../report/secrets.ts';
import { LongshoreCommand } from '../frame/command.ts';
import { destinationArgument } from '../frame/flags.ts';

export default class SecretsPrint extends LongshoreCommand {
  static override summary = 'Show all secrets, and the line each comes from';
  static override description =
    'Looks up every secret of the secrets files, and says what is wrong with those that have no value. Values are masked unless they are to be revealed. Exits 3 when one has no value.';
  static override examples = [
    { description: 'Do all of them have a value?', command: '<%= config.bin %> secrets print production' },
    { description: 'What are they?', command: '<%= config.bin %> secrets print production --reveal' },
    { description: 'For a program', command: '<%= config.bin %> secrets print production --reveal --json' },
  ];
  static override args = destinationArgument;
  static override flags = { reveal: Flags.boolean({ description: 'show the values' }) };

  async run(): Promise<void> {
    const { reveal } = (await this.parse(SecretsPrint)).flags;
    const look: SecretsLook = { values: reveal ? 'revealed' : 'masked' };
    await this.carryOut({
      changes: false,
      perform: ({ pipeline, run }) => pipeline.showSecrets(run),
      render: (result, paint) => renderSecrets(result, { ...look, paint }),
      json: (result) => secretsAsJson(result, look),
      exitStatus: secretsExitStatus,
    });
  }
}
