import { expect, test } from 'vitest';
import { renderLock, renderStatus } from '../../src/report/status.ts';

test('the status shows machines, proxies, routes and the lock', () => {
  const text = renderStatus({
    service: 'shop',
    destination: 'production',
    hosts: [
      {
        host: 'dal-01',
        engineVersion: '20.10.24',
        containers: [
          {
            role: 'web',
            version: '4be1a2c0ffee4be1a2c0ffee4be1a2c0ffee4be1',
            state: 'running',
            status: 'Up 3 minutes (healthy)',
            servesTraffic: true,
          },
          {
            role: 'worker',
            version: '4be1a2c',
            state: 'exited',
            status: 'Exited (1) 2 minutes ago',
            servesTraffic: false,
          },
        ],
        accessories: [
          {
            ...{
              name: 'db',
              image: 'postgres:17',
              state: 'running',
              status: 'Up 2 days',
              ports: ['127.0.0.1:5432/tcp'],
              unfinished: 'longshore accessory upgrade db -d production',
            },
          },
          {
            ...{ name: 'cache', image: 'valkey:8', state: 'exited', status: 'Exited (128)', ports: [] },
            error: 'cannot assign requested address',
          },
          { name: 'mail', image: 'mail:1', state: 'missing', status: 'there is no container', ports: [] },
        ],
        others: [{ container: 'databasus', image: 'databasus:2', status: 'Up 4 days' }],
        proxy: { image: 'basecamp/kamal-proxy:v0.9.0', state: 'running' },
        routes: [
          {
            service: 'shop-web-production',
            hosts: ['shop.example.com'],
            pathPrefixes: ['/'],
            target: 'shop-web-4be1a2c0ffee4be1a2c0ffee4be1a2c0ffee4be1',
            paused: true,
          },
          { service: 'api-web', hosts: [], pathPrefixes: ['/api'], target: '8766a24ca74e:80', paused: false },
        ],
      },
      {
        ...{ host: 'dal-02', problem: 'does not answer on port 22' },
        ...{ containers: [], accessories: [], others: [], routes: [] },
      },
    ],
    leftOut: [{ host: 'dal-03', version: '4be1a2c', performer: 'kim', at: '2026-11-20T22:55:44Z' }],
    down: [
      ...['cache', 'mail'].map((name) => ({
        ...{ host: 'dal-01', kind: 'accessory' as const, name },
        ...{ why: '192.0.2.11 is missing', command: `longshore accessory start ${name} -d production` },
      })),
      {
        ...{ host: 'dal-01', kind: 'role', name: 'worker' },
        ...{ why: 'Exited (1) 2 minutes ago', command: 'longshore deploy --skip-push --version 4be1a2c production' },
      },
    ],
    lock: {
      details: 'Locked by: ann at 2026-11-20\nVersion: 4be1\nMessage: deploy',
      lease: { ownerToken: 'x', seconds: 30, secondsLeft: 12.2 },
    },
  });
  expect(text).toBe(`shop in production

HOST    ROLE                        VERSION  STATE    SINCE                     TRAFFIC
dal-01  web                         4be1a2c  healthy  Up 3 minutes (healthy)    serves
        worker                      4be1a2c  exited   Exited (1) 2 minutes ago
dal-02  does not answer on port 22

HOST    ACCESSORY  IMAGE        STATE    SINCE                  PORTS
dal-01  db         postgres:17  running  Up 2 days              127.0.0.1:5432/tcp
        cache      valkey:8     exited   Exited (128)
        mail       mail:1       missing  there is no container

HOST    PROXY                        STATE    ENGINE
dal-01  basecamp/kamal-proxy:v0.9.0  running  20.10.24

HOST    ROUTE                REQUESTS FOR           GO TO
dal-01  shop-web-production  shop.example.com       shop-web-4be1a2c  paused
        api-web              every name under /api  8766a24ca74e:80

HOST    NOT OF THIS FILE  IMAGE        SINCE
dal-01  databasus         databasus:2  Up 4 days

HOST    DOWN         WHY
dal-01  cache, mail  192.0.2.11 is missing
dal-01  worker       Exited (1) 2 minutes ago

dal-03 was left out since 4be1a2c (by kim at 2026-11-20T22:55:44Z): the next deploy that reaches it brings it up to date.

dal-01: a replacement of db was cut off: \`longshore accessory upgrade db -d production\` finishes it.

To start what is down: longshore accessory start all -d production
To start what is down: longshore deploy --skip-push --version 4be1a2c production

The deploy lock is held:
  Locked by: ann at 2026-11-20
  Version: 4be1
  Message: deploy
  Its lease runs out in 13 s unless its run renews it.`);
});

test('a lock says who holds it, and whether it ever runs out', () => {
  expect(renderLock({ held: false, host: 'dal-01' })).toBe('Nobody holds the deploy lock (on dal-01).');
  expect(renderLock({ held: false, host: 'dal-01', releasedOn: ['dal-01', 'chi-02'] })).toBe(
    'The deploy lock was given back on dal-01, chi-02.',
  );
  const elsewhere = [{ host: 'chi-02', holder: { details: 'Locked by: Kim' } }];
  expect(renderLock({ held: false, host: 'dal-01', elsewhere }).split('\n')).toMatchObject([
    'Nobody holds the deploy lock (on dal-01).',
    '',
    'chi-02 carries one too, of a `kamal` with a host filter or of a run without the primary:',
    '  Locked by: Kim',
    expect.stringContaining('never runs out'),
  ]);
  const byHand = renderLock({ held: true, host: 'dal-01', holder: { details: 'Message: migrating' } });
  expect(byHand).toContain('Message: migrating\n  It never runs out');
});

test('what a person has to decide about is said with what brings the old one back, and is not started', () => {
  const down = (name: string, command: string) => ({
    host: 'dal-01',
    kind: 'accessory' as const,
    name,
    why: `${name} is down`,
    command,
  });
  const text = renderStatus({
    service: 'shop',
    hosts: [],
    leftOut: [],
    down: [
      { ...down('db', 'ssh root@dal-01 docker rename a b'), held: true },
      down('cache', 'longshore accessory start cache'),
    ],
  });
  expect(text).toContain('To bring the old one back: ssh root@dal-01 docker rename a b');
  expect(text).toContain('longshore accessory start cache');
  expect(text).not.toMatch(/accessory start (db|all)/);
});
