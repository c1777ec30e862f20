import { expect, test } from 'vitest';
import type { LockRequest } from '../../src/hosts/host.ts';
import { makeWorld } from '../laws/world.ts';

const yaml = `service: shop
image: shop
primary_role: app
allow_empty_roles: true
minimum_version: 2.12.0
servers: {aaa: [one], app: [two], cron: {hosts: []}}
registry: {server: registry.test:5000, username: x, password: y}
builder: {arch: amd64, driver: docker}
env: {clear: {GREETING: hello}, secret: [KEY]}
proxy: {host: shop.example.com, run: {registry: registry.test:5000}}
deploy_timeout: 5
readiness_delay: 0
`;

const isDeployLock = (call: string, request: unknown) =>
  call === 'acquireLock' && (request as LockRequest).directory === '.kamal/lock-shop';

test('the primary role gets traffic and the lock, and a role without machines is left out, from the first deploy on', async () => {
  const world = makeWorld(yaml);
  const locked: string[] = [];
  for (const machine of world.machines.values()) {
    machine.onCall = ({ name, args: [request], moment }) =>
      void (isDeployLock(name, request) && moment === 'after' && locked.push(machine.name));
  }
  world.push('1');
  expect(await world.deploy('1', { command: 'setup' })).toMatchObject({ exitStatus: 0 });
  expect(locked).toEqual(['two']);
  expect(world.running()).toEqual(['one shop-aaa-1', 'two shop-app-1']);
  expect(world.traffic()).toEqual(['two shop-app shop-app-1']);
  expect(await world.plan('1')).toEqual([]);
  world.push('2');
  expect(await world.deploy('2')).toMatchObject({ exitStatus: 0 });
  expect(await world.rollback()).toMatchObject({ exitStatus: 0 });
  expect(world.running()).toEqual(['one shop-aaa-1', 'two shop-app-1']);
});

test('a role without machines alone is an error, and nothing is done', async () => {
  const world = makeWorld(yaml);
  world.push('1');
  await expect(world.deploy('1', { roles: ['cron'] })).resolves.toMatchObject({ exitStatus: 2 });
  expect(world.running()).toEqual([]);
});
