import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { load } from '../config/load-text.ts';
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

describe('two destinations of which neither is there yet', () => {
  const service = (accessory: string, app = '') => ({
    base: `service: shop
image: shop
base_destination: production
servers: {web: {hosts: [one]${app}}}
registry: {server: registry.test:5000, username: x, password: y}
builder: {arch: amd64, driver: docker}
proxy: {host: shop.example.com, run: {registry: registry.test:5000}}
deploy_timeout: 5
readiness_delay: 2
accessories: {db: {image: ${image}, host: one, port: "127.0.0.1:5432:5432", volumes: ["db:/data"], healthcheck: {start_period: 2, retries: 1, timeout: 1}}}
`,
    staging: `servers: {web: {hosts: [one]}}\nproxy: {host: staging.example.com}\naccessories: {db: {${accessory}}}\n`,
  });
  const worlds = ({ base, staging }: ReturnType<typeof service>) => {
    const config = (destination: string) => load({ 'deploy.yml': base, 'deploy.staging.yml': staging }, destination);
    const production = makeWorld(config('production'));
    production.registry.push(image, {});
    production.push('v1');
    return { production, staging: worldOn(production, config('staging')) };
  };
  const apart = 'service: shop-staging-db, port: "127.0.0.1:5433:5432", volumes: ["staging-db:/data"]';
  const mine = 'one: db of staging (deploy.staging.yml) wants';
  const its = 'db of production (deploy.yml)';

  test.each([
    ['name', apart.replace('service: shop-staging-db, ', ''), [`${mine} the name shop-db, which ${its} wants too`]],
    ['port', apart.replace('5433', '5432'), [`${mine} the port 127.0.0.1:5432:5432, which ${its} wants too`]],
    ['volume', apart.replace('staging-db:/', 'db:/'), [`${mine} to write to db, which ${its} mounts`]],
    [
      'service',
      apart.replace('shop-staging-db', 'shop'),
      [`${mine} the service shop, which web of production (deploy.yml) goes by`],
    ],
  ])('and one %s: the one that inherits is refused, and the base file’s own may come', (_, accessory, reasons) =>
    inVirtualTime(async () => {
      const { production, staging } = worlds(service(accessory));
      expect(await boot(staging)).toEqual(reasons);
      expect(await refusal(staging, () => staging.deploy('v1', { command: 'setup' }))).toEqual(reasons);
      expect(await boot(production)).toEqual([]);
    }),
  );

  test('and both inherit: whoever comes first is refused', () =>
    inVirtualTime(async () => {
      const { base, staging } = service(apart.replace('5433', '5432'));
      const files = {
        'deploy.yml': base.replace('base_destination: production\n', ''),
        'deploy.staging.yml': staging,
        'deploy.production.yml': 'proxy: {host: shop.example.com}\n',
      };
      const world = makeWorld(load(files, 'production'));
      world.registry.push(image, {});
      world.push('v1');
      expect(await boot(world)).toEqual([
        'one: db of production (deploy.production.yml) wants the port 127.0.0.1:5432:5432, which db of staging (deploy.staging.yml) wants too',
      ]);
      const other = worldOn(world, load(files, 'staging'));
      expect(await boot(other)).toEqual([
        `${mine} the port 127.0.0.1:5432:5432, which db of production (deploy.production.yml) wants too`,
      ]);
    }));

  test('and one port of a role is refused', () =>
    inVirtualTime(async () => {
      const { staging } = worlds(service(apart, ', options: {publish: "127.0.0.1:3000:3000"}'));
      expect(await refusal(staging, () => staging.deploy('v1'))).toEqual([
        'one: web of staging (deploy.staging.yml) wants the port 127.0.0.1:3000:3000, which web of production (deploy.yml) wants too',
      ]);
    }));

  test('and an accessory called as the other’s app is not counted as the other’s', () =>
    inVirtualTime(async () => {
      const { production } = worlds(service(apart.replace('shop-staging-db', 'shop')));
      await strange(production, { name: 'shop', labels: { service: 'shop' }, port: '127.0.0.1:5432' });
      expect(await boot(production)).toEqual([
        'one: db of production (deploy.yml) wants the port 127.0.0.1:5432:5432, which shop of staging (deploy.staging.yml) has',
      ]);
    }));

  test('let what one of them had before be: it is made anew, and only the other is refused', () =>
    inVirtualTime(async () => {
      const { production, staging: first } = worlds(service(apart));
      expect([await boot(production), await boot(first)]).toEqual([[], []]);
      expect(await refusal(first, () => first.accessory('remove', ['db']))).toEqual([]);
      const { base, staging } = service(apart.replace('5433', '5432'));
      const config = (destination: string) => load({ 'deploy.yml': base, 'deploy.staging.yml': staging }, destination);
      const later = worldOn(production, config('production'));
      expect(await refusal(later, () => later.accessory('reboot', ['db']))).toEqual([]);
      const other = worldOn(production, config('staging'));
      expect(await boot(other)).toEqual([
        `${mine} the port 127.0.0.1:5432:5432, which shop-db of production (deploy.yml) has`,
      ]);
    }));
});
