import { expect, test } from 'vitest';
import { nastyValues, secretLines } from '../e2e/nasty-values.ts';
import { project } from './project.ts';

test('every value that is awkward arrives through every way of writing it that can carry it', async () => {
  const lines = Object.assign(
    {},
    ...Object.entries(nastyValues).map(([name, value]) => secretLines(name, value)),
  ) as Record<string, string>;
  const given = Object.entries(nastyValues).filter(([, value]) => value !== '');
  const { resolve } = project(
    {
      '.kamal/secrets': Object.entries(lines)
        .map(([key, text]) => `${key}=${text}\n`)
        .join(''),
      ...Object.fromEntries(given.map(([name, value]) => [`values/${name}`, value])),
    },
    { env: Object.fromEntries(given.map(([name, value]) => [`FROM_${name}`, value])) },
  );
  const values = await resolve(...Object.keys(lines));
  const wrong = Object.entries(values).filter(([key, value]) => value !== nastyValues[key.slice(2)]);
  expect(wrong.map(([key, value]) => [key, value.slice(0, 200), nastyValues[key.slice(2)]?.slice(0, 200)])).toEqual([]);
  expect(Object.keys(lines).length).toBeGreaterThan(4 * 20);
});
