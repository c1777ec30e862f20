import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from './harness.ts';
import { chi, dal, emptyMachines, get, type Machine, on, served } from './machines.ts';

const host = 'small.test';
const machines = [dal, chi];
const place = '/home/deploy/.kamal/apps/small/assets';
let project: Project;
const versions: string[] = [];

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => `${text}\nasset_path: /public/assets:ro\n`,
    Dockerfile: (text) => text.replace('ENTRYPOINT', 'COPY public /public\nENTRYPOINT'),
    ...assets('one'),
  });
});

afterAll(() => project.remove());

function assets(name: string, before?: string): Record<string, string | null> {
  return {
    [`public/assets/app-${name}.js`]: `made for ${name}`,
    'public/assets/manifest.json': name,
    'public/assets/fonts/Über all.woff': 'font',
    ...(before === undefined ? {} : { [`public/assets/app-${before}.js`]: null }),
  };
}

async function release(name: string, before?: string): Promise<void> {
  versions.push(project.commit(name, assets(name, before)));
  const ended = await project.longshore(before === undefined ? 'setup' : 'deploy');
  expect(ended, ended.output).toMatchObject({ status: 0 });
}

interface Asked {
  readonly requests: number;
  readonly lost: readonly string[];
}

/** Asks for these assets all the time, on all machines and many at once, until told to stop. */
function keepAsking(names: readonly string[]): { stop(): Promise<Asked> } {
  const lost: string[] = [];
  const counts = { requests: 0, over: false };
  const ask = async (where: Machine, name: string) => {
    while (!counts.over) {
      const { status, body } = await get(where, host, `/assets/app-${name}.js`);
      counts.requests += 1;
      if (status !== 200 || body !== `made for ${name}`)
        lost.push(`${where.address} ${name}: ${status} ${body.slice(0, 60)}`);
    }
  };
  const asking = machines.flatMap((where) => names.flatMap((name) => [ask(where, name), ask(where, name)]));
  return {
    async stop() {
      counts.over = true;
      await Promise.all(asking);
      return { requests: counts.requests, lost: [...new Set(lost)] };
    },
  };
}

async function expectServed(version: string | undefined, manifest: string): Promise<void> {
  for (const where of machines) {
    expect(await served(where, host)).toBe(version);
    // What two versions call the same is each one's own.
    expect((await get(where, host, '/assets/manifest.json')).body).toBe(manifest);
    expect((await get(where, host, '/assets/fonts/%C3%9Cber%20all.woff')).body).toBe('font');
  }
  const check = await project.longshore('plan --check');
  expect(check, check.output).toMatchObject({ status: 0 });
}

test('the oldest and the newest asset answer throughout two deploys and two rollbacks', async () => {
  await release('one');
  await expectServed(versions[0], 'one');
  const first = keepAsking(['one']);
  await release('two', 'one');
  await release('three', 'two');
  const { requests, lost } = await first.stop();
  expect(lost).toEqual([]);
  expect(requests).toBeGreaterThan(200);
  await expectServed(versions[2], 'three');
  const plan = await project.longshore('plan');
  expect(plan.output).not.toContain('share /public/assets');

  const load = keepAsking(['one', 'three']);
  const back = await project.longshore(`rollback ${versions[0]?.slice(0, 12)}`);
  expect(back, back.output).toMatchObject({ status: 0 });
  await expectServed(versions[0], 'one');
  const on_ = await project.longshore(`rollback ${versions[2]?.slice(0, 12)}`);
  expect(on_, on_.output).toMatchObject({ status: 0 });
  const asked = await load.stop();
  expect(asked.lost).toEqual([]);
  expect(asked.requests).toBeGreaterThan(200);
  await expectServed(versions[2], 'three');
});

test('a rollback over what Kamal deleted puts it there again before the retained container starts', async () => {
  // As `kamal deploy` of the third leaves it.
  const kept = versions[2];
  await Promise.all(
    machines.map((one) =>
      on(one, `cd ${place} && find extracted volumes -maxdepth 1 -name 'web-*' ! -name web-${kept} -exec rm -rf {} +`),
    ),
  );
  const ids = () => on(dal, `docker inspect -f '{{.Id}}' small-web-${versions[0]}`);
  const id = await ids();
  const load = keepAsking(['three']);
  const back = await project.longshore(`rollback ${versions[0]?.slice(0, 12)}`);
  expect(back, back.output).toMatchObject({ status: 0 });
  expect((await load.stop()).lost).toEqual([]);
  expect(await ids()).toBe(id);
  await expectServed(versions[0], 'one');
  expect((await get(dal, host, '/assets/app-three.js')).body).toBe('made for three');
});

test('assets go with the last container of their version, and what an image does not have is said before anything changes', async () => {
  project.commit('Keep one', {
    'config/deploy.yml': (text) => `${text}retain_containers: 1\n`,
    ...assets('four', 'three'),
  });
  const deploy = await project.longshore('deploy');
  expect(deploy, deploy.output).toMatchObject({ status: 0 });
  expect((await on(dal, `ls ${place}/volumes`)).split('\n')).toHaveLength(2);
  const wrong = project.commit('Wrong path', {
    'config/deploy.yml': (text) => text.replace('/public/assets', '/publik'),
  });
  const failed = await project.longshore('deploy');
  expect(failed, failed.output).toMatchObject({ status: 3 });
  expect(failed.output).toMatch(new RegExp(`small:${wrong} has no directory /publik`));
  expect(await served(dal, host)).not.toBe(wrong);
});
