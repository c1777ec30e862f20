import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { load } from '../config/load-text.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { strange } from '../plan/stranger.ts';
import { listen, makeWorld, stopListening, worldOn, type World } from './world.ts';

/** Two destinations of one service on the same two machines, as Kamal would have them there. */

const soon = 'healthcheck: {start_period: 2, retries: 1, timeout: 1}';
const base = `service: shop
image: shop
base_destination: production
servers: {web: [one, two], worker: {hosts: [two], cmd: work}}
registry: {server: registry.test:5000, username: x, password: y}
builder: {arch: amd64, driver: docker}
env: {clear: {GREETING: hello}, secret: [KEY]}
proxy: {host: shop.example.com, run: {registry: registry.test:5000}, ssl: {certificate_pem: CERT, private_key_pem: CERT_KEY}}
deploy_timeout: 5
readiness_delay: 2
retain_containers: 2
asset_path: /assets
error_pages_path: pages
accessories:
  db: {image: registry.test:5000/db:1, host: one, port: "127.0.0.1:5432:5432", directories: ["data:/data"], ${soon}}
`;
const staging = `servers: {web: {hosts: [one, two]}, worker: {hosts: [one]}}
proxy: {host: staging.example.com}
env: {clear: {GREETING: hallo}}
accessories: {db: {service: shop-staging-db, port: "127.0.0.1:5433:5432"}}
`;

function config(destination: string, over = staging): Config {
  return load({ 'deploy.yml': base, 'deploy.staging.yml': over }, destination);
}

function twoDestinations(over?: string): { production: World; staging: World } {
  const production = makeWorld(config('production', over));
  production.registry.push('registry.test:5000/db:1', {});
  const other = worldOn(production, config('staging', over));
  for (const version of ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']) production.push(version);
  return { production, staging: other };
}

/** Everything on the machines that is one destination's: containers, traffic, files, locks, its tag and the images it needs. */
function belongings({ machines }: World, whose: 'production' | 'staging'): string[] {
  const isStagings = (text: string) => text.includes('staging');
  const isIts = (text: string) => isStagings(text) === (whose === 'staging');
  const tag = whose === 'staging' ? 'latest-staging' : 'latest';
  return [...machines.values()].flatMap((machine) => {
    const containers = [...machine.containers.values()].filter(
      ({ name, body }) => name !== 'kamal-proxy' && isIts(`${name} ${body.Labels?.['destination'] ?? ''}`),
    );
    const images = [...machine.images.values()];
    const named = (name: string) => images.find(({ tags }) => tags.has(`registry.test:5000/shop:${name}`))?.id;
    const lines = [
      ...containers.map(({ id, name, state, startedAt }) => `${name} ${id} ${state} ${startedAt?.toISOString()}`),
      ...containers.map(
        ({ imageId, body }) => `${body.Image} ${images.some(({ id, tags }) => id === imageId && tags.has(body.Image))}`,
      ),
      ...machine.proxy.routes.filter(({ name }) => isIts(name)).map((route) => JSON.stringify(route)),
      ...[...machine.files]
        .filter(([path]) => isIts(path))
        .map(([path, { content, mode }]) => `${path} ${mode} ${content}`),
      ...[...machine.directories].filter((path) => path.includes('shop') && isIts(path)),
      ...[...machine.locks.keys()].filter(isIts),
      `${tag} ${named(tag)}`,
    ];
    return lines.map((line) => `${machine.name} ${line}`).toSorted();
  });
}

describe('two destinations under one service name', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('never touch what is the other’s: names, routes, files, locks, tags, images, kept releases', () =>
    inVirtualTime(async () => {
      const { production, staging: other } = twoDestinations();
      const worlds = { production, staging: other };
      for (const version of ['v1', 'v2'])
        expect(await production.deploy(version, { command: 'setup' })).toMatchObject({ exitStatus: 0 });
      expect(await other.deploy('v1', { command: 'setup' })).toMatchObject({ exitStatus: 0 });
      for (const [mine, its] of [
        ['staging', 'production'],
        ['production', 'staging'],
      ] as const) {
        const world = worlds[mine];
        const before = belongings(world, its);
        expect(before.length).toBeGreaterThan(20);
        const seen: string[] = [];
        listen(world, ({ moment, name }) => {
          const now = belongings(world, its);
          if (moment === 'after' && now.join('\n') !== before.join('\n')) seen.push(name);
        });
        const ended = [];
        for (const version of ['v3', 'v4', 'v5', 'v6']) ended.push(await world.deploy(version));
        ended.push(await world.deploy('v6', { command: 'redeploy' }), await world.rollback());
        ended.push(await world.deploy('v6', { accessories: true }));
        for (const command of ['boot', 'reboot', 'upgrade', 'stop', 'start', 'restart', 'remove'] as const)
          ended.push(await world.accessory(command, ['db']));
        stopListening(world);
        expect(ended.flatMap(({ failure }) => failure?.message ?? [])).toEqual([]);
        expect(seen).toEqual([]);
        expect(belongings(world, its)).toEqual(before);
      }
    }));

  it('can each go back after the other has deployed five times', () =>
    inVirtualTime(async () => {
      const { production, staging: other } = twoDestinations();
      for (const version of ['v1', 'v2']) await production.deploy(version, { command: 'setup' });
      for (const version of ['v2', 'v3', 'v4', 'v5', 'v6']) await other.deploy(version, { command: 'setup' });
      expect(await production.rollback('v1')).toMatchObject({ exitStatus: 0 });
      expect(production.running()).toEqual(
        expect.arrayContaining(['one shop-web-v1', 'two shop-web-v1', 'two shop-worker-v1']),
      );
    }));

  it('do not take the image away that the other is about to start', () =>
    inVirtualTime(async () => {
      const { production, staging: other } = twoDestinations();
      await production.deploy('v1', { command: 'setup' });
      for (const version of ['v1', 'v2', 'v3']) await other.deploy(version, { command: 'setup' });
      const one = production.machines.get('one');
      const credentials = { server: 'registry.test:5000', username: 'x', password: 'y' };
      await one?.connect().docker.pullImage('registry.test:5000/shop:v6', credentials);
      for (const version of ['v4', 'v5']) expect(await other.deploy(version)).toMatchObject({ exitStatus: 0 });
      const tags = [...(one?.images.values() ?? [])].flatMap((image) => [...image.tags]);
      expect(tags).toContain('registry.test:5000/shop:v6');
      expect(tags).not.toContain('registry.test:5000/shop:v2');
    }));

  it('cannot both have an accessory of one name: the second is refused, whoever made the first', () =>
    inVirtualTime(async () => {
      const { production, staging: other } = twoDestinations(staging.replace(/^accessories.*\n/m, ''));
      expect(await production.accessory('boot', ['db'])).toMatchObject({ exitStatus: 0 });
      const refused =
        'one: db of staging (deploy.staging.yml) wants the name shop-db, which shop-db of production (deploy.yml) has';
      const before = belongings(production, 'production');
      for (const command of ['boot', 'reboot', 'upgrade', 'stop', 'start', 'restart', 'remove'] as const)
        expect(await other.accessory(command, ['db']), command).toMatchObject({
          exitStatus: 3,
          failure: { message: refused },
        });
      expect(await other.deploy('v1', { command: 'setup' })).toMatchObject({
        exitStatus: 3,
        failure: { message: refused },
      });
      expect(belongings(production, 'production')).toEqual(before);
      expect(await production.accessory('reboot', ['db'])).toMatchObject({ exitStatus: 0 });

      // As Kamal makes it: no label says whose it is, and the file of its secrets does.
      for (const { body } of production.machines.get('one')?.containers.values() ?? [])
        delete body.Labels?.['longshore.owner'];
      expect(await other.accessory('reboot', ['db'])).toMatchObject({ exitStatus: 3, failure: { message: refused } });
      expect(await production.accessory('reboot', ['db'])).toMatchObject({ exitStatus: 0 });
    }));

  it('do not remove a directory that may be the other’s, when nobody has a container', () =>
    inVirtualTime(async () => {
      const { production, staging: other } = twoDestinations(staging.replace(/^accessories.*\n/m, ''));
      expect(await production.accessory('boot', ['db'])).toMatchObject({ exitStatus: 0 });
      const one = production.machines.get('one') ?? expect.fail('no machine');
      const data = () => [...one.directories].filter((path) => path.startsWith('shop-db'));
      const before = data();
      one.containers.clear();
      const refused = await other.accessory('remove', ['db']);
      expect(refused).toMatchObject({ exitStatus: 2, failure: { message: expect.stringContaining('production') } });
      expect(data()).toEqual(before);
      one.files.set('.kamal/apps/shop-staging/env/accessories/db.env', { content: '', mode: '600' });
      for (const world of [other, production])
        expect(await world.accessory('remove', ['db'])).toMatchObject({ exitStatus: 2 });
      expect(data()).toEqual(before);
      one.files.delete('.kamal/apps/shop-staging/env/accessories/db.env');
      expect(await production.accessory('remove', ['db'])).toMatchObject({ exitStatus: 0 });
      expect(data()).toEqual([]);
    }));

  it('do not remove a directory that another container has something of', () =>
    inVirtualTime(async () => {
      const { production } = twoDestinations();
      await production.accessory('boot', ['db']);
      const binds = ['/home/deploy/shop-db/data:/backup'];
      await strange(production, { name: 'dumper', binds });
      const refused = await production.accessory('remove', ['db']);
      expect(refused.failure?.message).toContain('the container dumper mounts /home/deploy/shop-db/data');
      expect(production.running()).toContain('one shop-db');
    }));

  it('know whose a container of Kamal’s is, also when both have had an accessory of that key', () =>
    inVirtualTime(async () => {
      const inherited = staging.replace(/^accessories.*\n/m, '');
      const otherPort = `${inherited}accessories: {db: {port: "127.0.0.1:5433:5432"}}\n`;
      for (const later of [inherited, otherPort]) {
        const { production, staging: other } = twoDestinations();
        for (const world of [production, other])
          expect(await world.accessory('boot', ['db'])).toMatchObject({ exitStatus: 0 });
        for (const { body } of production.machines.get('one')?.containers.values() ?? []) {
          delete body.Labels?.['longshore.owner'];
          delete body.Labels?.['longshore.values'];
        }
        const renamed = worldOn(production, config('staging', later));
        expect(await renamed.accessory('reboot', ['db'])).toMatchObject({
          exitStatus: 3,
          failure: { code: 'would-collide' },
        });
        expect(await production.accessory('reboot', ['db'])).toMatchObject({ exitStatus: 0 });
      }
    }));
});
