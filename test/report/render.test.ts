import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { duration } from '../../src/report/duration.ts';
import { failureAsJson, renderFailure } from '../../src/report/failure.ts';
import { colours, noColours, paintFor } from '../../src/report/paint.ts';
import { renderDrift, renderPlan } from '../../src/report/plan.ts';
import { renderBuildResult } from '../../src/report/build.ts';
import { renderDeployResult } from '../../src/report/result.ts';
import { renderLock, renderStatus } from '../../src/report/status.ts';
import { table } from '../../src/report/table.ts';
import { plan } from './sample.ts';

const planned = {
  service: 'shop',
  destination: 'production',
  version: '4be1',
  build: ['build acme/shop:4be1 for amd64', 'push acme/shop:4be1'],
  plan,
  accessories: [],
  after: [],
  nothingToDo: false,
};

describe('a plan', () => {
  test('is a table of stages, machines, steps and reasons', () => {
    expect(renderPlan(planned)).toBe(`shop to production, version 4be1
note: today's settings apply

Build     here        build acme/shop:4be1 for amd64
                      push acme/shop:4be1
Prepare   dal-01      pull acme/shop:4be1  (not on this host)
Boot web  dal-01 web  start shop-web-4be1  (it is not running)
Retire    dal-01 web  stop shop-web-77aa  (replaced by 4be1)

3 steps on 1 host.`);
  });

  const empty = { ...planned, build: [], nothingToDo: true, plan: { ...plan, notes: [], stages: [] } };

  test('that has nothing to do says so', () => {
    expect(renderPlan(empty)).toBe('shop to production, version 4be1\nNothing to do.');
  });

  test('as a check says whether something drifted', () => {
    expect(renderDrift(empty)).toBe('No drift: shop to production is as the file and release 4be1 say.');
    expect(renderDrift(planned)).toMatch(/Drift: a deploy of 4be1 would change this\.$/);
  });

  test('tells accessories that are unlike the file, and what applying that interrupts', () => {
    const db = { name: 'db', host: 'dal-01', because: ['its label team differs'], interrupts: ['db', 'pooler'] };
    const down = { name: 'cache', host: 'dal-01', because: ['it does not run (Exited (1))'], interrupts: [] };
    const text = renderDrift({ ...empty, nothingToDo: false, accessories: [db, down] });
    expect(text).toBe(`shop to production, version 4be1
note: dal-01: db is left alone, unlike the file: its label team differs; \`deploy --accessories\` applies it, which interrupts db, pooler
note: dal-01: cache is left alone, unlike the file: it does not run (Exited (1)); \`accessory start cache\` applies it
Nothing to do.
Drift: accessories are unlike the file.`);
  });
});

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

HOST    ACCESSORY  IMAGE        STATE    SINCE                                          PORTS
dal-01  db         postgres:17  running  Up 2 days                                      127.0.0.1:5432/tcp
        cache      valkey:8     exited   Exited (128): cannot assign requested address
        mail       mail:1       missing  there is no container

HOST    PROXY                        STATE    ENGINE
dal-01  basecamp/kamal-proxy:v0.9.0  running  20.10.24

HOST    ROUTE                REQUESTS FOR           GO TO
dal-01  shop-web-production  shop.example.com       shop-web-4be1a2c  paused
        api-web              every name under /api  8766a24ca74e:80

HOST    NOT OF THIS FILE  IMAGE        SINCE
dal-01  databasus         databasus:2  Up 4 days

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
    'chi-02 carries one too, as a `kamal` with a host filter leaves it:',
    '  Locked by: Kim',
    expect.stringContaining('never runs out'),
  ]);
  const byHand = renderLock({ held: true, host: 'dal-01', holder: { details: 'Message: migrating' } });
  expect(byHand).toContain('Message: migrating\n  It never runs out');
});

describe('a result', () => {
  const result = {
    service: 'shop',
    destination: 'production',
    version: '4be1',
    previousVersion: '77aa',
    changed: true,
    seconds: 1.31,
    hosts: [{ host: 'dal-01', roles: { web: '4be1', worker: '4be1' } }],
  };

  test('says what serves where, and what did before', () => {
    expect(renderDeployResult(result)).toBe(`shop to production: 4be1 serves on 1 host, 77aa before. Took 1.3 s.
  dal-01  web     4be1
          worker  4be1`);
  });

  test('says that there was nothing to do', () => {
    expect(renderDeployResult({ ...result, changed: false })).toBe('Nothing to do: shop to production is at 4be1.');
  });

  test('of a build is the image and its digest', () => {
    const build = { output: 'registry', version: '4be1', image: 'acme/shop:4be1', digest: 'sha256:ab', seconds: 61 };
    expect(renderBuildResult(build)).toBe('Pushed acme/shop:4be1 in 1 min 1 s.\n  sha256:ab');
  });
});

describe('a failure', () => {
  const failure = new Failure('lock-held', 'dal-01: ann is deploying', { details: ['since 12:00'], hint: 'wait' });

  test('is its message, its details and what to do', () => {
    expect(renderFailure(failure)).toBe('error: dal-01: ann is deploying\n  since 12:00\n→ wait');
    expect(failureAsJson(failure)).toEqual({
      error: {
        code: 'lock-held',
        message: 'dal-01: ann is deploying',
        details: ['since 12:00'],
        hint: 'wait',
        exit: 4,
      },
    });
  });

  test('nobody foresaw is called a bug, with its stack and where to report it', () => {
    const text = renderFailure(new TypeError('x is not a function'));
    expect(text).toMatch(/^error: this is a bug in Longshore\n {2}TypeError: x is not a function\n {6}at /);
    expect(text).toContain('/issues/new');
    expect(failureAsJson('thrown text')).toEqual({ error: { code: 'bug', message: 'thrown text', exit: 1 } });
  });
});

test.each([
  [0.04, '0.0 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 min'],
  [125, '2 min 5 s'],
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('a table pads by what is seen, not by escape codes', () => {
  expect(
    table([
      [colours.red('ab'), 'c'],
      ['abcd', 'e'],
    ]),
  ).toEqual([`${colours.red('ab')}    c`, 'abcd  e']);
});

test('colours are for terminals, unless the environment says otherwise', () => {
  expect(paintFor({ isTTY: true }, {})).toBe(colours);
  expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })).toBe(noColours);
  expect(paintFor({ isTTY: true }, { TERM: 'dumb' })).toBe(noColours);
  expect(paintFor({}, {})).toBe(noColours);
  expect(paintFor({}, { FORCE_COLOR: '1' })).toBe(colours);
});
