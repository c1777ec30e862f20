import { writeSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeLoad, inFlightAt, startLoad } from '../../load/load.ts';
import { type Ended, makeProject, type Project } from '../harness.ts';
import { chi, dal, emptyMachines, on, served } from '../machines.ts';

const host = 'small.test';
const targets = [dal.loopback, chi.loopback];
let project: Project;
let first: string;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => text.replace('drain_timeout: 5', 'drain_timeout: 20'),
  });
  first = project.commit('Before the load');
  expect(await project.longshore('setup')).toMatchObject({ status: 0 });
});

afterAll(() => project.remove());

test('20,000 requests over three deploys on two machines, and none is lost', async () => {
  const load = startLoad({ targets, host, total: 20_000, perSecond: 380, slow: 130, maxSeconds: 150 });
  const deploys: Ended[] = [];
  const versions = [first];
  try {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const name of ['One', 'Two', 'Three']) {
      versions.push(project.commit(name));
      const deploy = await project.longshore('deploy --json');
      expect(deploy, deploy.output).toMatchObject({ status: 0 });
      deploys.push(deploy);
    }
    const result = await load.finish();
    writeSync(2, `${describeLoad(result)}\n`);

    expect(result.losses).toEqual([]);
    expect(result.requests).toBeGreaterThanOrEqual(20_000);
    for (const target of targets)
      expect(Object.keys(result.versions[target] ?? {}).toSorted()).toEqual(versions.toSorted());
    for (const kind of ['10 s', '1 MB', 'new connection', 'keep-alive'])
      expect(result.kinds[kind]).toBeGreaterThan(100);
    const inFlight = deploys.flatMap(({ events }) =>
      events
        .filter((event) => event.type === 'step-started' && event.step.kind === 'send-traffic')
        .map(({ at }) => inFlightAt(result, at)),
    );
    writeSync(2, `  in flight at the switches: ${inFlight.join(', ')}\n`);
    expect(inFlight).toHaveLength(6);
    expect(Math.min(...inFlight)).toBeGreaterThanOrEqual(100);
    expect(await Promise.all([dal, chi].map((one) => served(one, host)))).toEqual([versions[3], versions[3]]);
  } finally {
    load.stop();
  }
});

test('the same load sees losses where the old container is stopped before traffic is routed', async () => {
  const current = await served(dal, host);
  const retained = await on(dal, 'docker ps -aq --filter name=small-web --filter status=exited | head -1');
  const load = startLoad({ targets: [dal.loopback], host, total: 2500, perSecond: 400, slow: 20, maxSeconds: 40 });
  try {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const route = `kamal-proxy deploy small-web --target ${retained}:3000 --host ${host} --drain-timeout 2s`;
    await on(
      dal,
      `docker stop -t 1 small-web-${current} && docker start ${retained} && docker exec kamal-proxy ${route}`,
    );
    const result = await load.finish();
    writeSync(2, `control: ${describeLoad(result)}\n`);
    expect(result.losses.length).toBeGreaterThan(0);
    expect(Object.keys(result.versions[dal.loopback] ?? {}).length).toBe(2);
  } finally {
    load.stop();
  }
});
