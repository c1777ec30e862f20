import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { makeWorld, twoMachines, worldOn } from '../laws/world.ts';
import { boot, image, refusal, strange, worldWith } from './stranger.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a name that is taken', () => {
  test('is refused whoever has it and whatever is done to it', () =>
    inVirtualTime(async () => {
      const world = worldWith({ db: 'volumes: ["db:/data"]' });
      await strange(world, { name: 'shop-db', labels: { service: 'other' } });
      for (const command of ['boot', 'reboot', 'upgrade', 'start', 'stop', 'restart', 'remove'] as const)
        expect(await refusal(world, () => world.accessory(command, ['db'])), command).toEqual([
          'one: db of config/deploy.yml wants the name shop-db, which shop-db (service other) has',
        ]);
      expect(await refusal(world, () => world.deploy('v1', { command: 'setup' }))).toHaveLength(1);
      expect(await refusal(world, () => world.deploy('v1'))).toEqual([]);
    }));

  test('of a role’s container, by a role of another service, is refused and not renamed', () =>
    inVirtualTime(async () => {
      const world = makeWorld();
      world.push('v1');
      world.registry.push(image, {});
      await strange(world, { name: 'shop-web-v1', labels: { service: 'shop-web', role: 'v1', destination: '' } });
      expect(await refusal(world, () => world.deploy('v1'))).toEqual([
        'one: web of config/deploy.yml wants the name shop-web-v1, which shop-web-v1 (service shop-web) has',
      ]);
    }));
});

describe('a directory that another owner writes to', () => {
  test.each([
    ['/srv/db:/data', ['/srv/db:/data'], '/srv/db', ''],
    ['/srv/db/:/data', ['/srv:/data'], '/srv/db', ' (/srv)'],
    ['/srv:/data', ['/srv/db:/data'], '/srv', ' (/srv/db)'],
    ['data:/data', ['data:/data'], 'data', ''],
  ])('%s is refused beside %j', (volume, binds, place, whole) =>
    inVirtualTime(async () => {
      const world = worldWith({ db: `volumes: ["${volume}"]` });
      await strange(world, { binds });
      expect(await boot(world)).toEqual([
        `one: db of config/deploy.yml wants to write to ${place}, which the container stranger mounts${whole}`,
      ]);
    }),
  );

  test.each([
    ['/srv/db:/data:ro', ['/srv/db:/data']],
    ['/srv/db:/data', ['/srv/db:/data:ro']],
    ['/srv/db:/data', ['/srv/database:/data']],
    ['/srv/db:/data', ['/:/host']],
    ['/var/run/docker.sock:/var/run/docker.sock', ['/var/run/docker.sock:/var/run/docker.sock']],
    ['/run/postgresql:/run/postgresql', ['/run/postgresql:/run/postgresql']],
  ])('%s is let be beside %j', (volume, binds) =>
    inVirtualTime(async () => {
      const world = worldWith({ db: `volumes: ["${volume}"]` });
      await strange(world, { binds });
      expect(await boot(world)).toEqual([]);
    }),
  );

  test('is let be when it is one’s own, or was so before; for an app it is only told', () =>
    inVirtualTime(async () => {
      const world = worldWith({ db: 'volumes: ["/srv/db:/data"]', backup: 'volumes: ["/srv/db:/data"]' });
      expect(await boot(world)).toEqual([]);
      await strange(world, { binds: ['/srv/db:/data'] });
      expect(await refusal(world, () => world.accessory('reboot', ['db']))).toEqual([]);
      const app = makeWorld(`${twoMachines}volumes: ["/srv/db:/data"]\n`);
      app.push('v1');
      app.registry.push(image, {});
      await strange(app, { binds: ['/srv/db:/data'] });
      const { failure, events } = await app.deploy('v1');
      expect(failure).toBeUndefined();
      expect(events.filter(({ type }) => type === 'warning')).toMatchObject([
        { text: 'one: web of config/deploy.yml wants to write to /srv/db, which the container stranger mounts' },
      ]);
    }));
});

test('requests that go to another service are refused before a container is made', () =>
  inVirtualTime(async () => {
    const other = makeWorld(twoMachines.replace('service: shop', 'service: store'));
    other.push('v1');
    await other.deploy('v1');
    const world = worldOn(other, twoMachines);
    world.push('v2');
    expect(await refusal(world, () => world.deploy('v2'))).toEqual([
      'one: web of config/deploy.yml wants the requests for shop.example.com, which go to store-web-v1 (service store)',
      'two: web of config/deploy.yml wants the requests for shop.example.com, which go to store-web-v1 (service store)',
    ]);
  }));
