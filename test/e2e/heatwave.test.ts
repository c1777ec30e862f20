import { writeSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResult } from '../../src/report/results.ts';
import { describeHeatwave, type HeatwavePlan, type HeatwaveResult, startHeatwaveLoad } from '../load/heatwave.ts';
import type { Project } from './harness.ts';
import {
  allJobs,
  counts,
  guardState,
  inContainer,
  pause,
  production,
  staging,
  sql,
  startHeatwave,
  startDatabasus,
  type Tunnel,
  until,
} from './heatwave.ts';
import { allNamed, chi, dal, on, running, typed } from './machines.ts';

/** The stack of examples/heatwave, from two empty machines: each test goes on from the one before. */

let project: Project;
let tunnel: Tunnel;
/** What setup deploys. */
let first: string;

beforeAll(async () => {
  // One release besides the running one is kept, so that staging would soon push production's out.
  ({ project, version: first, tunnel } = await startHeatwave('retain_containers: 1\n'));
});

afterAll(() => {
  tunnel.close();
  project.remove();
});

const load = (name: string, perSecond: HeatwavePlan['perSecond'], jobMilliseconds = 0) =>
  startHeatwaveLoad({ port: tunnel.port, host: production, name, perSecond, jobMilliseconds, maxSeconds: 240 });
const image = (old: string, changed: string) =>
  project.commit(changed, { 'config/deploy.yml': (text) => text.replace(`${old}\n`, `${changed}\n`) });
const missing = (wanted: readonly string[], there: ReadonlySet<string>) => wanted.filter((one) => !there.has(one));
/** Every row that was acknowledged is there. */
async function everyRow({ acknowledged, sent, losses }: HeatwaveResult): Promise<void> {
  writeSync(2, `${losses.length} of ${sent.rows} rows were refused\n`);
  const rows = await sql(dal, 'heatwave-postgres', 'SELECT id FROM rows');
  expect(acknowledged.rows.length).toBeGreaterThan(0);
  expect(missing(acknowledged.rows, new Set(rows.split('\n')))).toEqual([]);
}
/** A row that is written now is on the standby soon. */
async function standbyFollows(id: string): Promise<void> {
  await until(
    `${id} is written`,
    () => tunnel.ask('POST', `/rows?id=${id}`),
    ({ status }) => status === 201,
  );
  const there = () => sql(chi, 'heatwave-postgres-replica', `SELECT count(*) FROM rows WHERE id = '${id}'`);
  await until(`${id} is on the standby`, there, (count) => count === '1');
}
const workers = async () => (await running(dal, 'heatwave')).filter((name) => name.includes('-sidekiq-'));

test('setup makes a replicating stack of two empty machines, and staging beside it', async () => {
  await project.succeeds('setup production');
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

  await project.succeeds('setup staging');
  expect(await guardState(dal, 'heatwave-staging-postgres-replica')).toContain('staging_b is a standby, streaming');
  expect(await tunnel.ask('POST', '/rows?id=staged', staging)).toMatchObject({ status: 201 });
  const [one, other] = await Promise.all([counts(tunnel), counts(tunnel, staging)]);
  expect([one.rows, other.rows]).toEqual([1, 1]);
  expect(await sql(dal, 'heatwave-postgres', 'SELECT id FROM rows')).toBe('first');
});

test('status shows all of it, and what is not of this file', async () => {
  await startDatabasus(project);
  const { hosts } = JSON.parse((await project.succeeds('status production --json')).stdout) as StatusResult;
  const [first, second] = hosts;
  const up = (names: string) => names.split(' ').map((name) => ({ name, state: 'running' }));
  expect(first?.containers.map(({ role, state }) => `${role} ${state}`)).toEqual(['web running', 'sidekiq running']);
  expect(first?.accessories).toMatchObject(
    up('postgres pgbouncer pg-health haproxy valkey-cache valkey-sessions valkey-queue sftp playwright netdata'),
  );
  expect(second?.accessories).toMatchObject(up('postgres-replica pgbouncer-replica pg-health-replica netdata-chi'));
  expect(second?.others).toMatchObject([{ container: 'databasus' }]);
  expect(first?.others.every(({ container }) => container.startsWith('heatwave-staging-'))).toBe(true);
  const beside = JSON.parse((await project.succeeds('status staging --json')).stdout) as StatusResult;
  expect(beside.hosts[0]?.accessories.filter(({ state }) => state === 'running')).toHaveLength(13);
});

test('a deploy under load with jobs flowing loses no request and no job, and quiets the workers first', async () => {
  const [old] = await workers();
  const asking = load('deploy', { pages: 40, rows: 5, jobs: 10 }, 20);
  let result: HeatwaveResult;
  try {
    await pause(2000);
    const version = project.commit('A new version');
    const deploy = await project.succeeds('deploy production --json');
    await pause(2000);
    result = await asking.finish();
    writeSync(2, `${describeHeatwave(result)}\n`);
    expect(Object.keys(result.versions)).toEqual([first, version]);
    const ends = deploy.events.flatMap((event) => (event.type === 'step-ended' ? [event.step] : []));
    const quieted = ends.findIndex((step) => step.kind === 'run-hook' && step.hook === 'pre-deploy');
    expect(quieted).toBeGreaterThan(0);
    expect(quieted).toBeLessThan(ends.findIndex(({ kind }) => kind === 'start-container'));
  } finally {
    asking.stop();
  }
  expect(result.losses).toEqual([]);
  const done = await until(
    'all jobs are done',
    () => counts(tunnel),
    ({ jobs }) => jobs.queued + jobs.inHand === 0,
  );
  expect(done.jobs).toMatchObject({ finished: result.acknowledged.jobs.length + 3, startedTwice: 0 });
  expect(missing(result.acknowledged.jobs, await allJobs())).toEqual([]);
  const [now, ...others] = await workers();
  expect(others).toEqual([]);
  // What the old one began last was begun before the new one took its first.
  const attempts = await sql(
    dal,
    'heatwave-postgres',
    `SELECT max(started_at) FILTER (WHERE worker LIKE '${old}:%') < min(started_at) FILTER (WHERE worker LIKE '${now}:%') FROM attempts`,
  );
  expect(attempts).toBe('t');
  expect(await on(dal, `docker logs ${old} 2>&1`)).toContain('is quiet');
  expect(await on(dal, 'ls /home/deploy/.kamal')).not.toContain('heatwave-quiet');
});

test('a deploy that fails leaves the workers at work, and nothing of its pre-deploy', async () => {
  const before = await workers();
  let good = '';
  const crash = (old: string) => ((good = old), "console.error('no queue');process.exit(3);\n");
  project.commit('Its worker crashes', { 'worker.js': crash });
  const failed = await project.longshore('deploy production --json');
  project.commit('Mended', { 'worker.js': good });
  expect(failed, failed.output).toMatchObject({ status: 5, stderr: expect.stringContaining('no queue') });
  expect(failed.stderr).toMatch(/"step-ended".*"hook":"pre-deploy"[^]*"step-ended".*"hook":"deploy-failed"/);
  expect(await workers()).toEqual(before);
  expect(await on(dal, 'ls -R /home/deploy/.kamal')).not.toMatch(/heatwave-quiet|\.(quiet|working|waking)/);
  const { finished } = (await counts(tunnel)).jobs;
  expect(await tunnel.ask('POST', '/jobs?id=after-failure&count=1')).toMatchObject({ status: 202 });
  const doneSince = async () => (await counts(tunnel)).jobs.finished - finished;
  await until('the job is done', doneSince, (one) => one === 1, 10);
});

test('accessory reboot valkey-queue keeps 10,000 jobs and all that is enqueued meanwhile', async () => {
  expect(await tunnel.ask('POST', '/jobs?id=many&count=10000&milliseconds=5')).toMatchObject({ status: 202 });
  const asking = load('reboot', { jobs: 40 });
  try {
    await pause(1000);
    const reboot = await project.succeeds('accessory reboot valkey-queue');
    await pause(1000);
    const result = await asking.finish();
    const failed = result.losses.length;
    writeSync(2, `${failed} of ${result.sent.jobs} enqueues failed; ${/down for .*/.exec(reboot.stdout)?.[0]}\n`);
    expect(reboot.output).toContain('valkey-queue keeps /home/deploy/heatwave-valkey-queue/data');
    expect(reboot.stdout).toMatch(/valkey-queue .* healthy after \d+\.\d s +down for \d+\.\d s/);
    expect(result.acknowledged.jobs.length + failed).toBe(result.sent.jobs);
    const many = Array.from({ length: 10_000 }, (_, at) => `many-${at + 1}`);
    expect(missing([...many, ...result.acknowledged.jobs], await allJobs())).toEqual([]);
    expect((await counts(tunnel)).jobs.startedTwice).toBe(0);
  } finally {
    asking.stop();
    await inContainer(dal, 'heatwave-valkey-queue', ['valkey-cli', 'DEL', 'queue']);
  }
});

test('accessory upgrade postgres brings another build of the server, and every row stays', async () => {
  const build = () => sql(dal, 'heatwave-postgres', 'SHOW server_version');
  const before = await build();
  image('postgres:15-bookworm', 'postgres:15-bookworm-security');
  const asking = load('upgrade', { rows: 10 });
  try {
    await pause(1000);
    const upgrade = await project.succeeds('accessory upgrade postgres');
    expect(upgrade.stdout).toMatch(/postgres .* down for \d+\.\d s/);
    await until(
      'rows are written again',
      () => tunnel.ask('POST', '/rows?id=upgraded'),
      ({ status }) => status === 201,
    );
    await everyRow(await asking.finish());
  } finally {
    asking.stop();
  }
  writeSync(2, `PostgreSQL ${before} became ${await build()}\n`);
  expect(await build()).not.toBe(before);
  await standbyFollows('after-upgrade');
});

test('an image that writes into the data and then fails: both containers stay, and what is printed brings the old one back', async () => {
  const asking = load('broken', { rows: 10 });
  try {
    await pause(1000);
    image('postgres:15-bookworm-security', 'postgres:15-broken');
    const upgrade = await project.longshore('accessory upgrade postgres');
    expect(upgrade, upgrade.output).toMatchObject({ status: 6 });
    expect(await on(dal, `docker ps --filter name=heatwave-postgres --format '{{.Names}}'`)).toBe('');
    expect(await allNamed(dal, 'heatwave-postgres')).toHaveLength(2);
    const commands = upgrade.stderr.split('\n').flatMap((line) => /^ +(ssh .*)/.exec(line)?.[1] ?? []);
    expect(commands).toHaveLength(2);
    for (const command of commands) await typed(command);
    await until(
      'rows are written again',
      () => tunnel.ask('POST', '/rows?id=back'),
      ({ status }) => status === 201,
    );
    await everyRow(await asking.finish());
  } finally {
    asking.stop();
  }
  await standbyFollows('after-broken');
  image('postgres:15-broken', 'postgres:15-bookworm-security');
  // It did write.
  expect(await on(dal, 'ls /home/deploy/heatwave-postgres/data/pgdata')).toContain('half-migrated');
});

test('production rolls back after five deploys of staging', async () => {
  for (const name of ['One', 'Two', 'Three', 'Four', 'Five']) {
    project.commit(name);
    await project.succeeds('deploy staging');
  }
  const rollback = await project.succeeds('rollback -d production');
  expect(rollback.stdout).toContain(first.slice(0, 7));
  expect((await tunnel.ask('GET', '/')).body).toContain(`heatwave ${first},`);
});
