import { describe, expect, test } from 'vitest';
import { wantedContainers } from '../../src/app/wanted.ts';
import { observeHost } from '../../src/observe/observe.ts';
import type { Observed } from '../../src/observe/observed.ts';
import { planDeploy } from '../../src/plan/deploy.ts';
import { describeWithReason } from '../../src/plan/describe.ts';
import { currentVersion } from '../../src/plan/current.ts';
import { openValues } from '../../src/plan/values.ts';
import { planRollback } from '../../src/plan/rollback.ts';
import { lastGoodVersion } from '../../src/plan/way-back.ts';
import { kamalConfig, kamalHost, kamalSecrets } from './kamal-host.ts';
import type { Config } from '../../src/config/config.ts';
import type { Plan } from '../../src/plan/plan.ts';

const sources = { secrets: kamalSecrets, secretsByKamal: new Map<string, string>() };

async function observe(config: Config, version: string): Promise<Observed> {
  const wanted = wantedContainers(config, version);
  return { hosts: [await observeHost(kamalHost(), { config, version, wanted, ...sources })] };
}

async function planFor(config: Config, version: string): Promise<Plan> {
  const observed = await observe(config, version);
  const wanted = wantedContainers(config, version);
  return planDeploy({
    file: config,
    config,
    command: 'deploy',
    version,
    observed,
    wanted,
    hooks: new Set(),
    origin: { performer: 'dev@example.com' },
    openValues: openValues(wanted, sources),
    files: { errorPages: 'of-file', certificates: new Map() },
  });
}

const lines = (plan: Plan) =>
  plan.stages.flatMap(({ lanes }) => lanes.flatMap(({ steps }) => steps.map(describeWithReason)));

describe('a machine as real Kamal 2.12 left it', () => {
  test('right after Kamal deployed v2, the plan for v2 is empty', async () => {
    expect(lines(await planFor(kamalConfig(), 'v2'))).toEqual([]);
  });

  test.each(['kamal', 'exact'] as const)('so it is with values: %s, because none differs', async (values) => {
    const plan = await planFor({ ...kamalConfig(), values }, 'v2');
    expect(lines(plan)).toEqual([]);
    expect(plan.notes).toEqual([]);
  });

  test('so it is for the staging destination beside it', async () => {
    expect(lines(await planFor(kamalConfig('staging'), 'v2'))).toEqual([]);
  });

  test('Kamal’s current version is seen as the current one, and the retained one as the way back', async () => {
    const config = kamalConfig();
    const observed = await observe(config, 'v2');
    expect(currentVersion(observed, config)).toBe('v2');
    expect(lastGoodVersion(observed, config)).toBe('v1');
  });

  test('a rollback starts Kamal’s retained containers as they are', async () => {
    const config = kamalConfig();
    const observed = await observe(config, 'v1');
    const plan = planRollback({
      file: config,
      config,
      version: 'v1',
      observed,
      wanted: wantedContainers(config, 'v1'),
      hooks: new Set(),
      origin: { performer: 'dev@example.com' },
      files: { errorPages: 'of-file', certificates: new Map() },
    });
    expect(plan.notes).toEqual([]);
    expect(lines(plan)).toEqual([
      'start shop-web-v1 (it was retained: Exited (2) 1 minute ago)',
      'send shop-web to shop-web-v1 once healthy (traffic goes to shop-web-v2)',
      'start shop-worker-v1 (it was retained: Exited (2) 1 minute ago)',
      'wait until shop-worker-v1 is ready (the role has no traffic whose health check would tell)',
      'see that shop-web-v1 still runs (it was healthy a moment ago)',
      'stop shop-web-v2 (replaced by v1)',
      'stop shop-worker-v2 (replaced by v1)',
      'tag registry.test:5000/shop:v1 as latest (it is the deployed version)',
      'write 3 audit lines (who did what is kept on the host)',
      'record v1 as live (a rollback looks here)',
    ]);
  });

  test('a changed secret is named in the plan, and its value is not', async () => {
    const config = kamalConfig();
    const wanted = wantedContainers(config, 'v2');
    const secrets = new Map([['SEKRET', 'another value']]);
    const observed = {
      hosts: [await observeHost(kamalHost(), { config, version: 'v2', wanted, ...sources, secrets })],
    };
    const plan = planDeploy({
      file: config,
      config,
      command: 'deploy',
      version: 'v2',
      observed,
      wanted,
      hooks: new Set(),
      origin: { performer: 'dev@example.com' },
      openValues: [],
      files: { errorPages: 'of-file', certificates: new Map() },
    });
    expect(lines(plan)).toContain('create shop-web-v2 (env ALIAS differs, env SEKRET differs)');
    expect(JSON.stringify([plan, observed])).not.toMatch(/another value|s3cret value/);
  });
});
