import { dependentsOf } from '../../accessories/needed.ts';
import { Failure } from '../../errors.ts';
import { meet } from '../../plan/accessories/current.ts';
import { dependOn, rolesFeeling } from '../../plan/accessories/felt.ts';
import { fateOf } from '../../plan/accessories/fate.ts';
import type { AccessoryResult } from '../../report/results.ts';
import { withFleet } from '../connecting.ts';
import type { Fleet } from '../fleet.ts';
import { underLock } from '../lock.ts';
import type { Run } from '../run.ts';
import { openSession, type Session } from '../session.ts';
import { carryOutAccessories, type AccessoriesDone, type AccessoryWork } from './carry-out.ts';
import { pullFirst } from './pull-first.ts';
import { refuseUnsaid } from './refuse.ts';
import { stories, type AccessoryCommand, type AccessoryOptions } from './stories.ts';
import { wantedIn } from './wanted.ts';

/** Opens the session for a command about accessories, and carries it out. @throws Failure */
export async function changeAccessories(
  run: Run,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoryResult> {
  const isTakenAway = command === 'stop' || command === 'remove';
  const session = await openSession(run, {
    changes: 'machines',
    hooks: ['pre-connect'],
    needs: ['accessories', 'registry', ...(isTakenAway ? [] : (['accessory-routes'] as const))],
    accessories: options.names,
  });
  return changeWith(session, command, options);
}

/** Connects, and under the lock observes, plans and executes. @throws Failure */
export async function changeWith(
  session: Session,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoryResult> {
  const started = Date.now();
  const { tree, selected } = session;
  const done = await withFleet(
    session,
    tree.headSha,
    async (fleet) => {
      if (stories[command](options).asksFirst) await askFirst(session, fleet);
      return underLock(session, fleet, tree.headSha, (lock) =>
        changeUnderLock({ session, fleet, lock }, command, options),
      );
    },
    { hosts: selected.accessoryHosts },
  );
  return resultOf(session, { started, done });
}

/** Before the lock, which nobody else should have to wait for. @throws Failure `usage` when the answer is no */
async function askFirst(session: Session, fleet: Fleet): Promise<void> {
  const { config, run, typed } = session;
  const wanted = wantedIn(session);
  if (wanted.every(({ accessory }) => dependentsOf(accessory.name, config).length === 0)) return;
  const observed = await fleet.observe({ accessories: { wanted, digests: new Map() } });
  for (const [name, roles] of rolesFeeling(config, meet(wanted, observed), observed)) {
    const text = dependOn(roles, name);
    if (run.confirm === undefined) {
      const again = `\`${typed(`accessory start ${name}`)}\``;
      run.emit({ type: 'warning', text: `${text}, which is stopped until ${again}` });
    } else if (!(await run.confirm(`${text}, and run${roles.length === 1 ? 's' : ''}. Stop it?`))) {
      throw new Failure('usage', `${name} was not stopped`, { hint: 'Nothing was changed.' });
    }
  }
}

/** The same under a lock that is held already, for a deploy. @throws Failure */
export async function changeUnderLock(
  { session, fleet, lock }: Pick<AccessoryWork, 'session' | 'fleet' | 'lock'>,
  command: AccessoryCommand,
  options: AccessoryOptions,
): Promise<AccessoriesDone> {
  const story = stories[command](options);
  const { config, run } = session;
  const wanted = wantedIn(session);
  const work = { session, fleet, lock, wanted, title: [run.command, ...options.names].join(' ') };
  if (story.pullsFirst) await pullFirst(work, story);
  return carryOutAccessories({
    ...work,
    check(observed) {
      const replaced = refuseUnsaid(session, story, observed);
      for (const met of replaced) run.emit({ type: 'note', text: `${met.wanted.host}: ${fateOf(met)}` });
    },
    plan: (observed, since) => story.plan({ config, wanted, observed }, since),
  });
}

function resultOf(session: Session, { started, done }: { started: number; done: AccessoriesDone }): AccessoryResult {
  const { config, selected } = session;
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    changed: done.changed,
    seconds: (Date.now() - started) / 1000,
    accessories: wantedIn(session).map(({ host, accessory, spec }) => {
      const timing = done.timings.find((one) => one.host === host && one.name === accessory.name);
      return { name: accessory.name, host, container: spec.name, image: spec.image, ...timing };
    }),
    hosts: selected.accessoryHosts,
  };
}
