import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HistoryResult } from '../../src/report/history.ts';
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

test('across a changed variable it wants to be told whose are meant; history shows what came of it', async () => {
  const withGreeting = {
    'config/deploy.yml': (text: string) => text.replace('env:\n', 'env:\n  clear:\n    GREETING: hello\n'),
  };
  const fourth = project.commit('Fourth', withGreeting);
  expect(await project.longshore('deploy')).toMatchObject({ status: 0 });
  const asked = await project.longshore(`rollback ${first.slice(0, 9)}`);
  expect(asked, asked.output).toMatchObject({ status: 3 });
  expect(asked.stderr).toContain(`${dal.address} web: env GREETING is missing`);
  expect(asked.stderr).toContain(`longshore rollback ${first.slice(0, 7)} --env release`);
  expect(await served(dal, host)).toBe(fourth);

  expect(await project.longshore(`rollback ${first.slice(0, 9)} --env current`)).toMatchObject({ status: 0 });
  expect(await served(dal, host)).toBe(first);
  expect(
    await on(
      dal,
      `docker exec small-web-${first} printenv GREETING 2>/dev/null || docker inspect --format '{{.Config.Env}}' small-web-${first} | grep -o GREETING=hello`,
    ),
  ).toContain('hello');

  const history = await project.longshore('history --json');
  expect(history, history.output).toMatchObject({ status: 0 });
  const { releases, serving } = JSON.parse(history.stdout) as HistoryResult;
  expect(serving).toEqual([first]);
  expect(releases[0]).toMatchObject({
    version: first,
    command: 'rollback',
    from: fourth,
    performer: expect.any(String) as string,
    digest: expect.stringMatching(/^sha256:/) as string,
    env: { web: ['SECRET_KEY', 'GREETING'], worker: ['SECRET_KEY', 'GREETING'] },
    hosts: [dal, chi].map(({ address }) => ({ host: address, outcome: 'live' })),
  });
  expect(history.stdout).not.toContain('small-key');
  expect((await project.longshore('history --most 2')).stdout).toMatch(/rollback: live, from \w{7} +\S+ on/);
});
