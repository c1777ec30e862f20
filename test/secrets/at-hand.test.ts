import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveSecrets, type SecretsRequest } from '../../src/secrets/resolve.ts';
import { project } from './project.ts';

/** What is had when only A is needed. */
async function had(text: string, wishes: Pick<SecretsRequest, 'atHand' | 'ifToBeHad'>) {
  const { folder, env } = project({ '.kamal/secrets': text });
  const values = await resolveSecrets({ path: '.kamal/secrets', cwd: folder, env, names: ['A'], ...wishes });
  return { values: Object.fromEntries(values), ran: existsSync(join(folder, 'ran')) };
}

describe('secrets beside those that are needed', () => {
  it('are taken along where they are text, or part of what is fetched anyway', async () => {
    const text = `ALL=$(printf '{"A":"a","B":"b"}')\nA=$(kamal secrets extract A $ALL)\nB=$(kamal secrets extract B $ALL)\nC=c$A\n`;
    const { values } = await had(text, { atHand: ['B', 'C', 'NONE'] });
    expect(values).toEqual({ A: 'a', B: 'b', C: 'ca' });
  });

  it('are not fetched for that: neither by a command nor out of a vault', async () => {
    const text = `A=a\nB=$(touch ran; echo b)\nC=$B\nD=$(kamal secrets extract D $(touch ran))\nE=op://vault/item/field\n`;
    await expect(had(text, { atHand: ['B', 'C', 'D', 'E'] })).resolves.toEqual({ values: { A: 'a' }, ran: false });
  });

  it('are left out where they are fetched and cannot be had', async () => {
    const { values, ran } = await had(`A=a\nB=$(touch ran; echo b)\nC=$(false)\nD=$NOBODY\n`, {
      ifToBeHad: ['B', 'C', 'D', 'NONE'],
    });
    expect([values, ran]).toEqual([{ A: 'a', B: 'b' }, true]);
  });

  it('make what is needed no less needed', async () => {
    await expect(had(`A=$NOBODY\nB=$A\n`, { ifToBeHad: ['B'], atHand: ['B'] })).rejects.toMatchObject({
      code: 'secrets-missing',
    });
  });
});
