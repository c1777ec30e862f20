import { expect, test } from 'vitest';
import type { Event } from '../../src/execute/events.ts';
import { heed } from '../../src/pipeline/hooks.ts';
import { askedToHold, newHold } from '../../src/pipeline/hold.ts';
import type { Run } from '../../src/pipeline/run.ts';

function listener(hold = newHold()) {
  const events: Event[] = [];
  const run = { emit: (event: Event) => void events.push(event) } as Pick<Run, 'emit'> as Run;
  return { session: { run, hold, mask: (text: string) => text.replaceAll('hunter2', '[TOKEN]') }, events };
}

test('what a hook says is the reason to hold, and a graver one than the command line’s', () => {
  const { session, events } = listener(newHold(askedToHold));
  expect(session.hold.reason?.oldVersion).toBe('can-serve');
  heed(session, 'hook pre-deploy on two', 'on_failure=hold\n');
  heed(session, 'hook pre-app-boot', 'on_failure=hold\n');
  expect(session.hold.reason).toEqual({
    because: 'hook pre-deploy on two said on_failure=hold',
    oldVersion: 'cannot-serve',
  });
  expect(events).toEqual([]);
});

test('what means nothing is told, without the secrets in it', () => {
  const { session, events } = listener();
  heed(session, 'hook pre-deploy', 'token=hunter2\n');
  expect(session.hold.reason).toBeUndefined();
  expect(events).toEqual([
    {
      type: 'warning',
      text: 'hook pre-deploy wrote "token=[TOKEN]" to $LONGSHORE_OUTPUT, which means nothing; what it may say is on_failure=hold',
    },
  ]);
});
