import { describe, expect, test } from 'vitest';
import { chooseAccessories, refuseNothingToDeploy, type Selection, selectRoles } from '../../src/app/select.ts';
import { load, withKeys } from '../config/load-text.ts';

const config = load(
  withKeys(`servers: {web: [web-1, web-2], worker: {hosts: [job-1, web-2]}, cron: {hosts: []}}
allow_empty_roles: true`),
);

function chosen(selection: Partial<Selection>): string[] {
  const { roles } = selectRoles(config, { hosts: [], roles: [], primaryOnly: false, ...selection });
  return roles.map(({ name, hosts }) => `${name}: ${hosts.map(({ host }) => host).join(' ')}`);
}

test('without a filter every role with machines is chosen, and globs narrow', () => {
  expect(chosen({})).toEqual(['web: web-1 web-2', 'worker: job-1 web-2']);
  expect(chosen({ hosts: ['web-*'] })).toEqual(['web: web-1 web-2', 'worker: web-2']);
  expect(chosen({ roles: ['w*r'], hosts: ['{job,web}-1'] })).toEqual(['worker: job-1']);
  expect(chosen({ primaryOnly: true })).toEqual(['web: web-1']);
  expect(chosen({ primaryOnly: true, roles: ['worker'] })).toEqual(['worker: job-1']);
});

test.each<[string, Partial<Selection>, string, string]>([
  ['a host that is none', { hosts: ['web-3'] }, 'No host matches web-3', 'web-1, web-2, job-1'],
  ['one of several hosts that is none', { hosts: ['web-1', 'wbe-2'] }, 'No host matches wbe-2', 'web-1'],
  ['a user before the host', { hosts: ['root@web-1'] }, 'No host matches root@web-1', 'web-1'],
  ['a port after the host', { hosts: ['web-1:22'] }, 'No host matches web-1:22', 'web-1'],
  ['a role that is none', { roles: ['wbe'] }, 'No role matches wbe', 'web, cron, worker'],
  [
    'a host of a role that is not chosen',
    { hosts: ['job-1'], roles: ['web'] },
    'No host matches job-1',
    'web-1, web-2',
  ],
  ['a role without machines', { roles: ['cron'] }, 'There is nothing to do: cron has no machine', 'web, worker'],
  ['its first machine', { roles: ['c*'], primaryOnly: true }, 'There is nothing to do: cron has no machine', 'web'],
])('%s is an error, and says what there is', (_what, selection, message, hint) => {
  expect(() => chosen(selection)).toThrow(
    expect.objectContaining({ code: 'usage', exitStatus: 2, message, hint: expect.stringContaining(hint) }),
  );
});

const beside = load(
  withKeys(`servers: {web: [web-1, web-2], job: {hosts: [job-1, web-2]}}
accessories: {db: {image: i, hosts: [db-1, db-2]}, agent: {image: i, role: web}}`),
);
const all: Selection = { hosts: [], roles: [], primaryOnly: false };

function select(chosen: Partial<Selection>) {
  const selected = selectRoles(beside, { ...all, ...chosen });
  return {
    roles: Object.fromEntries(selected.roles.map(({ name, hosts }) => [name, hosts.map(({ host }) => host)])),
    accessories: Object.fromEntries(
      selected.accessories.map(({ name, hosts }) => [name, hosts.map(({ host }) => host)]),
    ),
    hosts: selected.hosts,
    allHosts: selected.allHosts,
  };
}

describe('with accessories beside the app', () => {
  test('without filters all of it', () => {
    expect(select({})).toEqual({
      roles: { web: ['web-1', 'web-2'], job: ['job-1', 'web-2'] },
      accessories: { db: ['db-1', 'db-2'], agent: ['web-1', 'web-2'] },
      hosts: ['web-1', 'web-2', 'job-1'],
      allHosts: ['web-1', 'web-2', 'job-1', 'db-1', 'db-2'],
    });
  });

  test('globs of hosts range over accessories’ machines too', () => {
    expect(select({ hosts: ['*-2'] })).toEqual({
      roles: { web: ['web-2'], job: ['web-2'] },
      accessories: { db: ['db-2'], agent: ['web-2'] },
      hosts: ['web-2'],
      allHosts: ['web-2', 'db-2'],
    });
    expect(select({ hosts: ['db-*'] })).toMatchObject({ roles: {}, hosts: [], accessories: { db: ['db-1', 'db-2'] } });
    expect(() => select({ hosts: ['mail-*'] })).toThrow('No host matches mail-*');
  });

  test('roles leave the accessories on their machines', () => {
    expect(select({ roles: ['job'] })).toMatchObject({
      roles: { job: ['job-1', 'web-2'] },
      accessories: { agent: ['web-2'] },
    });
  });

  test('the primary is one machine of the app', () => {
    expect(select({ primaryOnly: true })).toMatchObject({ hosts: ['web-1'], allHosts: ['web-1'] });
  });

  test('a deploy to machines of accessories only is refused, and says so', () => {
    const only = selectRoles(beside, { ...all, hosts: ['db-1'] });
    expect(() => refuseNothingToDeploy(beside, only)).toThrow(
      'db-1 runs accessories only (db), so there is nothing to deploy',
    );
    const alone = load(
      'service: s\nimage: i\nregistry: {username: u, password: p}\nbuilder: {arch: amd64}\naccessories: {db: {image: i, host: d}}',
    );
    expect(() => refuseNothingToDeploy(alone, selectRoles(alone, all))).toThrow(
      'deploy.yml has no `servers`, so there is nothing to deploy',
    );
    expect(() => refuseNothingToDeploy(beside, selectRoles(beside, all))).not.toThrow();
  });
});

test('an accessory is chosen by its name, and one that is not there is told with the nearest, or where it is', () => {
  const on = (hosts: string[]) => selectRoles(beside, { ...all, hosts });
  expect(chooseAccessories(beside, on([]), ['db']).accessoryHosts).toEqual(['db-1', 'db-2']);
  const refusal = (hosts: string[], name: string) => () => chooseAccessories(beside, on(hosts), [name]);
  expect(refusal([], 'bd')).toThrow(
    expect.objectContaining({
      message: 'There is no accessory bd; did you mean db?',
      hint: 'The accessories are: db, agent, or all.',
    }),
  );
  expect(refusal(['web-1'], 'db')).toThrow(
    expect.objectContaining({
      message: 'db is not on the machines that were chosen',
      hint: 'It is on db-1, db-2.',
    }),
  );
});
