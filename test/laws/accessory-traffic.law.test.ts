import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessoryCommand } from '../../src/pipeline/accessories/stories.ts';
import { inVirtualTime } from '../fakes/virtual-time.ts';
import { listen, makeWorld, stopListening, twoMachines, type World } from './world.ts';

const yaml = `${twoMachines}accessories:
  search: {image: registry.test:5000/search:1, host: two, proxy: {host: search.example.com}, healthcheck: {start_period: 2, retries: 1, timeout: 1}}
`;
const moments = ['before', 'after'] as const;
const kinds = ['connection', 'kill'] as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an accessory that the proxy leads to', () => {
  it.each((['reboot', 'upgrade'] as const).flatMap((command) => kinds.map((kind) => ({ command, kind }))))(
    'has its traffic whenever $command ends well, cut ($kind) at whatever call',
    ({ command, kind }) =>
      inVirtualTime(async () => {
        const problems: string[] = [];
        for (let call = 1; ; call += 1) {
          const found = await Promise.all(moments.map((moment) => cutAt(command, kind, { call, moment })));
          if (found.every((one) => one === undefined)) break;
          problems.push(...found.flatMap((one) => one ?? []));
          expect(call).toBeLessThan(100);
        }
        expect(problems).toEqual([]);
      }),
    60_000,
  );
});

/** @returns what is wrong whenever a command has ended with 0; undefined when there was no such call */
async function cutAt(
  command: AccessoryCommand,
  kind: (typeof kinds)[number],
  cut: { call: number; moment: (typeof moments)[number] },
): Promise<string[] | undefined> {
  const world = makeWorld(yaml);
  world.registry.push('registry.test:5000/search:1', {});
  expect((await world.accessory('boot', ['search'])).exitStatus).toBe(0);
  world.registry.push('registry.test:5000/search:1', { behaviour: { kind: 'healthy' } });
  let [counted, wasCut, isDead] = [0, '', false];
  listen(world, ({ moment, name }) => {
    if (isDead) return 'cut';
    if (moment === 'before') counted += 1;
    if (counted !== cut.call || moment !== cut.moment || wasCut !== '') return undefined;
    wasCut = name;
    isDead = kind === 'kill';
    return 'cut';
  });
  const first = await world.accessory(command, ['search'], { isDead: () => isDead });
  stopListening(world);
  if (wasCut === '') return undefined;
  const problems = first.exitStatus === 0 ? wrong(world) : [];
  const again = first.exitStatus === 0 ? first : await world.accessory(command, ['search']);
  problems.push(...(again.exitStatus === 0 ? wrong(world) : [`again ended with ${again.exitStatus}`]));
  return problems.map((problem) => `cut ${cut.moment} call ${cut.call} (${wasCut}): ${problem}`);
}

function wrong(world: World): string[] {
  const traffic = world.traffic().join();
  return traffic === 'two shop-search shop-search' ? [] : [`traffic: ${traffic}`];
}
