import { expect, test } from 'vitest';
import { type Selection, selectRoles } from '../../src/app/select.ts';
import { whatIsLeftOut, withoutHosts } from '../../src/app/without.ts';
import { load, withKeys } from '../config/load-text.ts';

const config = load(
  withKeys(`servers: {web: [web-1, web-2, web-3], worker: {hosts: [job-1]}}
accessories: {db: {image: i, host: db-1}, agent: {image: i, hosts: [web-1, db-1]}}`),
);
const all: Selection = { hosts: [], roles: [], primaryOnly: false };

function chosen(without: readonly string[], selection: Partial<Selection> = {}) {
  const selected = selectRoles(withoutHosts(config, without), { ...all, ...selection });
  return {
    lock: selected.primaryHost,
    roles: selected.roles.map(({ name, hosts }) => `${name}: ${hosts.map(({ host }) => host).join(' ')}`),
    accessories: selected.accessories.map(({ name, hosts }) => `${name}: ${hosts.map(({ host }) => host).join(' ')}`),
    hosts: selected.allHosts,
  };
}

test('a machine that is left out is in nothing that is chosen, and the lock goes to the next of the list', () => {
  expect(chosen(['web-1'])).toEqual({
    lock: 'web-2',
    roles: ['web: web-2 web-3', 'worker: job-1'],
    accessories: ['db: db-1', 'agent: db-1'],
    hosts: ['web-2', 'web-3', 'job-1', 'db-1'],
  });
  expect(chosen(['web-2']).lock).toBe('web-1');
  expect(chosen(['web-1', 'web-2', 'web-3'])).toMatchObject({ lock: 'job-1', roles: ['worker: job-1'] });
  expect(chosen([]).lock).toBe('web-1');
});

test('beside a filter too, which never moves the lock', () => {
  expect(chosen(['web-1'], { roles: ['web'] })).toMatchObject({ lock: 'web-2', roles: ['web: web-2 web-3'] });
  expect(chosen(['web-1'], { primaryOnly: true })).toMatchObject({ lock: 'web-2', roles: ['web: web-2'] });
  expect(chosen([], { hosts: ['web-3'] })).toMatchObject({ lock: 'web-1', roles: ['web: web-3'] });
  expect(() => chosen(['web-1'], { hosts: ['web-1'] })).toThrow('No host matches web-1');
  expect(() => chosen(['job-1'], { roles: ['worker'] })).toThrow('There is nothing to do: worker has no machine');
});

test('roles of the file stay as written: what runs elsewhere of a role is not mistaken for left over', () => {
  expect(withoutHosts(config, ['job-1']).roles).toEqual(config.roles);
});

test.each([
  [['web-9'], '--without web-9: there is no such machine; did you mean web-1?', 'web-1, web-2, web-3, job-1, db-1'],
  [['web-*'], '--without web-*: there is no such machine', 'web-1, web-2'],
  [['web-1', 'web-2', 'web-3', 'job-1', 'db-1'], '--without leaves no machine', 'This file has: web-1'],
])('%j is an error that names the machines of the file', (names, message, hint) => {
  expect(() => withoutHosts(config, names)).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

test('what a run does not do is told', () => {
  expect(whatIsLeftOut(config, ['web-1'])).toEqual([
    'Going on without web-1',
    'The lock is taken on web-2, as web-1 is left out',
    'agent on web-1 is not looked at',
  ]);
  expect(whatIsLeftOut(config, ['job-1', 'db-1'])).toEqual([
    'Going on without job-1, db-1',
    'worker is on no other machine than job-1: nothing is done about it',
    'db on db-1 is not looked at',
    'agent on db-1 is not looked at',
  ]);
});
