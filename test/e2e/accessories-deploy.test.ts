import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResult } from '../../src/report/results.ts';
import { addAccessories, emptyOfAccessories, images, pushImages } from './accessories.ts';
import { makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, on, running, served } from './machines.ts';

const env = { DB_PASSWORD: `pass'word $HOME` };
let project: Project;

beforeAll(async () => {
  await Promise.all([emptyMachines(dal, chi).then(() => emptyOfAccessories(dal, chi)), pushImages()]);
  project = makeProject('test/apps/small', addAccessories);
  // The second machine has accessories only.
  project.commit('One machine', { 'config/deploy.yml': (text) => text.replace('      - 100.64.77.12\n', '') });
});

afterAll(() => project.remove());

const started = (name: string) => on(dal, `docker inspect --format '{{.Id}} {{.State.StartedAt}}' ${name}`);

test('setup boots accessories before the app; a deploy leaves them alone; --accessories applies what differs', async () => {
  const version = project.commit('First');
  const setup = await project.longshore('setup --json', { env });
  expect(setup, setup.output).toMatchObject({ status: 0 });
  expect(await served(dal, 'small.test')).toBe(version);
  expect((await on(chi, `docker ps --format '{{.Names}}' | sort`)).split('\n')).toEqual(['small-cache', 'small-job']);
  const starts = setup.events.flatMap((event) =>
    event.type === 'step-ended' && event.step.kind === 'start-container' ? [event.role] : [],
  );
  expect(starts.slice(0, -2).toSorted()).toEqual(['api', 'cache', 'cache', 'db', 'job']);
  expect(starts.slice(-2).toSorted()).toEqual(['web', 'worker']);

  const before = await Promise.all(['small-db', 'small-api'].map(started));
  const second = project.commit('Another database', {
    'config/deploy.yml': (text) => text.replace(images.one, images.two),
  });
  const deploy = await project.longshore('deploy --json', { env });
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect(await Promise.all(['small-db', 'small-api'].map(started))).toEqual(before);

  const third = project.commit('Both');
  const both = await project.longshore('deploy --accessories', { env });
  expect(both, both.output).toMatchObject({ status: 0 });
  expect(both.stdout).toMatch(/^ +db +\S+ +healthy after \d+\.\d s +down for \d+\.\d s$/m);
  expect(third).not.toBe(second);
  expect(await served(dal, 'small.test')).toBe(third);
  expect(await on(dal, `docker inspect --format '{{.Config.Image}}' small-db`)).toBe(images.two);
  expect(await started('small-api')).toBe(before[1]);
  expect(await running(dal, 'small-db')).toEqual(['small-db']);
});

test('status shows accessories and what is not of this file', async () => {
  await on(chi, `docker stop -t 0 small-job && docker run -d --name stranger ${images.one} sleep 999`);
  const status = await project.longshore('status --json', { env });
  await on(chi, 'docker rm -f stranger');
  expect(status, status.output).toMatchObject({ status: 0 });
  const { hosts } = JSON.parse(status.stdout) as StatusResult;
  const [first, second] = hosts;
  expect(first?.accessories).toMatchObject([
    { name: 'db', state: 'running', image: images.two, ports: ['127.0.0.1:7001/tcp'] },
    { name: 'api', state: 'running' },
    { name: 'cache', state: 'running' },
  ]);
  expect(first?.others).toEqual([]);
  expect(second).toMatchObject({
    host: chi.address,
    containers: [],
    accessories: [
      { name: 'cache', state: 'running' },
      { name: 'job', state: 'exited', ports: [] },
    ],
    others: [{ container: 'stranger' }],
  });
});
