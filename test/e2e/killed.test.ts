import { expect, test } from 'vitest';
import { makeVictim, moments } from './interruption.ts';
import { dal, on } from './machines.ts';

const victim = makeVictim();

test.each(moments)(
  'kill -9 when $when: what serves goes on, and the next deploy finishes what was left',
  async (moment) => {
    const dead = await victim.interrupted(moment, (kill) => kill('SIGKILL'));
    expect(dead.status).toBe(137);
    await victim.servesSomething();
    await letLeaseRunOut();
    await victim.deployFinishes();
  },
);

/** The story waits for a dead run's lease; here it is made old, if the run had taken the lock at all. */
async function letLeaseRunOut(): Promise<void> {
  await on(dal, `cd /home/deploy/.kamal/lock-small 2>/dev/null && sed -i '3s/.*/1/' longshore-lease || true`);
}
