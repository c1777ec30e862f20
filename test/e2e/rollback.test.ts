import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, on, running, served } from './machines.ts';

/** Rolling back to containers that have lost what they need; the story rolls back to those that are as they were. */
const host = 'small.test';
let project: Project;
let first: string;
let second: string;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => `${text}\nvolumes:\n  - /home/deploy/small-data:/data\n`,
  });
  first = project.commit('First');
  expect(await project.longshore('setup')).toMatchObject({ status: 0 });
  second = project.commit('Second');
  expect(await project.longshore('deploy')).toMatchObject({ status: 0 });
});

afterAll(async () => {
  project.remove();
  await Promise.all([dal, chi].map((one) => on(one, 'rm -rf /home/deploy/small-data')));
});

test('a retained container whose network or mount is gone is made again, and the plan says that today’s settings apply', async () => {
  await on(dal, 'rm -rf /home/deploy/small-data');
  // The proxy and what serves are in the network made anew, as after somebody's clean-up.
  await on(
    chi,
    `up=$(docker ps -q)
for container in $up; do docker network disconnect -f kamal $container; done
docker network rm kamal >/dev/null && docker network create kamal >/dev/null
for container in $up; do docker network connect kamal $container; done`,
  );
  expect(await served(chi, host)).toBe(second);

  const back = await project.longshore(`rollback ${first.slice(0, 9)}`);
  expect(back, back.output).toMatchObject({ status: 0 });
  const said = (address: string, role: string, why: string) =>
    expect(back.stderr).toMatch(
      new RegExp(
        `${address}: small-${role}-\\w+ is made again from its image \\(.*${why}.*\\): today's settings apply`,
      ),
    );
  said(dal.address, 'web', '/home/deploy/small-data');
  said(dal.address, 'worker', '/home/deploy/small-data');
  said(chi.address, 'web', 'network kamal is gone');
  expect(await Promise.all([dal, chi].map((one) => served(one, host)))).toEqual([first, first]);
  expect(await running(dal, 'small')).toEqual([`small-web-${first}`, `small-worker-${first}`]);
});

test('without a name rollback goes to the last good release, which is none that was rolled back from', async () => {
  const third = project.commit('Third');
  expect(await project.longshore('deploy')).toMatchObject({ status: 0 });
  const back = await project.longshore('rollback');
  expect(back, back.output).toMatchObject({ status: 0 });
  // Not the second, from which there was a rollback to the first.
  expect(await served(dal, host)).toBe(first);
  expect(third).not.toBe(first);
});

test('a version that no machine knows changes nothing, and those that are known are listed', async () => {
  const unknown = await project.longshore('rollback 0000000');
  expect(unknown, unknown.output).toMatchObject({ status: 3 });
  expect(unknown.stderr).toContain(first.slice(0, 7));
  const asJson = await project.longshore('rollback --json 0000000');
  expect(JSON.parse(asJson.stdout)).toMatchObject({ error: { code: 'version-not-found', exit: 3 } });
  expect(await served(dal, host)).toBe(first);
});
