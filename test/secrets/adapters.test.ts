/** Adapters by name, and how the calls of one file become few. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adapterNames, createProviders } from '../../src/secrets/providers.ts';
import { project } from './project.ts';

/** Gives every secret the value `of NAME`. */
const aws = `#!/bin/sh
echo "$*" >> "$HOME/calls"
shift 3
printf '{"SecretValues":['
comma=
while [ "$1" != --output ]; do printf '%s{"Name":"%s","SecretString":"of %s"}' "$comma" "$1" "$1"; comma=,; shift; done
printf ']}'
`;
const callsIn = (folder: string): string[] => readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n');
const fetch = (rest: string): string => `$(kamal secrets fetch -a aws_secrets_manager ${rest})`;

it('fetches of one file are one call for each account, and each name is asked for once', async () => {
  const { resolve, folder } = project({
    'bin/aws': aws,
    '.kamal/secrets': [
      `S=${fetch('--from prod A B')}`,
      `T=${fetch('prod/B stage/A')}`,
      `A=$(kamal secrets extract A $S)`,
      `B=$(kamal secrets extract A $T)`,
      `C=$(kamal secrets extract prod/B "${fetch('prod/B')}")`,
      `D=${fetch('prod/C --account other')}`,
      `E=$A-${fetch('prod/A')}`,
    ].join('\n'),
  });
  await expect(resolve('A', 'B', 'C', 'D', 'E')).resolves.toEqual({
    A: 'of prod/A',
    B: 'of stage/A',
    C: 'of prod/B',
    D: '{"prod/C":"of prod/C"}',
    E: 'of prod/A-{"prod/A":"of prod/A"}',
  });
  expect(callsIn(folder).sort()).toEqual([
    'secretsmanager batch-get-secret-value --secret-id-list prod/A prod/B stage/A --output json',
    'secretsmanager batch-get-secret-value --secret-id-list prod/C --output json --profile other',
  ]);
});

it('one failure of a vault is told once for all that needed it', async () => {
  const { failure } = project({
    'bin/aws': '#!/bin/sh\necho "Unable to locate credentials" >&2\nexit 255\n',
    '.kamal/secrets': `A=${fetch('A')}\nB=${fetch('B')}`,
  });
  expect((await failure('A', 'B')).message).toBe(
    'A (.kamal/secrets:1), B (.kamal/secrets:2): AWS Secrets Manager: there are no credentials that it accepts (aws secretsmanager batch-get-secret-value ended with exit status 255)',
  );
});

it("has Kamal's adapters by all names that Kamal takes", () => {
  const { named } = createProviders({ cwd: '/', env: {} });
  const names =
    '1password one_password last_pass lastpass LastPass bitwarden bitwarden_secrets_manager bitwarden-sm aws_secrets_manager gcp_secret_manager gcp doppler enpass passbolt';
  for (const name of [...names.split(' '), ...adapterNames]) expect(named(name).fetch).toBeTypeOf('function');
  expect(named('gcp')).toBe(named('gcp_secret_manager'));
});

it.each([
  ['bitwaden', 'Did you mean bitwarden?'],
  ['vault', 'There are: 1password, 1password-environments, lastpass, bitwarden, bitwarden-secrets-manager'],
])('says which adapters there are when asked for %s', (name, hint) => {
  const { named } = createProviders({ cwd: '/', env: {} });
  expect(() => named(name)).toThrow(
    expect.objectContaining({ code: 'secrets-invalid', hint: expect.stringContaining(hint) }),
  );
});
