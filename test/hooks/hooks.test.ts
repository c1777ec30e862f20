import { expect, test } from 'vitest';
import type { HookConfig, Role } from '../../src/config/config.ts';
import { hookEnvironment, hookEnvironmentOnHost } from '../../src/hooks/environment.ts';
import type { HookMoment } from '../../src/hooks/environment.ts';
import { defaultHook, hookConfigOf, hostsFor, refuseOldHooks, secretsFor } from '../../src/hooks/hooks.ts';
import { handleFor, parseHandles } from '../../src/hooks/lock-handle.ts';

const moment: HookMoment = {
  config: { service: 'shop' },
  command: 'deploy',
  version: '4be14be14be1',
  abbreviatedVersion: '4be14be',
  performer: 'ada@example.com',
  hosts: ['dal-01', 'chi-02'],
  roles: [],
  lockHeld: false,
  locks: [],
  recordedAt: '2026-01-02T03:04:05.678Z',
};

test('a hook is told what Kamal tells it', () => {
  expect(hookEnvironment(moment)).toEqual({
    KAMAL_RECORDED_AT: '2026-01-02T03:04:05Z',
    KAMAL_PERFORMER: 'ada@example.com',
    KAMAL_VERSION: '4be14be14be1',
    KAMAL_SERVICE_VERSION: 'shop@4be14be',
    KAMAL_SERVICE: 'shop',
    KAMAL_HOSTS: 'dal-01,chi-02',
    KAMAL_COMMAND: 'deploy',
    KAMAL_LOCK: 'false',
  });
});

test('destination, roles, subcommand and runtime are told only when there are any', () => {
  expect(
    hookEnvironment({
      ...moment,
      config: { service: 'shop', destination: 'staging' },
      subcommand: 'boot',
      roles: ['web', 'worker'],
      lockHeld: true,
      runtimeSeconds: 12.6,
    }),
  ).toMatchObject({
    KAMAL_DESTINATION: 'staging',
    KAMAL_SUBCOMMAND: 'boot',
    KAMAL_ROLES: 'web,worker',
    KAMAL_LOCK: 'true',
    KAMAL_RUNTIME: '13',
  });
});

test('a hook is lent the locks of its run, and a run that it calls finds that of its own file among them', () => {
  const shop = { ownerToken: 'aa11', turn: 7, service: 'shop-staging', host: '2001:db8::1' };
  const other = { ownerToken: 'bb22', turn: 8, service: 'mail', host: 'dal-01' };
  const env = hookEnvironment({ ...moment, lockHeld: true, locks: [other, shop] });
  expect(env['LONGSHORE_LOCK']).toBe('bb22:8:mail:dal-01 aa11:7:shop-staging:2001:db8::1');
  expect(parseHandles(env)).toEqual([other, shop]);
  const file = { service: 'shop', destination: 'staging', primaryHost: '2001:db8::1' };
  expect(handleFor(file, env)).toEqual(shop);
  expect(handleFor({ ...file, primaryHost: 'dal-01' }, env)).toBeUndefined();
  expect(handleFor(file, {})).toBeUndefined();
  expect(parseHandles({ LONGSHORE_LOCK: 'true' })).toEqual([]);
});

test('a hook on a machine also learns which one it is', () => {
  expect(hookEnvironmentOnHost(moment, 'chi-02')).toEqual({ ...hookEnvironment(moment), KAMAL_HOST: 'chi-02' });
});

const role = (name: string, ...hosts: string[]): Role =>
  ({ name, hosts: hosts.map((host) => ({ host, env: { clear: {}, secret: {} } })) }) as unknown as Role;
const fleet = {
  hosts: ['dal-01', 'chi-02', 'new-03'],
  roles: [role('web', 'dal-01', 'chi-02'), role('worker', 'new-03', 'dal-01')],
};
const onHosts: HookConfig = { ...defaultHook, runOn: ['hosts'], secrets: ['TOKEN'] };

test('a hook runs on this machine unless it says otherwise', () => {
  expect(hookConfigOf({ hooks: { 'pre-deploy': onHosts } }, 'pre-deploy')).toBe(onHosts);
  expect(hookConfigOf({ hooks: {} }, 'pre-deploy')).toEqual(defaultHook);
  expect(hostsFor(defaultHook, fleet)).toEqual([]);
});

test('on machines it runs on those of the roles named, or on all', () => {
  expect(hostsFor(onHosts, fleet)).toEqual(['dal-01', 'chi-02', 'new-03']);
  expect(hostsFor({ ...onHosts, roles: ['worker'] }, fleet)).toEqual(['dal-01', 'new-03']);
  expect(hostsFor({ ...onHosts, runOn: ['local', 'hosts'], roles: ['nobody'] }, fleet)).toEqual([]);
});

test('three hooks see every secret on this machine, and on machines each sees only those named', () => {
  expect(secretsFor('pre-connect', defaultHook, 'local')).toBe('all');
  expect(secretsFor('pre-deploy', defaultHook, 'local')).toBe('all');
  expect(secretsFor('post-deploy', defaultHook, 'local')).toBe('all');
  expect(secretsFor('pre-build', defaultHook, 'local')).toEqual([]);
  expect(secretsFor('pre-deploy', defaultHook, 'host')).toEqual([]);
  expect(secretsFor('pre-deploy', onHosts, 'host')).toEqual(['TOKEN']);
});

test('the file narrows what a hook sees on this machine too, or gives it something', () => {
  expect(secretsFor('pre-deploy', onHosts, 'local')).toEqual(['TOKEN']);
  expect(secretsFor('post-deploy', { ...defaultHook, secrets: [] }, 'local')).toEqual([]);
  expect(secretsFor('pre-build', onHosts, 'local')).toEqual(['TOKEN']);
});

test('hooks by the names of Kamal 1 are refused', () => {
  expect(() => refuseOldHooks(['pre-deploy', 'post-traefik-reboot'])).toThrow('post-traefik-reboot would never run');
  expect(() => refuseOldHooks(['pre-deploy', 'pre-deploy.sample'])).not.toThrow();
});
