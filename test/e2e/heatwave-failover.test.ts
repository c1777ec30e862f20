import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanResult, StatusResult } from '../../src/report/results.ts';
import type { Project } from './harness.ts';
import { watchWriters, type Watched, writersInOrder } from './heatwave-writers.ts';
import { guardState, inContainer, openTunnel, pause, sql, startHeatwave, type Tunnel, until } from './heatwave.ts';
import { chi, dal, on } from './machines.ts';

/** The primary stops, loses its address, loses its machine; each test goes on from the one before. */

let project: Project;
let tunnel: Tunnel;
let watched: Watched;
const acknowledged: string[] = [];

beforeAll(async () => {
  ({ project, tunnel } = await startHeatwave());
  await project.succeeds('setup production');
  watched = watchWriters([
    { where: dal, container: 'heatwave-postgres' },
    { where: chi, container: 'heatwave-postgres-replica' },
  ]);
});

afterAll(() => {
  tunnel.close();
  project.remove();
});

const guard = (accessory: string, words: string) =>
  project.succeeds(['accessory', 'exec', accessory, '--reuse', `pg-guard ${words}`]);

/** A row by the app's own way: web, haproxy, pgbouncer, and the server that is the primary. */
async function write(id: string, seconds = 15): Promise<void> {
  await until(
    `row ${id} is written`,
    () => tunnel.ask('POST', `/rows?id=${id}`),
    ({ status }) => status === 201,
    seconds,
  );
  acknowledged.push(id);
}

const isOnStandby = (id: string) =>
  until(
    `row ${id} is on the standby`,
    () => sql(chi, 'heatwave-postgres-replica', 'SELECT id FROM rows'),
    (rows) => rows.split('\n').includes(id),
    30,
  );

const startedAt = (...names: string[]) =>
  on(dal, `docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' ${names.join(' ')}`);
const logged = (text: string) =>
  until(
    `the old primary says: ${text}`,
    () => on(dal, 'docker logs --tail 20 heatwave-postgres 2>&1'),
    (log) => log.includes(text),
  );

/** The engine is stopped and started as by the system, while the machine's address is away for 20 s. */
const restartWithoutAddress = readFileSync(join(import.meta.dirname, '../sandbox/restart-without-address'), 'utf8');

test('an engine that starts before its address: what is down is told with the reason, and one command starts all in order', async () => {
  await write('before-restart');
  await promisify(execFile)('docker', ['exec', '--detach', dal.container, 'sh', '-c', restartWithoutAddress]);
  await until(
    'the address is back',
    () => on(dal, 'ls /tmp/back'),
    (text) => text !== '',
    60,
  );

  const late =
    'postgres pgbouncer pg-health haproxy valkey-cache valkey-sessions valkey-queue sftp playwright netdata'.split(' ');
  const why = `${dal.address} was missing on the machine when Docker tried to start it, and is there again`;
  const status = JSON.parse((await project.succeeds('status production --json')).stdout) as StatusResult;
  expect(status.down.map(({ host, kind, name }) => [host, kind, name])).toEqual(
    late.map((name) => [dal.address, 'accessory', name]),
  );
  for (const one of status.down) {
    expect(one).toMatchObject({ why, command: `longshore accessory start ${one.name} -d production` });
    expect(one.error).toContain('cannot assign requested address');
  }
  const shown = await project.succeeds('status production');
  expect(shown.stdout).toContain(`${dal.address}  ${late.join(', ')}  ${why}`);
  expect(shown.stdout).toContain('To start what is down: longshore accessory start all -d production');
  const plan = await project.longshore('plan production --check');
  expect(plan, plan.output).toMatchObject({ status: 7 });
  expect(plan.stdout).toContain(
    `${late.join(', ')} do not run: ${why}; \`longshore accessory start all -d production\` starts what is down`,
  );

  const start = await project.succeeds('accessory start all -d production --json');
  const at = (kind: string, type: string, role: string) =>
    start.events.findIndex(
      (event) => 'step' in event && event.type === type && event.step.kind === kind && event.role === role,
    );
  for (const [first, then] of [
    ['postgres', 'pgbouncer'],
    ['postgres', 'pg-health'],
    ['pgbouncer', 'haproxy'],
    ['pg-health', 'haproxy'],
  ] as const) {
    expect(at('wait-until-healthy', 'step-ended', first)).toBeGreaterThan(-1);
    expect(at('wait-until-healthy', 'step-ended', first)).toBeLessThan(at('start-container', 'step-started', then));
  }
  const again = await project.succeeds('plan production --check --json');
  expect((JSON.parse(again.stdout) as PlanResult).accessories).toEqual([]);
  await write('after-restart');
  // The standby follows again a few seconds after its primary is back; what it has not received yet is not there after a promotion.
  await isOnStandby('after-restart');
});

test('the primary stops: its standby is promoted, and writes go there through haproxy without a deploy', async () => {
  const around = ['heatwave-haproxy', 'heatwave-pgbouncer', 'heatwave-pg-health'];
  const before = await startedAt(...around);
  await on(dal, 'docker stop heatwave-postgres');
  const promoted = await guard('postgres-replica', 'promote');
  expect(promoted.output).toContain('chi_02 is the primary now');
  await write('after-promotion');
  expect(await startedAt(...around)).toBe(before);
  expect(await sql(chi, 'heatwave-postgres-replica', "SELECT id FROM rows WHERE id = 'after-promotion'")).toBe(
    'after-promotion',
  );
});

test('the old primary comes back closed, is rebuilt, and the two change places again', async () => {
  await on(dal, 'docker start heatwave-postgres');
  await logged(`fenced: ${chi.address}:5432 is the primary`);
  const alone = await project.longshore(['accessory', 'exec', 'postgres', '--reuse', 'pg-guard open-alone']);
  expect(alone).toMatchObject({ status: 1 });
  await guard('postgres', 'rebuild');
  await until(
    'it follows',
    () => guardState(dal, 'heatwave-postgres'),
    (state) => state.includes('dal_01 is a standby, streaming'),
  );
  await guard('postgres', 'promote');
  await write('after-switchover');
  await guard('postgres-replica', 'rebuild');
  await until(
    'the other follows',
    () => guardState(chi, 'heatwave-postgres-replica'),
    (state) => state.includes('standby, streaming'),
  );
});

test('a machine that lost its power comes back after the promotion: its policies start the old primary, which stays closed', async () => {
  await write('before-power-cut');
  await isOnStandby('before-power-cut');
  await promisify(execFile)('docker', ['kill', dal.container]);
  tunnel.close();
  const hesitating = await project.longshore(['accessory', 'exec', 'postgres-replica', '--reuse', 'pg-guard promote']);
  expect(hesitating).toMatchObject({ status: 1 });
  expect(hesitating.output).toContain('Switch its machine off, or make sure that it is.');
  await guard('postgres-replica', 'promote --primary-is-off');

  await promisify(execFile)('docker', ['start', dal.container]);
  await until(
    'dal-01 is up',
    () => on(dal, 'cat /run/ready && docker inspect --format "{{.State.Running}}" heatwave-postgres'),
    (text) => text === 'true',
  );
  await logged(`fenced: ${chi.address}:5432 is the primary`);
  tunnel = await openTunnel();
  await write('after-return', 30);
  // As long as it takes a primary to open, and more.
  await pause(5000);
  expect(await guardState(dal, 'heatwave-postgres')).toContain('dal_01 does not run');
  const { down } = JSON.parse((await project.succeeds('status production --json')).stdout) as StatusResult;
  expect(down).toEqual([]);
  await guard('postgres', 'rebuild');
  await until(
    'it follows',
    () => guardState(dal, 'heatwave-postgres'),
    (state) => state.includes('dal_01 is a standby, streaming'),
  );
});

test('never did both servers take writes, and every row that was acknowledged is on both', async () => {
  const answers = await watched.end();
  const [first, second] = ['heatwave-postgres', 'heatwave-postgres-replica'] as const;
  expect(writersInOrder(answers)).toEqual([first, second, first, second]);
  for (const server of [first, second]) {
    expect(answers.filter((answer) => answer.server === server && answer.takesWrites).length).toBeGreaterThan(50);
  }
  const rows = await Promise.all([
    inContainer(dal, first, ['psql', '-U', 'heatwave', '-XqtA', '-c', 'SELECT id FROM rows']),
    sql(chi, second, 'SELECT id FROM rows'),
  ]);
  for (const there of rows) expect(there.split('\n').toSorted()).toEqual(acknowledged.toSorted());
});
