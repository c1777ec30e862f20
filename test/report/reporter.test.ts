import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { colours, noColours } from '../../src/report/paint.ts';
import { createReporter, type ReporterOptions } from '../../src/report/reporter.ts';
import { failedDeploy, paper, plan, steps } from './sample.ts';

async function report(mode: ReporterOptions['mode'], options: Partial<ReporterOptions> = {}): Promise<string> {
  const { stream, text } = paper();
  const reporter = createReporter({ mode, verbose: false, stream, paint: noColours, ...options });
  for (const event of failedDeploy) reporter.emit(event);
  await reporter.close();
  return text();
}

afterEach(() => vi.useRealTimers());

describe('the plain reporter', () => {
  test('says every event on a line, with the machine in front and how long it took', async () => {
    expect(await report('plain')).toBe(`deploy shop to production (config/deploy.yml) on dal-01
build …
build | RUN npm ci
build: done in 12 s
deploy 4be1: 3 steps on 1 host
== Prepare
[dal-01 pre-deploy] | hello from the hook
[dal-01] pull acme/shop:4be1 (not on this host): done in 0.3 s
== Boot web
[dal-01 web] start shop-web-4be1 (it is not running): failed after 1.0 s: exited with 1
deploy 4be1: failed after 1.4 s
[dal-01] stop other (it is in the way): done in 0.2 s

dal-01 web: it exited with 1 a second after its start
  container     shop-web-4be1
  likely cause  the app crashes at start
  last lines of its log:
    | Error: no DATABASE_URL
  what the health probe saw: none
  next          longshore deploy production

warning: pruning failed on dal-01
`);
  });

  test('says when a step begins too, when it is to be verbose', async () => {
    expect(await report('plain', { verbose: true })).toContain(
      '[dal-01 web] start shop-web-4be1 (it is not running) …\n',
    );
  });

  test('writes no escape codes without colours, and some with them', async () => {
    const plain = await report('plain');
    expect(stripVTControlCharacters(plain)).toBe(plain);
    const coloured = await report('plain', { paint: colours });
    expect(coloured).not.toBe(plain);
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  });

  test('says that a long step is still at work, until it ends', () => {
    vi.useFakeTimers();
    const { stream, text } = paper();
    const { emit } = createReporter({ mode: 'plain', verbose: false, stream, paint: noColours });
    emit({ type: 'step-started', id: 1, host: 'dal-01', step: steps.pull });
    emit({ type: 'step-progress', id: 1, text: '12 of 40 MB' });
    vi.advanceTimersByTime(10_000);
    expect(text()).toBe('[dal-01] pull acme/shop:4be1 (not on this host): still at it, 12 of 40 MB\n');
    emit({ type: 'step-ended', id: 1, host: 'dal-01', step: steps.pull, outcome: 'done', seconds: 12 });
    const before = text();
    vi.advanceTimersByTime(60_000);
    expect(text()).toBe(before);
  });
});

test('the quiet reporter says only what went wrong', async () => {
  const text = await report('quiet');
  expect(text).toContain('failed after 1.0 s: exited with 1');
  expect(text).toContain('likely cause');
  expect(text).toContain('warning: pruning failed');
  expect(text).not.toContain('Prepare');
  expect(text).not.toContain('done in');
  expect(text).not.toContain('build');
});

test('the JSON reporter writes every event as one JSON line with its time', async () => {
  const lines = (await report('json'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ at: _at, ...event }) => event)).toEqual(JSON.parse(JSON.stringify(failedDeploy)));
  expect(lines.every(({ at }) => typeof at === 'string' && !Number.isNaN(Date.parse(at)))).toBe(true);
});

test('the reporter for GitHub Actions folds tasks and stages, and annotates warnings and what failed', async () => {
  const lines = (await report('actions')).split('\n').filter((line) => line.startsWith('::'));
  expect(lines).toEqual([
    '::group::build',
    '::endgroup::',
    '::group::Prepare',
    '::endgroup::',
    '::group::Boot web',
    '::endgroup::',
    '::error::dal-01 web: it exited with 1 a second after its start',
    '::warning::pruning failed on dal-01',
  ]);
});

describe('the terminal reporter', () => {
  test('ends with what was done, what failed and what never began, and keeps the rest above or below', async () => {
    const text = stripVTControlCharacters(await report('terminal'));
    const at = (part: string) => {
      expect(text).toContain(part);
      return text.lastIndexOf(part);
    };
    expect(at('[dal-01] 0.3 s pull acme/shop:4be1')).toBeLessThan(at('start shop-web-4be1: failed after 1.0 s'));
    expect(at('start shop-web-4be1: failed after 1.0 s: exited with 1')).toBeLessThan(at('Retire'));
    expect(at('Retire')).toBeLessThan(at('likely cause  the app crashes at start'));
    expect(text).toContain('[dal-01 pre-deploy] | hello from the hook');
    expect(text).toContain('[dal-01] stop other (it is in the way): done in 0.2 s');
    expect(text).toMatch(/[✔√] build 12 s/);
  });

  test('ends when the pipeline throws half way, and leaves no listener for signals', async () => {
    const before = process.listenerCount('SIGINT');
    const { stream, text } = paper();
    const reporter = createReporter({ mode: 'terminal', verbose: false, stream, paint: noColours });
    reporter.emit({ type: 'task-started', task: 'connect' });
    reporter.emit({ type: 'plan-started', title: 'deploy 4be1', plan });
    reporter.emit({ type: 'stage-started', stage: 'Prepare' });
    reporter.emit({ type: 'step-started', id: 1, host: 'dal-01', step: steps.pull });
    await reporter.close();
    await reporter.close();
    expect(stripVTControlCharacters(text())).toContain('[dal-01] pull acme/shop:4be1');
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  test('draws nothing while a question is asked', async () => {
    const { stream, text } = paper();
    const reporter = createReporter({ mode: 'terminal', verbose: false, stream, paint: noColours });
    reporter.emit({ type: 'task-started', task: 'connect' });
    await vi.waitFor(() => expect(text()).toContain('connect'));
    await reporter.aside(async () => {
      const before = text();
      reporter.emit({ type: 'task-progress', task: 'connect', text: 'dal-01' });
      await new Promise((resolve) => setTimeout(resolve, 250));
      expect(text()).toBe(before);
      return 'answer';
    });
    reporter.emit({ type: 'task-ended', task: 'connect', seconds: 1, outcome: 'done' });
    await reporter.close();
    expect(stripVTControlCharacters(text())).toContain('connect 1.0 s');
  });
});
