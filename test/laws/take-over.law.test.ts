import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

/** What a dead run had begun goes on without it, and is over before the run that takes over changes anything. */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** All of it takes longer than the lease. */
const slow = 40;
const yaml = twoMachines
  .replace('{web: [one, two], worker: {', `{web: {hosts: [one, two], stop_timeout: ${slow + 20}}, worker: {`)
  .replace('cmd: work}', `cmd: work, stop_timeout: ${slow + 20}}`)
  .replace('deploy_timeout: 5', `deploy_timeout: ${slow + 20}`);
const isOfLock = (name: string) => /Lock$|^enlist$|^leaveLine$/.test(name);

async function serving(): Promise<World> {
  const world = makeWorld(yaml);
  for (const version of ['v1', 'v4']) world.push(version);
  world.push('v3', { kind: 'healthy', afterSeconds: slow });
  await world.deploy('v1', { command: 'setup' });
  for (const machine of world.machines.values()) machine.stopSeconds = slow;
  return world;
}

interface Killed {
  /** What was at work when the run died: `one: stop shop-web-v1`. */
  readonly begun: readonly string[];
  readonly wrong: readonly string[];
}

/** @returns undefined when the run had ended by then */
async function killedAt(seconds: number): Promise<Killed | undefined> {
  const world = await serving();
  const stops = () => [...world.machines.values()].flatMap((one) => [...one.stopping].map((it) => ({ one, it })));
  const requests = () =>
    [...world.machines.values()].flatMap((one) => [...one.proxy.execs].map(([id, { words }]) => ({ one, id, words })));
  let isDead = false;
  listen(world, () => (isDead ? 'cut' : undefined));
  const first = world.deploy('v3', { isDead: () => isDead });
  const isOver = await Promise.race([
    first.then(() => true),
    new Promise<false>((resolve) => setTimeout(resolve, seconds * 1000, false)),
  ]);
  if (isOver) return undefined;
  isDead = true;
  for (const machine of world.machines.values()) machine.cutAll();
  const [stopping, asked] = [stops(), requests()];
  const atWork = () => [
    ...stopping.filter(({ one, it }) => one.stopping.has(it)).map(({ one, it }) => `${one.name}: stop ${it.name}`),
    ...asked
      .filter(({ one, id }) => one.proxy.execs.has(id))
      .map(({ one, words }) => `${one.name}: ${words.slice(1, 3).join(' ')}`),
  ];
  const begun = atWork();
  const wrong: string[] = [];
  stopListening(world);
  listen(world, ({ name, moment }, machine) => {
    if (moment !== 'before' || isOfLock(name)) return;
    wrong.push(...atWork().map((what) => `${machine.name}: ${name}, while this is at work: ${what}`));
  });
  const second = await world.deploy('v4');
  if (second.exitStatus !== 0) wrong.push(`ended with ${second.exitStatus} ${second.failure?.message}`);
  if ((await world.plan('v4')).length > 0) wrong.push('v4 is not all there is');
  await first;
  return { begun, wrong: wrong.map((line) => `killed after ${seconds} s: ${line}`) };
}

test(
  'killed at any time, while it stops containers or waits for the proxy: the next run waits for that first',
  () =>
    inVirtualTime(async () => {
      const [begun, wrong]: [string[], string[]] = [[], []];
      for (let seconds = 0.5; ; seconds += 4) {
        const killed = await killedAt(seconds);
        if (killed === undefined) break;
        begun.push(...killed.begun);
        wrong.push(...killed.wrong);
      }
      expect(wrong).toEqual([]);
      expect(new Set(begun.map((what) => what.replace(/^\w+: (\w+) .*$/, '$1')))).toEqual(new Set(['deploy', 'stop']));
    }),
  60_000,
);
