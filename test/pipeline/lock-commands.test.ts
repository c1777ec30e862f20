import { expect, test } from 'vitest';
import { Failure } from '../../src/errors.ts';
import type { Event } from '../../src/execute/events.ts';
import { findLocks, giveBackLocks } from '../../src/pipeline/lock-commands.ts';
import type { Session } from '../../src/pipeline/session.ts';
import { sessionOf } from '../laws/session.ts';
import { makeWorld } from '../laws/world.ts';

const directory = '.kamal/lock-shop';
const details = 'Locked by: Kim at 2026-01-02T03:04:05Z\nVersion: 1\nMessage: Automatic deploy lock';

function fleet(options: { away?: string; confirm?: (question: string) => Promise<boolean> } = {}) {
  const world = makeWorld();
  const events: Event[] = [];
  const session = sessionOf(world, {}, events);
  const { confirm } = options;
  const asked: Session = {
    ...session,
    run: confirm === undefined ? session.run : { ...session.run, confirm },
    connect: (name, signal) => {
      if (name === options.away) throw new Failure('host-unreachable', `${name} cannot be reached.`);
      return session.connect(name, signal);
    },
  };
  const take = async (name: string, lease?: { ownerToken: string; seconds: number }) => {
    const host = await session.connect(name, session.run.signal);
    await host.acquireLock({ directory, details, ...(lease === undefined ? {} : { lease }) });
  };
  return {
    session: { ...asked, connect: async (name: string, signal: AbortSignal) => asked.connect(name, signal) },
    events,
    take,
  };
}

test('locks are found on every machine of the file', async () => {
  const { session, take } = fleet();
  expect(await findLocks(session)).toEqual({ held: false, host: 'one' });
  await take('two');
  expect(await findLocks(session)).toEqual({
    held: false,
    host: 'one',
    elsewhere: [{ host: 'two', holder: { details } }],
  });
  await take('one');
  expect(await findLocks(session)).toMatchObject({ held: true, host: 'one', holder: { details } });
});

test('and given back wherever they lie', async () => {
  const { session, take } = fleet();
  await take('two');
  expect(await giveBackLocks(session)).toEqual({ held: false, host: 'one', releasedOn: ['two'] });
  expect(await findLocks(session)).toEqual({ held: false, host: 'one' });
  await expect(giveBackLocks(session)).rejects.toMatchObject({ code: 'lock-missing', exitStatus: 2 });
});

test('a machine that cannot be reached is a warning, unless the lock’s own place is there', async () => {
  const { session, events, take } = fleet({ away: 'two' });
  await take('one');
  expect(await giveBackLocks(session)).toMatchObject({ releasedOn: ['one'] });
  expect(events).toEqual([{ type: 'warning', text: expect.stringContaining('two cannot be reached. Whether a lock') }]);
  await expect(findLocks(fleet({ away: 'one' }).session)).rejects.toMatchObject({ code: 'host-unreachable' });
});

test('the lock of a run that is alive is taken away only when a person agrees, or nobody is there to ask', async () => {
  const questions: string[] = [];
  const answers = [false, true];
  const confirm = async (question: string) => {
    questions.push(question);
    return answers.shift() ?? false;
  };
  const asked = fleet({ confirm });
  await asked.take('one', { ownerToken: 'theirs', seconds: 15 });
  await expect(giveBackLocks(asked.session)).rejects.toMatchObject({ code: 'lock-held' });
  expect((await findLocks(asked.session)).held).toBe(true);
  expect(await giveBackLocks(asked.session)).toMatchObject({ releasedOn: ['one'] });
  expect(questions[0]).toContain('is alive (Locked by: Kim');
  const alone = fleet();
  await alone.take('one', { ownerToken: 'theirs', seconds: 15 });
  expect(await giveBackLocks(alone.session)).toMatchObject({ releasedOn: ['one'] });
  expect(alone.events).toMatchObject([{ type: 'warning' }]);
});
