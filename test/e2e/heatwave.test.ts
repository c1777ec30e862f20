import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResult } from '../../src/report/results.ts';
import type { Ended, Project } from './harness.ts';
import {
  counts,
  emptyOfHeatwave,
  guardState,
  makeHeatwave,
  openTunnel,
  staging,
  sql,
  startDatabasus,
  type Tunnel,
  until,
} from './heatwave.ts';
import { chi, dal } from './machines.ts';

/** The stack of examples/heatwave, from two empty machines: each test goes on from the one before. */

let project: Project;
let tunnel: Tunnel;

beforeAll(async () => {
  [project] = await Promise.all([makeHeatwave(), emptyOfHeatwave()]);
  project.commit('As this test wants it', {
    // Waits are short, and one release besides the running one is kept, so that staging would soon push production's out.
    'config/deploy.yml': (text) => `${text}\nreadiness_delay: 1\nretain_containers: 1\n`,
  });
  tunnel = await openTunnel();
});

afterAll(() => {
  tunnel.close();
  project.remove();
});

const succeeds = async (words: string | readonly string[]): Promise<Ended> => {
  const ended = await project.longshore(words);
  expect(ended, ended.output).toMatchObject({ status: 0 });
  return ended;
};

test('setup makes a replicating stack of two empty machines, and staging beside it', async () => {
  await succeeds('setup production');
  expect(await tunnel.ask('GET', '/')).toMatchObject({ status: 200, body: expect.stringMatching(/^heatwave /) });
  expect(await guardState(chi, 'heatwave-postgres-replica')).toContain('chi_02 is a standby, streaming');
  expect(await tunnel.ask('POST', '/rows?id=first')).toMatchObject({ status: 201 });
  const onStandby = () => sql(chi, 'heatwave-postgres-replica', 'SELECT id FROM rows');
  await until('the row is on the standby', onStandby, (rows) => rows === 'first');
  expect(await tunnel.ask('POST', '/jobs?id=first&count=3')).toMatchObject({ status: 202 });
  await until(
    'the jobs are done',
    () => counts(tunnel),
    ({ jobs }) => jobs.finished === 3,
  );

  await succeeds('setup staging');
  expect(await guardState(dal, 'heatwave-staging-postgres-replica')).toContain('staging_b is a standby, streaming');
  expect(await tunnel.ask('POST', '/rows?id=staged', staging)).toMatchObject({ status: 201 });
  const [one, other] = await Promise.all([counts(tunnel), counts(tunnel, staging)]);
  expect([one.rows, other.rows]).toEqual([1, 1]);
  expect(await sql(dal, 'heatwave-postgres', 'SELECT id FROM rows')).toBe('first');
});

test('status shows all of it, and what is not of this file', async () => {
  await startDatabasus(project);
  const { hosts } = JSON.parse((await succeeds('status production --json')).stdout) as StatusResult;
  const [first, second] = hosts;
  const up = (names: string) => names.split(' ').map((name) => ({ name, state: 'running' }));
  expect(first?.containers.map(({ role, state }) => `${role} ${state}`)).toEqual(['web running', 'sidekiq running']);
  expect(first?.accessories).toMatchObject(
    up('postgres pgbouncer pg-health haproxy valkey-cache valkey-sessions valkey-queue sftp playwright netdata'),
  );
  expect(second?.accessories).toMatchObject(up('postgres-replica pgbouncer-replica pg-health-replica netdata-chi'));
  expect(second?.others).toMatchObject([{ container: 'databasus' }]);
  expect(first?.others.every(({ container }) => container.startsWith('heatwave-staging-'))).toBe(true);
  const beside = JSON.parse((await succeeds('status staging --json')).stdout) as StatusResult;
  expect(beside.hosts[0]?.accessories.filter(({ state }) => state === 'running')).toHaveLength(13);
});
