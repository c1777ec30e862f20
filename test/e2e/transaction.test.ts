import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { allNamed, ask, chi, dal, emptyMachines, lockIsHeld, on, running, served } from './machines.ts';

const host = 'small.test';
let project: Project;

/** The worker's machine and the web's, by their addresses in the file. */
const servers = (web: string, worker: string) => (text: string) =>
  text.replace(
    /^servers:\n(?: .*\n)+/m,
    `servers:\n  web: [${web}]\n  worker:\n    hosts: [${worker}]\n    cmd: worker\n`,
  );
const [one, two] = ['100.64.77.11', '100.64.77.12'];

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) =>
      servers(
        `${one}, ${two}`,
        one,
      )(text)
        .replace('builder:', 'boot:\n  limit: 1\nbuilder:')
        .replace('readiness_delay: 0', 'readiness_delay: 1'),
  });
  const setup = await project.longshore('setup');
  expect(setup, setup.output).toMatchObject({ status: 0 });
});

afterAll(async () => {
  await on(chi, 'rm -f /usr/local/bin/date');
  project.remove();
});

test('a clock that is ten minutes off stops the deploy before the build', async () => {
  const current = await served(dal, host);
  project.commit('On another time');
  await on(
    chi,
    `printf '#!/bin/sh\nexec /bin/date -d "+600 seconds" "$@"\n' >/usr/local/bin/date; chmod 755 /usr/local/bin/date`,
  );
  const run = await project.longshore('deploy --json');
  await on(chi, 'rm /usr/local/bin/date');
  expect(run, run.output).toMatchObject({ status: 3 });
  expect(run.output).toContain('The clocks of the machines are more than 5 s apart');
  expect(run.output).toMatch(new RegExp(`${chi.address}: \\d+ s ahead of this machine's`));
  expect(run.events.some((event) => event.type === 'task-started' && event.task.startsWith('build'))).toBe(false);
  expect(await served(dal, host)).toBe(current);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('a hook that says on_failure=hold, then a worker that fails: the healthy role keeps serving, and the next deploy finishes', async () => {
  const before = await served(dal, host);
  const held = project.commit('Drops a column', {
    behaviour: 'worker:crash',
    '.kamal/hooks/pre-deploy': '#!/bin/sh\necho on_failure=hold >>"$LONGSHORE_OUTPUT"\n',
  });
  const run = await project.longshore('deploy');
  expect(run, run.output).toMatchObject({ status: 6 });
  expect(run.stderr).toContain('is held (hook pre-deploy said on_failure=hold)');
  for (const line of [
    `${dal.address} web: ${held.slice(0, 7)}`,
    `${chi.address} web: ${held.slice(0, 7)}`,
    `${dal.address} worker: ${before.slice(0, 7)}`,
  ]) {
    expect(run.stderr).toContain(line);
  }
  expect(await Promise.all([dal, chi].map((machine) => served(machine, host)))).toEqual([held, held]);
  expect(await running(dal, 'small')).toEqual([`small-web-${held}`, `small-worker-${before}`].toSorted());
  expect(await running(chi, 'small')).toEqual([`small-web-${held}`]);
  expect(await lockIsHeld(dal, 'small')).toBe(false);

  const mended = project.commit('Mended', { behaviour: '', '.kamal/hooks/pre-deploy': null });
  const next = await project.longshore('deploy');
  expect(next, next.output).toMatchObject({ status: 0 });
  expect(await running(dal, 'small')).toEqual([`small-web-${mended}`, `small-worker-${mended}`]);
});

test('web and worker change places under load: nothing is lost, nothing is left behind', async () => {
  project.commit('Web here, worker there', { 'config/deploy.yml': servers(one, two) });
  expect(await project.longshore('deploy')).toMatchObject({ status: 0 });
  expect(await running(chi, 'small')).toHaveLength(1);

  const version = project.commit('Change places', {
    'config/deploy.yml': servers(two, one),
    // Where a tunnel or DNS is told, once everything serves and before the old place stops.
    '.kamal/hooks/post-app-boot': '#!/bin/sh\ntrue\n',
  });
  let target = dal;
  let isOver = false;
  const answers: Promise<{ status: number; from: string }>[] = [];
  const load = (async () => {
    for (let index = 0; !isOver; index += 1) {
      const { loopback, address } = target;
      const path = index % 10 === 0 ? '/?sleep=2500' : '/';
      const answer = ask({ address: loopback, port: 80, method: 'GET', path, host });
      answers.push(answer.then(({ status }) => ({ status, from: address })));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const run = await project.longshore('deploy --json', {
    onEvent(event) {
      if (event.type === 'step-started' && event.step.kind === 'run-hook') target = chi;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  isOver = true;
  await load;
  expect(run, run.output).toMatchObject({ status: 0 });
  const all = await Promise.all(answers);
  expect(all.filter(({ status }) => status !== 200)).toEqual([]);
  for (const { address } of [dal, chi]) expect(all.filter(({ from }) => from === address).length).toBeGreaterThan(10);

  expect(await running(dal, 'small')).toEqual([`small-worker-${version}`]);
  expect(await running(chi, 'small')).toEqual([`small-web-${version}`]);
  expect((await allNamed(dal, 'small')).toSorted()).toEqual([`small-worker-${version}`]);
  expect((await allNamed(chi, 'small')).toSorted()).toEqual([`small-web-${version}`]);
  expect(await on(dal, `docker exec kamal-proxy kamal-proxy list | grep -c small-web || true`)).toBe('0');
  expect(await on(dal, 'ls /home/deploy/.kamal/apps/small/env/roles')).toBe('worker.env');
  const plan = await project.longshore('plan --check');
  expect(plan, plan.output).toMatchObject({ status: 0 });
});
