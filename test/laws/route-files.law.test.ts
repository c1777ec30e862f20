import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { certificateId } from '../../src/proxy/files.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, planLines, stopListening, twoMachines, type World } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const withPages = twoMachines.replace('web: [one, two]', 'web: [one]') + 'error_pages_path: public\n';
const withCertificate = twoMachines
  .replace('web: [one, two]', 'web: [one]')
  .replace('proxy: {', 'proxy: {ssl: {certificate_pem: CERT, private_key_pem: CERT_KEY}, ');
const apps = '.kamal/proxy/apps-config/shop';

async function atVersion(yaml: string, ...versions: string[]): Promise<World> {
  const world = makeWorld(yaml);
  for (const [index, version] of versions.entries()) {
    world.push(version);
    const { failure } = await world.deploy(version, { command: index === 0 ? 'setup' : 'deploy' });
    expect(failure).toBeUndefined();
    expect(await world.plan(version)).toEqual([]);
  }
  return world;
}

const one = (world: World) => world.machines.get('one') as FakeMachine;
const named = (world: World) => world.routeFiles().map((line) => line.replace('one shop-web ', ''));
const mattering = (lines: readonly string[]) => lines.filter((line) => !/audit|record/.test(line));

describe('error pages', () => {
  test('are those of the release, also after a rollback, and go with its last container', () =>
    inVirtualTime(async () => {
      const world = await atVersion(`${withPages}retain_containers: 1\n`, 'v1', 'v2');
      expect(named(world)).toEqual(['error_pages/v2']);
      await world.rollback('v1');
      expect(named(world)).toEqual(['error_pages/v1']);
      world.push('v3');
      await world.deploy('v3', { errorPages: new Map([['404.html', 'nothing here']]) });
      expect(one(world).files.get(`${apps}/error_pages/v3/404.html`)).toMatchObject({ content: 'nothing here' });
      const kept = [...one(world).directories].filter((path) => path.startsWith(`${apps}/error_pages/`));
      expect(kept.map((path) => path.split('/').at(-1))).toEqual(['v1', 'v3']);
    }));

  test('that are gone are left out of a rollback’s route, with a note', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withPages, 'v1', 'v2');
      // As `kamal deploy` of v2 leaves it.
      await one(world)
        .connect()
        .removeDirectories([`${apps}/error_pages/v1`]);
      const { exitStatus, events } = await world.rollback('v1');
      expect(exitStatus).toBe(0);
      expect(events.flatMap((event) => (event.type === 'note' ? [event.text] : []))).toContain(
        'one: the error pages of that release are gone, so the proxy shows its own',
      );
      expect(named(world)).toEqual([]);
    }));

  test('are put there again where somebody deleted those that a route names', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withPages, 'v1');
      await one(world)
        .connect()
        .removeDirectories([`${apps}/error_pages/v1`]);
      expect(await world.plan('v1')).toEqual(['one: write the error pages of v1 (this host does not have them)']);
      await world.deploy('v1');
      expect(await world.plan('v1')).toEqual([]);
    }));

  test('that a file names only now come to the route of what runs', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withPages.replace(/error_pages_path.*/, ''), 'v1');
      const later = { ...world, config: makeWorld(withPages).config };
      expect(mattering(await planLines(later, 'v1'))).toEqual([
        'one: write the error pages of v1 (this host does not have them)',
        "one: send shop-web to shop-web-v1 once healthy (the route's errorPages differ)",
      ]);
    }));
});

describe('a certificate of one’s own', () => {
  test('is written once, for the proxy’s user only, and its key is in no plan', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withCertificate, 'v1', 'v2');
      expect(named(world)).toEqual(['tls/web/one/cert.pem']);
      for (const name of ['cert.pem', 'key.pem'])
        expect(one(world).files.get(`${apps}/tls/web/one/${name}`)).toMatchObject({ mode: '600' });
      expect(one(world).journal.filter((line) => line.startsWith('put cert.pem'))).toHaveLength(1);
      const lines = await world.plan('v2', { certificate: 'two' });
      expect(mattering(lines)).toEqual([
        'one: write the certificate two for web (this host does not have it)',
        'one: send shop-web to shop-web-v2 once healthy (its certificate is another one)',
        `one: remove ${apps}/tls/web/one (no route names them)`,
      ]);
      expect(lines.join()).not.toContain('key of');
    }));

  test('that was renewed is sent to the proxy, and no container is touched; a rollback keeps the newest', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withCertificate, 'v1', 'v2');
      const ids = [...one(world).containers.values()].map(({ id, startedAt }) => `${id} ${startedAt?.getTime()}`);
      expect((await world.deploy('v2', { certificate: 'two' })).exitStatus).toBe(0);
      expect([...one(world).containers.values()].map(({ id, startedAt }) => `${id} ${startedAt?.getTime()}`)).toEqual(
        ids,
      );
      expect(named(world)).toEqual(['tls/web/two/cert.pem']);
      await world.rollback('v1', { certificate: 'two' });
      expect(named(world)).toEqual(['tls/web/two/cert.pem']);
      expect([...one(world).files.keys()].filter((path) => path.endsWith('key.pem'))).toEqual([
        `${apps}/tls/web/two/key.pem`,
      ]);
    }));

  test('that came with a failed deploy is named by no route afterwards, so that no restart of the proxy takes it', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withCertificate, 'v1');
      world.push('v2');
      listen(world, ({ name, moment }) => {
        if (name === 'docker.stopContainer' && moment === 'before') {
          stopListening(world);
          throw new Error('a bug');
        }
      });
      await expect(world.deploy('v2', { certificate: 'two' })).rejects.toThrow('a bug');
      expect(named(world)).toEqual(['tls/web/one/cert.pem']);
      expect(world.traffic()).toEqual(['one shop-web shop-web-v1']);
    }));

  test('that Kamal wrote and routed is as good, until traffic is sent anew', () =>
    inVirtualTime(async () => {
      const world = await atVersion(withCertificate, 'v1');
      const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
      const certificate = certificateId(pem);
      const route = one(world).proxy.routes[0];
      const place = '/home/kamal-proxy/.apps-config/shop/tls/web';
      Object.assign(route?.options ?? {}, {
        tls_certificate_path: `${place}/cert.pem`,
        tls_private_key_path: `${place}/key.pem`,
      });
      await one(world)
        .connect()
        .removeDirectories([`${apps}/tls/web/one`]);
      await one(world).connect().writeFile(`${apps}/tls/web/cert.pem`, pem, '644');
      await one(world).connect().writeFile(`${apps}/tls/web/key.pem`, 'key', '644');
      expect(await world.plan('v1', { certificate })).toEqual([]);
      world.push('v2');
      expect((await world.deploy('v2', { certificate })).exitStatus).toBe(0);
      expect(named(world)).toEqual([`tls/web/${certificate}/cert.pem`]);
      // Everybody on the machine could read Kamal's key.
      expect(one(world).files.has(`${apps}/tls/web/key.pem`)).toBe(false);
      expect(await world.plan('v2', { certificate })).toEqual([]);
    }));
});
