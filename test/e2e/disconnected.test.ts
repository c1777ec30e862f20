import { expect, test } from 'vitest';
import { host, makeVictim, moments } from './interruption.ts';
import { chi, dal, lockIsHeld, served } from './machines.ts';

const victim = makeVictim();

test.each(moments)(
  'a lost connection when $when: the run goes on or says so, and the next deploy ends in the right state',
  async (moment) => {
    const cut = await victim.interrupted(moment, () => victim.relays[0]?.cut());
    expect([0, 5, 6], cut.output).toContain(cut.status);
    await victim.servesSomething();
    await victim.deployFinishes();
  },
);

test('a machine that stays away: the others are brought back, exit 6, and a deploy mends it when the machine is there again', async () => {
  const lost = await victim.interrupted(moments[5]!, () => victim.relays[1]?.refuse());
  expect(lost, lost.output).toMatchObject({ status: 6 });
  expect(lost.stdout).toContain(chi.address);
  expect(await served(dal, host)).toBe(victim.current);
  expect(await lockIsHeld(dal, 'small')).toBe(false);
  victim.relays[1]?.allow();
  await victim.deployFinishes();
});
