import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { both, failing, killed, notes, scripts, serving } from './hooked.ts';
import { listen, stopListening } from './world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const deployFailed = 'run deploy-failed';

test('deploy-failed runs on the machines after everything is back, under the lock, and is told what failed', () =>
  inVirtualTime(async () => {
    const { world, told } = await serving();
    const { exitStatus } = await world.deploy('bad', { hooks: both });
    expect(exitStatus).toBe(5);
    expect(failing(told).map(({ host, isLocked }) => [host, isLocked])).toEqual([
      ['one', true],
      ['two', true],
    ]);
    expect(failing(told)[0]?.env).toMatchObject({
      KAMAL_COMMAND: 'deploy',
      KAMAL_VERSION: 'bad',
      LONGSHORE_FAILED_STEP: expect.stringMatching(/^(one|two) web: send shop-web to shop-web-bad once healthy$/),
      LONGSHORE_EXIT_STATUS: '5',
    });
    const journal = world.machines.get('one')?.journal ?? [];
    expect(journal.indexOf(deployFailed)).toBeGreaterThan(journal.indexOf('remove container shop-web-bad'));
    expect(notes(world)).toEqual([]);
  }));

test('a deploy that completes runs no deploy-failed, and leaves no note and nothing to plan', () =>
  inVirtualTime(async () => {
    const { world, told } = await serving();
    expect((await world.deploy('v2', { hooks: both })).exitStatus).toBe(0);
    expect(failing(told)).toEqual([]);
    expect(notes(world)).toEqual([]);
    expect(await world.plan('v2', { hooks: both })).toEqual([]);
  }));

test('pre-deploy that fails on one of two machines is followed by deploy-failed on both', () =>
  inVirtualTime(async () => {
    const { world, told } = await serving(({ host, hook }) => (hook === 'pre-deploy' && host === 'two' ? 9 : 0));
    const { exitStatus } = await world.deploy('v2', { hooks: both });
    expect(exitStatus).toBe(3);
    expect(failing(told).map(({ host }) => host)).toEqual(['one', 'two']);
    expect(failing(told)[0]?.env).toMatchObject({
      LONGSHORE_FAILED_STEP: 'two: run hook pre-deploy',
      LONGSHORE_EXIT_STATUS: '3',
    });
  }));

test('Ctrl-C after pre-deploy runs deploy-failed to its end, and is exit 130', () =>
  inVirtualTime(async () => {
    const { world, told } = await serving();
    const controller = new AbortController();
    listen(world, ({ name, moment }) => {
      if (name === 'docker.startContainer' && moment === 'before') controller.abort();
    });
    const { exitStatus } = await world.deploy('v2', { hooks: both, signal: controller.signal });
    stopListening(world);
    expect(exitStatus).toBe(130);
    expect(failing(told).map(({ host }) => host)).toEqual(['one', 'two']);
    expect(failing(told)[0]?.env['LONGSHORE_EXIT_STATUS']).toBe('130');
  }));

test.each([
  ['there is none', { hooks: ['pre-deploy'] as const, status: 0 }, `there is no hook ${scripts}/deploy-failed`],
  ['it fails', { hooks: both, status: 4 }, 'deploy-failed: two: hook deploy-failed ended with status 4'],
])('exit 6 names the machines whose pre-deploy remains where deploy-failed does not undo it: %s', (_why, given, said) =>
  inVirtualTime(async () => {
    const { world } = await serving(({ hook, host }) =>
      hook === 'deploy-failed' && host === 'two' ? given.status : 0,
    );
    const { exitStatus, failure } = await world.deploy('bad', { hooks: given.hooks });
    expect(exitStatus).toBe(6);
    expect(failure?.message).toBe(
      'bad failed: every machine serves v1 as before; what the pre-deploy hook did on one, two remains',
    );
    expect(failure?.details).toContain(said);
    expect(world.running().every((line) => line.endsWith('-v1'))).toBe(true);
  }),
);

test('a deploy that fails before pre-deploy began runs no deploy-failed', () =>
  inVirtualTime(async () => {
    const { world, told } = await serving();
    expect((await world.deploy('unknown', { hooks: both })).exitStatus).toBe(3);
    expect(told).toEqual([]);
    expect(notes(world)).toEqual([]);
  }));

test.each(['deploy', 'rollback'] as const)(
  'a %s after a run that was killed runs its deploy-failed before all else',
  (way) =>
    inVirtualTime(async () => {
      const { world, told } = await killed();
      const again =
        way === 'deploy' ? await world.deploy('v2', { hooks: both }) : await world.rollback('v1', { hooks: both });
      expect(again.exitStatus).toBe(0);
      expect(
        told
          .slice(0, 2)
          .map(({ host, hook, isLocked }) => `${host} ${hook} ${isLocked}`)
          .toSorted(),
      ).toEqual(['one deploy-failed true', 'two deploy-failed true']);
      expect(told[0]?.env).toMatchObject({
        KAMAL_COMMAND: 'deploy',
        KAMAL_VERSION: 'v2',
        LONGSHORE_FAILED_STEP: '',
        LONGSHORE_EXIT_STATUS: '',
      });
      expect(failing(told)).toHaveLength(2);
      expect(notes(world)).toEqual([]);
      if (way === 'deploy') expect(await world.plan('v2', { hooks: both })).toEqual([]);
    }),
);

test('where no deploy-failed hook runs after a run that was killed, what remains is said', () =>
  inVirtualTime(async () => {
    const { world } = await killed();
    const { exitStatus, events } = await world.deploy('v2', { hooks: ['pre-deploy'] });
    expect(exitStatus).toBe(0);
    const said = events.flatMap((event) => (event.type === 'note' ? [event.text] : []));
    expect(said.join('\n')).toMatch(
      /deploy of v2, begun at .* by dev@example.com, was cut off: what its pre-deploy did on one, two remains/,
    );
  }));

test('a deploy-failed of a dead run that fails stops the next deploy before anything changes, and is tried again', () =>
  inVirtualTime(async () => {
    const { world } = await killed();
    for (const machine of world.machines.values()) machine.onScript = () => 1;
    const { exitStatus, failure } = await world.deploy('v2', { hooks: both });
    expect(exitStatus).toBe(6);
    expect(failure?.message).toContain('what the pre-deploy hook did on one, two remains');
    expect(world.running().every((line) => line.endsWith('-v1'))).toBe(true);
    const lines = await world.plan('v2', { hooks: both });
    expect(lines[0]).toMatch(
      /^one: run hook deploy-failed \(deploy of v2, begun at \S+ by dev@example.com, was cut off\)$/,
    );
  }));

test('killed at any call, the next deploy runs deploy-failed first where pre-deploy had begun, and leaves no note', () =>
  inVirtualTime(async () => {
    const problems: string[] = [];
    let cuts = 0;
    for (let call = 1, isOver = false; !isOver; call += 1) {
      for (const moment of ['before', 'after'] as const) {
        const { world, told } = await serving();
        const number = (world.machines.get('one')?.callCount ?? 0) + call;
        let isDead = false;
        listen(world, (heard, { name }) => {
          if (isDead) return 'cut';
          if (name !== 'one' || heard.number !== number || heard.moment !== moment) return undefined;
          isDead = true;
          for (const machine of world.machines.values()) machine.cutAll();
          return 'cut';
        });
        await world.deploy('v2', { hooks: both, isDead: () => isDead });
        stopListening(world);
        isOver = !isDead && moment === 'before';
        if (!isDead) break;
        cuts += 1;
        const where = `killed ${moment} call ${call}`;
        const isComplete = notes(world).length === 0;
        const begun = told.filter(({ hook }) => hook === 'pre-deploy').length;
        if (begun > 0 && isComplete && world.running().some((line) => line.endsWith('-v1')))
          problems.push(`${where}: pre-deploy had begun, and no note says so`);
        told.length = 0;
        const again = await world.deploy('v2', { hooks: both });
        if (again.exitStatus !== 0) problems.push(`${where}: again ended with ${again.exitStatus}`);
        if (!isComplete && told[0]?.hook !== 'deploy-failed') problems.push(`${where}: first ran ${told[0]?.hook}`);
        if (isComplete && failing(told).length > 0) problems.push(`${where}: deploy-failed for a run that completed`);
        problems.push(...notes(world).map((host) => `${where}: a note is left on ${host}`));
        problems.push(...(await world.plan('v2', { hooks: both })).map((line) => `${where}: left to do: ${line}`));
      }
    }
    expect(cuts).toBeGreaterThan(20);
    expect(problems).toEqual([]);
  }));

test('a run that ends before its pre-deploy hook leaves no note, and the next one takes nobody for dead', () =>
  inVirtualTime(async () => {
    const { world, told } = await serving();
    const ctrlC = new AbortController();
    listen(world, ({ name, args }) => {
      if (name === 'writeFile' && String(args[0]).includes('unfinished')) ctrlC.abort();
    });
    expect((await world.deploy('v2', { hooks: both, signal: ctrlC.signal })).exitStatus).toBe(130);
    expect([told, notes(world)]).toEqual([[], []]);
    expect([(await world.deploy('v2', { hooks: both })).exitStatus, failing(told)]).toEqual([0, []]);
  }));
