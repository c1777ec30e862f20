/**
 * 1Password through its SDK, with the SDK's client replaced: its traffic is encrypted end to end, so nothing but the real service can
 * answer it. Against the real service only loading and the error paths can run here; see one-password-offline.test.ts.
 */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { project, told } from '../project.ts';

const sdk = vi.hoisted(() => {
  class RateLimitExceededError extends Error {}
  class DesktopAuth {
    readonly accountName: string;
    constructor(accountName: string) {
      this.accountName = accountName;
    }
  }
  return {
    createClient: vi.fn<(configuration: object) => Promise<object>>(),
    resolveAll: vi.fn<(references: string[]) => Promise<object>>(),
    getVariables: vi.fn<(id: string) => Promise<object>>(),
    RateLimitExceededError,
    DesktopAuth,
    Secrets: {
      validateSecretReference(reference: string): void {
        // As the SDK does: a string, not an Error.
        if (reference.split('/').length < 5) throw JSON.stringify({ name: 'error', message: 'too few parts' });
      },
    },
  };
});
vi.mock('@1password/sdk', () => sdk);

const values: Record<string, string> = {
  'op://V/I/K1': 'one$"#\\\n',
  'op://V/I/K2': 'two',
  'op://V/I/password': 'three',
  'op://V/I/section/K3': 'four',
};
const title = (text: string): { id: string; title: string } => ({ id: `${text}-id`, title: text });
const client = {
  secrets: { resolveAll: sdk.resolveAll },
  environments: { getVariables: sdk.getVariables },
  vaults: { list: async () => [title('Other'), title('V')] },
  items: {
    list: async () => [title('I')],
    get: async () => ({
      sections: [title('section')],
      fields: [
        { ...title('password'), value: 'three' },
        { ...title('K3'), sectionId: 'section-id', value: 'four' },
        { ...title('empty'), value: '' },
      ],
    }),
  },
};
const env = { OP_SERVICE_ACCOUNT_TOKEN: 'ops_t0ken' };
const with_ = (...lines: string[]) => project({ '.kamal/secrets': lines.join('\n') }, { env });
const fetch = (rest: string): string => `SECRETS=$(kamal secrets fetch --adapter 1password --account acme ${rest})`;
const extract = (...names: string[]): string[] =>
  names.map((name) => `${name}=$(kamal secrets extract ${name} $SECRETS)`);

beforeEach(() => {
  sdk.createClient.mockReset().mockResolvedValue(client);
  sdk.resolveAll.mockReset().mockImplementation(async (references: string[]) => ({
    individualResponses: Object.fromEntries(
      references.map((one) => [
        one,
        values[one] === undefined ? { error: { type: 'itemNotFound' } } : { content: { secret: values[one] } },
      ]),
    ),
  }));
});

describe('1Password through the SDK', () => {
  it("reads what real files contain, in one request with the service account's token", async () => {
    const { resolve, warnings } = with_(
      fetch('--from V/I K1 K2'),
      ...extract('K1', 'K2'),
      'READ=$(op read "op://V/I/K1")',
      'VAULT=V',
      'BARE=op://$VAULT/I/password',
      'UNUSED=op://V/I/unused',
      "TEXT='op://V/I/K1'",
    );
    await expect(resolve('K1', 'K2', 'READ', 'BARE', 'TEXT')).resolves.toEqual({
      K1: values['op://V/I/K1'],
      K2: 'two',
      READ: values['op://V/I/K1'],
      BARE: 'three',
      TEXT: 'op://V/I/K1',
    });
    expect(sdk.resolveAll.mock.calls).toEqual([[['op://V/I/K1', 'op://V/I/K2', 'op://V/I/password']]]);
    expect(sdk.createClient).toHaveBeenCalledTimes(1);
    expect(sdk.createClient.mock.calls[0]).toMatchObject([{ auth: 'ops_t0ken', integrationName: 'Longshore' }]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('BARE (.kamal/secrets:6): taken from 1Password; Kamal would deliver the text');
  });

  it.each([
    ['names under --from', '--from V/I K1', { 'V/I/K1': values['op://V/I/K1'] }],
    ['--from with op://', '--from op://V/I K2', { 'V/I/K2': 'two' }],
    ['a vault alone', '--from V I/K2', { 'V/I/K2': 'two' }],
    ['whole references', 'op://V/I/section/K3 V/I/K2', { 'V/I/section/K3': 'four', 'V/I/K2': 'two' }],
    ['the password, which is not named in the key', 'V/I', { 'V/I': 'three' }],
    ['password said aloud', '--from=V/I password', { 'V/I': 'three' }],
    ['all fields of an item that have a value', '--from V/I', { 'V/I': 'three', 'V/I/section/K3': 'four' }],
  ])('gives what was fetched the keys that Kamal gives it: %s', async (_, rest, keys) => {
    const { SECRETS } = await with_(fetch(rest)).resolve('SECRETS');
    expect(JSON.parse(SECRETS ?? '')).toEqual(keys);
  });

  it('names the references that are not there, with their lines', async () => {
    const failure = await with_('A=op://V/X/K', 'B=$(op read op://W/Y/K)', 'C=op://V/I/K1').failure('A', 'B', 'C');
    expect(failure.code).toBe('secret-not-found');
    expect(failure.details).toEqual([
      'A (.kamal/secrets:1): op://V/X/K: the vault has no such item',
      'B (.kamal/secrets:2): op://W/Y/K: the vault has no such item',
    ]);
  });

  it('names a reference that is not one', async () => {
    const { message } = await with_('A=op://V/I', 'B=op://V/I/K1').failure('A', 'B');
    expect(message).toBe('A (.kamal/secrets:1): op://V/I: this is not a secret reference (too few parts)');
  });

  it('explains a rate limit once for all that needed it', async () => {
    sdk.resolveAll.mockRejectedValue(new sdk.RateLimitExceededError('slow down'));
    const { message, hint } = await with_('A=op://V/I/K1', 'B=op://V/I/K2').failure('A', 'B');
    expect(message).toBe('A (.kamal/secrets:1), B (.kamal/secrets:2): 1Password: slow down');
    expect(hint).toContain('per hour');
  });

  it('never shows the token, also when the SDK does', async () => {
    sdk.createClient.mockRejectedValue(new Error('token ops_t0ken was refused'));
    const failure = await with_('A=op://V/I/K1').failure('A');
    expect(failure.hint).toContain('OP_SERVICE_ACCOUNT_TOKEN');
    expect(told(failure)).not.toContain('ops_t0ken');
  });

  it('an empty field is an error', async () => {
    sdk.resolveAll.mockResolvedValue({ individualResponses: { 'op://V/I/K1': { content: { secret: '' } } } });
    expect((await with_('A=op://V/I/K1').failure('A')).message).toBe('A (.kamal/secrets:1): the value is empty');
  });

  it.each([
    ['--adapter 1password', 'needs --from VAULT/ITEM'],
    ['--adapter 1password K1', 'needs vault and item'],
    ['K1', 'needs --adapter'],
    ['--adapter 1password --nonsense x', 'has an option it does not know'],
    ['--adapter nonsense x', 'there is no secrets adapter of this name'],
  ])('refuses "fetch %s"', async (args, said) => {
    const failure = await with_(`A=$(kamal secrets fetch ${args})`).failure('A');
    expect([failure.code, failure.message]).toEqual(['secrets-invalid', expect.stringContaining(said)]);
  });
});

describe('1Password Environments', () => {
  const variables = [
    { name: 'KEY', value: 'one$"#\\\n', masked: true },
    { name: 'TOKEN', value: 'two', masked: false },
  ];
  const environment = (rest: string): string =>
    fetch(rest).replace('--adapter 1password', '--adapter 1password-environments');
  beforeEach(() => sdk.getVariables.mockReset().mockResolvedValue({ variables }));

  it('give some of their variables, or all, in one request', async () => {
    const { resolve } = with_(
      environment('--from env-id KEY'),
      `ALL=${environment('--from env-id').slice('SECRETS='.length)}`,
      ...extract('KEY'),
    );
    await expect(resolve('KEY', 'ALL')).resolves.toEqual({
      KEY: variables[0]?.value,
      ALL: JSON.stringify({ KEY: variables[0]?.value, TOKEN: 'two' }),
    });
    expect(sdk.getVariables.mock.calls).toEqual([['env-id']]);
    expect(sdk.createClient).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['--from env-id TOKE', 'secret-not-found', 'has no variable TOKE', 'Did you mean TOKEN?'],
    ['KEY', 'secrets-invalid', 'needs --from', 'Developer > View Environments'],
  ])('refuse "%s"', async (rest, code, said, hint) => {
    const failure = await with_(environment(rest)).failure('SECRETS');
    expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(said)]);
    expect(failure.hint).toContain(hint);
  });
});
