import { writeSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanResult, StatusResult } from '../../../src/pipeline.ts';
import { describeLoad, startLoad } from '../../load/load.ts';
import { type Ended, first, makeProject, type Project } from '../harness.ts';
import { allNamed, bare, dal, lockIsHeld, on, resetSandbox, running, served } from '../machines.ts';

/** The story of bin/demo, on examples/hello as it is. Each test goes on where the one before left off. */

const host = 'hello.test';
const machines = [dal, bare];
let project: Project;
/** The version that serves, and the one before. */
let current: string;
let previous: string;

beforeAll(async () => {
  await resetSandbox();
  project = makeProject('examples/hello');
});

afterAll(() => project.remove());

test('setup makes two empty machines, one without Docker, serve the app', async () => {
  expect(await on(bare, 'command -v docker || echo none')).toBe('none');
  current = project.commit('Hello');
  const setup = await project.longshore('setup production');
  expect(setup, setup.output).toMatchObject({ status: 0 });
  expect(setup.stderr).toContain(`setup hello (production) from config/deploy.yml to ${dal.address}, ${bare.address}`);
  expect(setup.stderr).toContain(`Docker was installed on ${bare.address}`);
  expect(setup.stdout).toContain(`hello to production: ${current.slice(0, 7)} serves on 2 hosts`);
  await everyMachineServes(current);
});

test('plan right after a deploy says that there is nothing to do', async () => {
  const plan = await project.longshore('plan production');
  expect(plan, plan.output).toMatchObject({ status: 0 });
  expect(plan.stdout).toMatch(/nothing to do/i);
  expect(JSON.parse((await project.longshore('plan production --json')).stdout)).toMatchObject({ nothingToDo: true });
});

test('a new commit is deployed under load, and no request is lost', async () => {
  previous = current;
  const targets = machines.map(({ loopback }) => loopback);
  const load = startLoad({ targets, host, total: 2500, perSecond: 250, uploads: 2, maxSeconds: 60 });
  try {
    current = project.commit('Again');
    const deploy = await project.longshore('deploy production');
    expect(deploy, deploy.output).toMatchObject({ status: 0 });
    expect(deploy.stdout).toContain(`${current.slice(0, 7)} serves on 2 hosts, ${previous.slice(0, 7)} before`);
    const result = await load.finish();
    writeSync(2, `${describeLoad(result)}\n`);
    expect(result.losses).toEqual([]);
    for (const target of targets)
      expect(Object.keys(result.versions[target] ?? {}).toSorted()).toEqual([previous, current].toSorted());
  } finally {
    load.stop();
  }
  await everyMachineServes(current);
});

describe('a broken commit changes nothing that serves', () => {
  const cases = [
    {
      what: 'an app that never gets healthy',
      file: 'web.js',
      code: `const never = require('node:http').createServer((_, response) => { response.statusCode = 503; response.end(); });
never.listen(3000, () => console.log('the database is away'));
process.on('SIGTERM', () => process.exit(0));
return;`,
      where: [dal.address, 'web'],
      log: 'the database is away',
      probe: /what the health probe saw:\n +\| \S+ GET \/up: .*503/,
      cause: 'it runs, but its health check answers 503',
    },
    {
      what: 'an app that crashes at its start',
      file: 'web.js',
      code: `throw new Error('no flux capacitor');`,
      where: [dal.address, 'web'],
      log: 'no flux capacitor',
      probe: /what the health probe saw/,
      cause: 'it crashed with status 1',
    },
    {
      what: 'an app that fails on the second machine only',
      file: 'web.js',
      code: `if (require('node:os').hostname().startsWith('${bare.address}')) {
  console.log('this machine has no disk');
  process.exit(4);
}`,
      where: [bare.address, 'web'],
      log: 'this machine has no disk',
      probe: /what the health probe saw/,
      cause: 'it crashed with status 4',
    },
    {
      what: 'a worker that exits three seconds after its start while web is healthy',
      file: 'worker.js',
      code: `setTimeout(() => { console.log('the queue is closed'); process.exit(7); }, 3000);`,
      where: [dal.address, 'worker'],
      log: 'the queue is closed',
      probe: /what the health probe saw/,
      cause: 'it crashed with status 7',
    },
  ];

  test.each(cases)('$what', async ({ what, file, code, where, log, probe, cause }) => {
    const broken = project.commit(what, { [file]: first(code) });
    const deploy = await project.longshore('deploy production');
    project.commit(`Mend ${what}`, { [file]: (text) => text.replace(`${code}\n`, '') });

    expect(deploy, deploy.output).toMatchObject({ status: 5 });
    await everyMachineServes(current);
    for (const machine of machines) expect(await allNamed(machine, broken)).toEqual([]);
    expect(await lockIsHeld(dal, 'hello')).toBe(false);
    const said = deploy.stderr;
    expect(said).toContain(`${where.join(' ')}: `);
    expect(said).toMatch(new RegExp(`last lines of its log:[^]*\\| .*${log}`));
    expect(said).toMatch(probe);
    expect(said).toContain(`likely cause  ${cause}`);
    expect(said).toMatch(/next +mend it, commit, and type: longshore deploy production/);
    expect(said).toContain(`every machine serves ${current.slice(0, 7)} as before`);
    // Well before any time limit: a crash is seen at once.
    expect(deploy.seconds).toBeLessThan(20);
  });
});

test('rollback starts the retained containers of the last good release, past the failed ones', async () => {
  const back = await project.longshore('rollback -d production');
  expect(back, back.output).toMatchObject({ status: 0 });
  await everyMachineServes(previous);
  expect(back.output).not.toContain("today's settings apply");
});

test('rollback takes any unique prefix of a version', async () => {
  const forward = await project.longshore(`rollback ${current.slice(0, 6)} -d production`);
  expect(forward, forward.output).toMatchObject({ status: 0 });
  await everyMachineServes(current);
});

test('rollback makes containers again where the retained ones are gone, and says that today’s settings apply', async () => {
  await Promise.all(machines.map((one) => on(one, `docker rm hello-web-${previous}`)));
  const back = await project.longshore(`rollback ${previous} -d production`);
  expect(back, back.output).toMatchObject({ status: 0 });
  for (const { address } of machines) {
    expect(back.stderr).toMatch(
      new RegExp(`${address}: hello-web-\\w+ is made again from its image .*: today's settings apply to it`),
    );
  }
  expect(back.stderr).not.toMatch(/hello-worker-\w+ is made again/);
  await everyMachineServes(previous);
  [current, previous] = [previous, current];
});

test('plan names exactly the container that somebody stopped by hand, and a deploy starts it again', async () => {
  await on(dal, `docker stop -t 1 hello-worker-${current}`);
  const plan = await project.longshore(`plan production --json --version ${current}`);
  const { stages } = (JSON.parse(plan.stdout) as PlanResult).plan;
  const swaps = stages.flatMap(({ lanes }) => lanes.filter(({ optional }) => optional !== true));
  expect(swaps).toMatchObject([
    {
      host: dal.address,
      role: 'worker',
      steps: [{ kind: 'start-container', because: expect.stringMatching(/exited/i) }, { kind: 'wait-until-ready' }],
    },
  ]);
  const text = await project.longshore(`plan production --version ${current}`);
  expect(text.stdout).toMatch(
    new RegExp(`Boot others +${dal.address} worker +start hello-worker-\\w+ +\\(it is not running: Exited`),
  );
  expect(text.stdout.match(/^Boot .*/gm)).toHaveLength(1);

  const status = await project.longshore('status production');
  expect(status.stdout).toMatch(new RegExp(`worker +${current.slice(0, 7)} +exited +Exited`));

  const check = await project.longshore('plan production --check');
  expect(check, check.output).toMatchObject({ status: 7 });
  expect(check.stdout).toContain('2 steps on 1 host');
  const deploy = await project.longshore(`deploy production --skip-push --version ${current}`);
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  await everyMachineServes(current);
});

test('plan --check says 0 for machines as they should be, and a newer commit is no drift', async () => {
  project.commit('Newer');
  const check = await project.longshore('plan production --check');
  expect(check, check.output).toMatchObject({ status: 0 });
  const plan = await project.longshore('plan production');
  expect(plan.stdout).not.toMatch(/nothing to do/i);
});

test('status shows machines, roles, versions, traffic, routes and the lock', async () => {
  const text = (await project.longshore('status production')).stdout;
  for (const { address } of machines)
    expect(text).toMatch(new RegExp(`${address} +web +${current.slice(0, 7)} +running +Up .* serves`));
  expect(text).toMatch(new RegExp(`worker +${current.slice(0, 7)} +running +Up`));
  expect(text).toMatch(new RegExp(`hello-web +every name +hello-web-${current.slice(0, 7)}`));
  expect(text).toContain('Nobody holds the deploy lock.');

  const status = JSON.parse((await project.longshore('status production --json')).stdout) as StatusResult;
  expect(status.lock).toBeUndefined();
  expect(status.hosts.map(({ host }) => host)).toEqual(machines.map(({ address }) => address));
  for (const { containers, proxy, routes, engineVersion } of status.hosts) {
    expect(containers).toContainEqual(
      expect.objectContaining({ role: 'web', version: current, state: 'running', servesTraffic: true }),
    );
    expect(proxy).toMatchObject({ state: 'running' });
    expect(routes).toMatchObject([{ service: 'hello-web', target: `hello-web-${current}`, paused: false }]);
    expect(engineVersion).toMatch(/^\d+\.\d+/);
  }
});

test('after kill -9 in the middle the next deploy takes the lock over within seconds and finishes', async () => {
  const version = project.commit('Killed on the way');
  const dead = await project.longshore('deploy production --json', {
    onEvent(event, child) {
      if (event.type === 'step-started' && event.step.kind === 'send-traffic') child.kill('SIGKILL');
    },
  });
  expect(dead.status).toBe(137);
  expect(await lockIsHeld(dal, 'hello')).toBe(true);
  const holder = JSON.parse((await project.longshore('status production --json')).stdout) as StatusResult;
  expect(holder.lock?.lease?.seconds).toBe(15);

  const deploy = await project.longshore('deploy production');
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect(deploy.stderr).toContain('Taking over the lock of a run that gave no sign of life for 15 s');
  expect(deploy.seconds).toBeLessThan(15 + 15);
  [previous, current] = [current, version];
  await everyMachineServes(current);
  await nothingIsLeftToDo();
});

async function everyMachineServes(version: string): Promise<void> {
  expect(await Promise.all(machines.map((one) => served(one, host)))).toEqual(machines.map(() => version));
  expect(await running(dal, 'hello')).toEqual([`hello-web-${version}`, `hello-worker-${version}`]);
  expect(await running(bare, 'hello')).toEqual([`hello-web-${version}`]);
}

async function nothingIsLeftToDo(): Promise<void> {
  const plan: Ended = await project.longshore('plan production --json');
  expect(JSON.parse(plan.stdout)).toMatchObject({ nothingToDo: true });
  expect(await lockIsHeld(dal, 'hello')).toBe(false);
}
