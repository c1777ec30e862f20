import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import type { RunOptions } from './session.ts';
import { type Ended, makeWorld, shopOn, type World } from './world.ts';

/**
 * Two deploys, one of which goes on without the primary: its lock lies on another machine than the other's, who reaches the primary all
 * the same. They never both change machines at once, and what was planned before the other one came is never carried out.
 */

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const file = shopOn('{web: [one, two, three]}');

type Way = (world: World, options?: RunOptions) => Promise<Ended>;
const ordinary: Way = (world, options) => world.deploy('v3', options);
const without: Way = (world, options) => world.deploy('v4', { ...options, without: ['one'] });
const looks = /^(read|inspect|list|describe|info|logs|wait|probe|close)/;
const isOfLock = /Lock$|^enlist$/;

async function prepared(): Promise<World> {
  const world = makeWorld(file);
  for (const version of ['v1', 'v2', 'v3', 'v4']) world.push(version);
  await world.deploy('v1', { command: 'setup' });
  await world.deploy('v2');
  return world;
}

/** Every change that was ever made to these machines. */
function changesOn({ machines }: World, hosts: readonly string[]): string {
  return JSON.stringify(
    [...machines.values()]
      .filter(({ name }) => hosts.includes(name))
      .map(({ name, journal }) => [name, journal.filter((line) => !/ lock /.test(line))]),
  );
}

function isWhole(world: World, version: string, hosts: readonly string[]): boolean {
  return hosts.every((host) => world.traffic().includes(`${host} shop-web shop-web-${version}`));
}

interface Pair {
  readonly first: Way;
  readonly second: Way;
  /** What the second makes of the machines. */
  readonly ending: { readonly version: string; readonly hosts: readonly string[] };
}

const pairs: Record<string, Pair> = {
  'an ordinary deploy, and one without the primary': {
    first: ordinary,
    second: without,
    ending: { version: 'v4', hosts: ['two', 'three'] },
  },
  'a deploy without the primary, and an ordinary one': {
    first: without,
    second: ordinary,
    ending: { version: 'v3', hosts: ['one', 'two', 'three'] },
  },
};

/**
 * The first is stopped before its nth call for as long as the second takes. On a machine that the second goes without, what was on its way
 * by then still arrives. @returns what is wrong then; undefined when it was over before
 */
async function sleepsAt({ first, second, ending }: Pair, number: number): Promise<string[] | undefined> {
  const world = await prepared();
  let [counted, stoppedIn, asLeft] = [0, '', ''];
  const begunLater: string[] = [];
  let other: Promise<Ended> | undefined;
  let hasChanged = false;
  const beforeCall = async (call: string, host: string) => {
    if (!looks.test(call)) counted += 1;
    if (counted < number) {
      hasChanged ||= !looks.test(call) && !isOfLock.test(call);
      return;
    }
    stoppedIn ||= `${call} on ${host}`;
    if (asLeft !== '' && !looks.test(call) && !isOfLock.test(call)) begunLater.push(`${call} on ${host}`);
    other ??= second(world).then((ended) => {
      asLeft = changesOn(world, ending.hosts);
      return ended;
    });
    await other;
  };
  const ended = await first(world, { beforeCall });
  if (other === undefined) return undefined;
  const [where, answer] = [`stopped in call ${number} (${stoppedIn})`, await other];
  const wrong: string[] = [];
  if (answer.exitStatus !== 0) wrong.push(`the second ended with ${answer.exitStatus} ${answer.failure?.message}`);
  if (hasChanged || ended.exitStatus === 4) {
    if (changesOn(world, ending.hosts) !== asLeft)
      wrong.push(`went on: ${changesOn(world, ending.hosts)} is not ${asLeft}`);
    if (begunLater.length > 0) wrong.push(`began ${begunLater.join()}`);
    if (!isWhole(world, ending.version, ending.hosts)) wrong.push(world.traffic().join());
  } else {
    // It had not begun, so it does what it was asked to, from what the other left.
    const [version, hosts] = first === ordinary ? ['v3', ['one', 'two', 'three']] : ['v4', ['two', 'three']];
    if (ended.exitStatus !== 0 || !isWhole(world, version, hosts))
      wrong.push(`${ended.exitStatus}: ${world.traffic().join()}`);
  }
  return wrong.map((line) => `${where}: ${line}`);
}

/** The second begins right before the first's nth call; both go on. @returns what is wrong then */
async function meetAt({ first, second }: Pair, number: number): Promise<string[] | undefined> {
  const world = await prepared();
  const order: string[] = [];
  let counted = 0;
  let other: Promise<Ended> | undefined;
  const noted = (who: string) => (call: string, host: string) => {
    if (!looks.test(call) && !isOfLock.test(call)) order.push(`${who} ${call} on ${host}`);
  };
  const [noteFirst, noteSecond] = [noted('first'), noted('second')];
  const beforeCall = async (call: string, host: string) => {
    if (!looks.test(call)) counted += 1;
    if (counted >= number) other ??= second(world, { beforeCall: async (...given) => noteSecond(...given) });
    noteFirst(call, host);
  };
  const ended = await first(world, { beforeCall });
  if (other === undefined) return undefined;
  const answer = await other;
  const who = order.map((line) => line.split(' ')[0]);
  const isApart = who.lastIndexOf('first') < who.indexOf('second') || who.lastIndexOf('second') < who.indexOf('first');
  const bothChange = who.includes('first') && who.includes('second');
  const isChanged = order.length > 0;
  const wrong = bothChange && !isApart ? [`met at call ${number}: ${order.join(', ')}`] : [];
  const statuses = [ended.exitStatus, answer.exitStatus];
  // Of two that see each other before either has changed anything, both may give up.
  if (!statuses.includes(0) && (isChanged || statuses.join() !== '4,4'))
    wrong.push(`met at call ${number}: ${statuses.join()} ${ended.failure?.message} ${answer.failure?.message}`);
  return wrong;
}

describe.each(Object.entries(pairs))('%s', (_names, pair) => {
  test.each([
    ['stopped before any single call, the first changes nothing that the second made', sleepsAt],
    ['that meet at any single call are never both at work', meetAt],
  ])(
    '%s',
    (_what, at) =>
      inVirtualTime(async () => {
        const wrong: string[] = [];
        let number = 1;
        for (; ; number += 1) {
          const found = await at(pair, number);
          if (found === undefined) break;
          wrong.push(...found);
        }
        expect(number).toBeGreaterThan(20);
        expect(wrong).toEqual([]);
      }),
    120_000,
  );
});
