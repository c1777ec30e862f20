import { expect, test } from 'vitest';
import { machines, makeVictim, moments, onlyServes } from './interruption.ts';
import { dal, lockIsHeld, type Machine, on } from './machines.ts';

const victim = makeVictim();

test.each(moments)(
  'Ctrl-C when $when: exit 130, everything serves what it served, and the lock is given back',
  async (moment) => {
    const stopped = await victim.interrupted(moment, (kill) => kill('SIGINT'));
    // When the last steps of all had begun there was nothing left to interrupt.
    const isOver = stopped.status === 0 && moment.isLast === true;
    if (isOver) {
      for (const machine of machines)
        expect(await lastRelease(machine)).toMatchObject({ version: victim.next, outcome: 'live' });
    } else {
      expect(stopped, stopped.output).toMatchObject({ status: 130 });
    }
    await onlyServes(isOver ? victim.next : victim.current);
    expect(await lockIsHeld(dal, 'small')).toBe(false);
    await victim.deployFinishes();
  },
);

async function lastRelease(machine: Machine): Promise<unknown> {
  return JSON.parse(await on(machine, 'tail -n 1 /home/deploy/.kamal/small-releases.jsonl'));
}
