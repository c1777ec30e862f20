/** What the real SDK does without the service: it loads, and refuses a token that is not one. */
import { expect, it } from 'vitest';
import { project, told } from '../project.ts';

it('the SDK loads, and a token that is not one is refused with a hint and without showing it', async () => {
  const { failure } = project(
    { '.kamal/secrets': 'A=op://V/I/F' },
    { env: { OP_SERVICE_ACCOUNT_TOKEN: 'ops_n0t-a-token' } },
  );
  const one = await failure('A');
  expect(one.code).toBe('secret-provider-locked');
  expect(one.message).toMatch(/^A \(\.kamal\/secrets:1\): 1Password: .*invalid/);
  expect(one.hint).toContain('OP_SERVICE_ACCOUNT_TOKEN');
  expect(told(one)).not.toContain('n0t-a-token');
});

it('without a token, the app and op, it says what to install', async () => {
  const { failure } = project({ '.kamal/secrets': 'A=op://V/I/F' }, { env: { PATH: '/nowhere' } });
  const one = await failure('A');
  expect(one.message).toContain('1Password cannot be reached');
  expect(one.hint).toContain('OP_SERVICE_ACCOUNT_TOKEN');
});
