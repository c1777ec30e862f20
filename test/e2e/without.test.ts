import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, lockIsHeld, on, served } from './machines.ts';

/** A machine that is dead does not stop the living one, also when the lock lies on it; and no lock anywhere is overlooked. */

const host = 'small.test';
const record = '/home/deploy/.kamal/longshore/small/left-out.json';
let project: Project;

const docker = (...words: string[]) => execFileSync('docker', words, { stdio: 'ignore' });
const leftOut = async () => on(chi, `cat ${record} 2>/dev/null || true`);

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small');
  const setup = await project.longshore('setup');
  expect(setup, setup.output).toMatchObject({ status: 0 });
});

afterAll(() => {
  try {
    docker('unpause', dal.container);
  } catch {
    // It runs.
  }
  project.remove();
});

test('the primary stops answering: deploy says what to type, which deploys to the other one and is remembered until it has caught up', async () => {
  const before = await served(dal, host);
  const next = project.commit('While the primary is away');
  docker('pause', dal.container);
  const refused = await project.longshore('deploy');
  expect(refused, refused.output).toMatchObject({ status: 3 });
  expect(refused.stderr).toContain(
    `To go on without it, which takes the lock on the next machine: longshore deploy --without ${dal.address}`,
  );
  const locked: Promise<boolean>[] = [];
  const deploy = await project.longshore(`deploy --json --without ${dal.address}`, {
    onEvent: ({ type }) => type === 'step-started' && locked.length === 0 && locked.push(lockIsHeld(chi, 'small')),
  });
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect(await Promise.all(locked)).toEqual([true]);
  expect(await lockIsHeld(chi, 'small')).toBe(false);
  expect(await served(chi, host)).toBe(next);
  expect(await leftOut()).toContain(dal.address);
  docker('unpause', dal.container);
  expect(await served(dal, host)).toBe(before);

  const [status, plan] = await Promise.all([project.longshore('status'), project.longshore('plan --json')]);
  expect(status.stdout).toContain(`${dal.address} was left out since ${next.slice(0, 7)} (by `);
  expect(JSON.parse(plan.stdout)).toMatchObject({ leftOut: [{ host: dal.address, version: next }] });
  const back = await project.longshore('deploy');
  expect(back, back.output).toMatchObject({ status: 0 });
  expect(back.stderr).toMatch(/was left out since .*: this brings it up to date/);
  expect(await Promise.all([dal, chi].map((machine) => served(machine, host)))).toEqual([next, next]);
  expect(await leftOut()).toBe('');
  const after = await project.longshore('plan --json --check');
  expect(after, after.output).toMatchObject({ status: 0 });
  expect(JSON.parse(after.stdout)).toMatchObject({ leftOut: [], nothingToDo: true });
});

test('a lock that Kamal left on the second machine stops a deploy, also one that leaves this machine out by a filter', async () => {
  const details = Buffer.from('Locked by: Kim at 2026-11-20T22:55:44Z\nVersion: v2\nMessage: by a filter').toString(
    'base64',
  );
  const kamals = '/home/deploy/.kamal/lock-small';
  await on(chi, `mkdir ${kamals}; echo ${details} >${kamals}/details; chown -R deploy ${kamals}`);
  project.commit('Not deployed');
  for (const words of ['deploy', `deploy -h ${dal.address}`, 'rollback']) {
    const refused = await project.longshore(words);
    expect(refused, refused.output).toMatchObject({ status: 4 });
    for (const text of [chi.address, 'Locked by: Kim at 2026-11-20T22:55:44Z', 'by a filter', 'longshore lock release'])
      expect(refused.stderr).toContain(text);
    expect(await lockIsHeld(dal, 'small')).toBe(false);
  }
  expect((await project.longshore('lock status')).stdout).toContain(`${chi.address} carries one too`);
  expect(await project.longshore('lock release')).toMatchObject({ status: 0 });
  expect(await lockIsHeld(chi, 'small')).toBe(false);
});

test('of two deploys at once, one of them without the primary that the other one reaches, one waits or gives up', async () => {
  const next = project.commit('From two places');
  const push = await project.longshore('build push');
  expect(push, push.output).toMatchObject({ status: 0 });
  const runs = await Promise.all([
    project.longshore(`deploy -P --json --version ${next}`),
    project.longshore(`deploy -P --json --version ${next} --without ${dal.address}`),
  ]);
  const outputs = runs.map(({ output }) => output).join('\n');
  const statuses = runs.map(({ status }) => status).toSorted();
  expect([[0, 0].join(), [0, 4].join()], outputs).toContain(statuses.join());
  for (const { output } of runs.filter(({ status }) => status === 4)) expect(output).toContain('Somebody else');
  const [all, one] = runs.map(({ events }) =>
    events.filter(({ type }) => type.startsWith('step-')).map(({ at }) => at),
  );
  const isFirst = (early: readonly string[] = [], late: readonly string[] = []) =>
    early.length === 0 || late.length === 0 || (early.at(-1) ?? '') <= (late[0] ?? '');
  expect(isFirst(all, one) || isFirst(one, all), outputs).toBe(true);
  const last = await project.longshore(`deploy -P --version ${next}`);
  expect(last, last.output).toMatchObject({ status: 0 });
  expect(await Promise.all([dal, chi].map((machine) => served(machine, host)))).toEqual([next, next]);
  expect(await leftOut()).toBe('');
});
