import { expect, test } from 'vitest';
import { describeDrifts } from '../../src/plan/accessories/drift-text.ts';
import { describeTags } from '../../src/plan/accessories/moved.ts';
import { typed } from '../../src/plan/typed.ts';

test.each([
  ['deploy', undefined, 'longshore deploy'],
  ['deploy --accessories', 'staging', 'longshore deploy --accessories staging'],
  ['accessory boot db', 'staging', 'longshore accessory boot db -d staging'],
  ['rollback v1', 'staging', 'longshore rollback v1 -d staging'],
])('%s in %s is typed as %s %s', (command, destination, expected) => {
  expect(typed(command, destination)).toBe(expected);
});

test('what differs, and what moved, is told with commands of its own destination', () => {
  const drift = {
    name: 'db',
    host: 'one',
    because: ['cmd differs'],
    interrupts: [],
    commands: ['deploy --accessories', 'accessory upgrade db'],
  };
  const moved = { name: 'db', host: 'one', image: 'acme/db:1', because: 'the registry has another one' };
  const said = [...describeDrifts([drift], 'staging'), ...describeTags({ moved: [moved], notAsked: [] }, 'staging')];
  expect(said).toEqual([
    'one: db is left alone, unlike the file: cmd differs; `longshore deploy --accessories staging` or `longshore accessory upgrade db -d staging` applies it',
    'one: acme/db:1 of db moved: the registry has another one; only `longshore accessory upgrade db -d staging` applies it',
  ]);
});
