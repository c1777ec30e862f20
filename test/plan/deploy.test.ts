import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, planLines, twoMachines, type World } from '../laws/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function serving(version: string, yaml = twoMachines): Promise<World> {
  const world = makeWorld(yaml);
  world.push(version);
  await world.deploy(version, { command: 'setup' });
  return world;
}

describe('what a deploy would do and why', () => {
  test('on empty machines: network, proxy, containers, traffic', () =>
    inVirtualTime(async () => {
      const world = makeWorld();
      world.push('v1');
      expect(await world.plan('v1')).toEqual([
        'one: create network kamal (this host has no such network)',
        'one: run the proxy registry.test:5000/basecamp/kamal-proxy:v0.9.2 (no proxy runs on this host)',
        'one: write .kamal/apps/shop/env/roles/web.env (KEY) (v1 is not on this host)',
        'one: pull registry.test:5000/shop:v1 (not on this host)',
        'two: create network kamal (this host has no such network)',
        'two: run the proxy registry.test:5000/basecamp/kamal-proxy:v0.9.2 (no proxy runs on this host)',
        'two: write .kamal/apps/shop/env/roles/web.env (KEY) (v1 is not on this host)',
        'two: write .kamal/apps/shop/env/roles/worker.env (KEY) (v1 is not on this host)',
        'two: pull registry.test:5000/shop:v1 (not on this host)',
        'one: create shop-web-v1 (v1 is not on this host)',
        'two: create shop-web-v1 (v1 is not on this host)',
        'two: create shop-worker-v1 (v1 is not on this host)',
        'one: start shop-web-v1 (v1 is not on this host)',
        'one: send shop-web to shop-web-v1 once healthy (no traffic is sent to this role yet)',
        'two: start shop-web-v1 (v1 is not on this host)',
        'two: send shop-web to shop-web-v1 once healthy (no traffic is sent to this role yet)',
        'two: start shop-worker-v1 (v1 is not on this host)',
        'two: wait until shop-worker-v1 is ready (the role has no traffic whose health check would tell)',
        'one: see that shop-web-v1 still runs (it was healthy a moment ago)',
        'one: tag registry.test:5000/shop:v1 as latest (it is the deployed version)',
        'two: see that shop-web-v1 still runs (it was healthy a moment ago)',
        'two: tag registry.test:5000/shop:v1 as latest (it is the deployed version)',
        'one: write 3 audit lines (who did what is kept on the host)',
        'one: record v1 as live (a rollback looks here)',
        'two: write 4 audit lines (who did what is kept on the host)',
        'two: record v1 as live (a rollback looks here)',
      ]);
    }));

  test('on each machine the proxy is run as is said for that machine', () =>
    inVirtualTime(async () => {
      const own = 'api: {hosts: [two], proxy: {host: api.test, run: {registry: registry.test:5000, http_port: 8080}}}';
      const world = makeWorld(twoMachines.replace(/^servers.*$/m, `servers: {web: [one], ${own}}`));
      world.push('v1');
      await world.deploy('v1', { command: 'setup' });
      const published = [...world.machines.values()].map(({ containers }) => {
        const proxy = [...containers.values()].find(({ name }) => name === 'kamal-proxy');
        return Object.values(proxy?.body.HostConfig?.PortBindings ?? {}).map(([binding]) => binding?.HostPort);
      });
      expect(published).toEqual([
        ['80', '443'],
        ['8080', '443'],
      ]);
      expect(await world.plan('v1')).toEqual([]);
    }));

  test('over another version: what is replaced stops last, after every role is ready', () =>
    inVirtualTime(async () => {
      const world = await serving('v1');
      world.push('v2');
      const lines = await world.plan('v2');
      const at = (text: string) => lines.findIndex((line) => line.includes(text));
      expect(at('send shop-web to shop-web-v2 once healthy (traffic goes to shop-web-v1)')).toBeGreaterThan(-1);
      expect(at('stop shop-web-v1 (replaced by v2)')).toBeGreaterThan(at('wait until shop-worker-v2 is ready'));
    }));

  test('after somebody stopped a container by hand it says exactly that', () =>
    inVirtualTime(async () => {
      const world = await serving('v1');
      const [host] = [world.machines.get('one')];
      await host?.connect().docker.stopContainer('shop-web-v1');
      const lines = await world.plan('v1');
      expect(lines.slice(0, 2)).toEqual([
        expect.stringMatching(/^one: start shop-web-v1 \(it is not running: Exited/),
        'one: send shop-web to shop-web-v1 once healthy (its health is to be seen again)',
      ]);
      expect(lines.filter((line) => line.startsWith('two:'))).toEqual([]);
    }));

  test('a changed variable replaces the container under its name, and only the name of the variable is said', () =>
    inVirtualTime(async () => {
      const world = await serving('v1');
      const changed = {
        ...world,
        config: makeWorld(twoMachines.replace('GREETING: hello', 'GREETING: good day')).config,
      };
      const lines = await planLines(changed, 'v1');
      expect(lines).toContain('two: create shop-worker-v1 (env GREETING differs)');
      expect(lines.find((line) => line.startsWith('two: rename shop-worker-v1'))).toMatch(
        /to shop-worker-v1_replaced_[0-9a-f]{16} \(env GREETING differs\)$/,
      );
      expect(lines.join('\n')).not.toContain('good day');
    }));

  test('a route whose settings differ is sent again, and nothing else is touched', () =>
    inVirtualTime(async () => {
      const world = await serving('v1');
      const yaml = twoMachines.replace('host: shop.example.com', 'host: www.example.com');
      const lines = await planLines({ ...world, config: makeWorld(yaml).config }, 'v1');
      expect(lines.filter((line) => !/audit|record/.test(line))).toEqual([
        "one: send shop-web to shop-web-v1 once healthy (the route's hosts differ)",
        "two: send shop-web to shop-web-v1 once healthy (the route's hosts differ)",
      ]);
    }));

  test('with boot.limit the primary role goes in groups, then the others', () =>
    inVirtualTime(async () => {
      const world = await serving('v1', `${twoMachines}boot: {limit: 1}\n`);
      world.push('v2');
      const starts = (await world.plan('v2')).filter((line) => / start | wait until /.test(line));
      expect(starts.map((line) => line.replace(/ \(.*/, ''))).toEqual([
        'one: start shop-web-v2',
        'two: start shop-web-v2',
        'two: start shop-worker-v2',
        'two: wait until shop-worker-v2 is ready',
      ]);
    }));

  test('without a push, all machines ask the registry as soon as one has to, so that none runs another build', () =>
    inVirtualTime(async () => {
      const world = await serving('v1');
      world.push('v2');
      const credentials = { server: 'registry.test:5000', username: 'x', password: 'y' };
      await world.machines.get('one')?.connect().docker.pullImage('registry.test:5000/shop:v2', credentials);
      expect((await world.plan('v2')).filter((line) => line.includes(' pull '))).toEqual([
        'one: pull registry.test:5000/shop:v2 (all hosts must have the same build)',
        'two: pull registry.test:5000/shop:v2 (not on this host)',
      ]);
      // The tag moves: one would keep the old build, and two would get the new one.
      world.push('v2', { kind: 'healthy', afterSeconds: 0 });
      expect((await world.deploy('v2')).exitStatus).toBe(0);
      const builds = [...world.machines.values()].map(
        (machine) => [...machine.images.values()].find(({ tags }) => tags.has('registry.test:5000/shop:v2'))?.id,
      );
      expect(new Set(builds).size).toBe(1);
    }));
});
