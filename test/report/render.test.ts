import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import { duration } from '../../src/report/duration.ts';
import { failureAsJson, renderFailure } from '../../src/report/failure.ts';
import { colours, noColours, paintFor } from '../../src/report/paint.ts';
import { renderDrift, renderPlan } from '../../src/report/plan.ts';
import { renderBuildResult } from '../../src/report/build.ts';
import { renderDeployResult } from '../../src/report/result.ts';
import { table } from '../../src/report/table.ts';
import { plan } from './sample.ts';

const planned = {
  service: 'shop',
  destination: 'production',
  version: '4be1',
  build: ['build acme/shop:4be1 for amd64', 'push acme/shop:4be1'],
  plan,
  accessories: [],
  tags: { moved: [], notAsked: [] },
  leftOut: [],
  problems: [],
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
    const on = { host: 'dal-01', interrupts: ['db', 'pooler'] };
    const commands = ['deploy --accessories', 'accessory upgrade db'];
    const db = { ...on, name: 'db', because: ['its label team differs'], commands };
    const because = ['it does not run (Exited (1))'];
    const down = { ...on, name: 'cache', because, interrupts: [], commands: ['accessory start cache'] };
    const late = (name: string) => ({
      ...{ name, host: 'dal-01', interrupts: [], commands: [], down: '192.0.2.11 was missing' },
      because: ['it does not run (Exited (137)): 192.0.2.11 was missing'],
    });
    const text = renderDrift({ ...empty, nothingToDo: false, accessories: [db, down, late('mail'), late('sftp')] });
    expect(text).toBe(`shop to production, version 4be1
note: dal-01: mail, sftp do not run: 192.0.2.11 was missing; \`longshore accessory start all -d production\` starts what is down
note: dal-01: db is left alone, unlike the file: its label team differs; \`longshore deploy --accessories production\` or \`longshore accessory upgrade db -d production\` applies it, which interrupts db, pooler
note: dal-01: cache is left alone, unlike the file: it does not run (Exited (1)); \`longshore accessory start cache -d production\` applies it
Nothing to do.
Drift: accessories are unlike the file.`);
  });

  test('tells tags that moved, which is no drift, and those about which nobody knows', () => {
    const on = { name: 'db', host: 'dal-01', image: 'acme/db:1' };
    const moved = [{ ...on, because: 'the registry has sha256:77aa by now' }];
    const notAsked = [{ ...on, image: 'acme/db:2', because: 'its registry wants a login, and there is none' }];
    expect(renderPlan({ ...empty, tags: { moved, notAsked } })).toBe(`shop to production, version 4be1
note: dal-01: acme/db:1 of db moved: the registry has sha256:77aa by now; only \`longshore accessory upgrade db -d production\` applies it
note: dal-01: whether acme/db:2 of db moved is not known: its registry wants a login, and there is none
Nothing to do.`);
  });
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

  test('says how long each phase took', () => {
    expect(renderDeployResult({ ...result, phases: { preflight: 0.4, build: 0.61, swap: 0.3 } })).toContain(
      '77aa before. Took 1.3 s: preflight 0.4 s, build 0.6 s, swap 0.3 s.\n',
    );
  });

  test('says how long accessories were away that were made before it', () => {
    const accessories = [
      { name: 'queue', host: 'dal-01', downSeconds: 1.04, healthySeconds: 0.6 },
      { name: 'cache', host: 'chi-02', healthySeconds: 2 },
    ];
    expect(renderDeployResult({ ...result, accessories })).toContain(`
  queue  dal-01  healthy after 0.6 s  down for 1.0 s
  cache  chi-02  healthy after 2.0 s`);
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
