import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Observed } from '../../observe/observed.ts';
import { isRunning, meet, type Met } from '../../plan/accessories/current.ts';
import { heldOn } from '../../plan/accessories/held.ts';
import { whyNotOurs } from '../../plan/accessories/refuse.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Fleet, FleetLook } from '../fleet.ts';
import { refuse, refuseFor, refuseStrangers } from '../refusals.ts';
import type { Session } from '../session.ts';
import { digestsOf, readFiles } from './files.ts';
import { whyLeft } from './held.ts';
import type { Story } from './stories.ts';
import { wantedIn } from './wanted.ts';

/**
 * Looks before anything is built or locked, and refuses what would be refused later, by the app that follows too.
 * @returns those that are going to be made or started. @throws Failure
 */
export async function lookAtAccessories(
  session: Session,
  fleet: Fleet,
  story: Story,
  app: { look: FleetLook; plan: (observed: Observed, later: readonly WantedAccessory[]) => Plan },
): Promise<WantedAccessory[]> {
  const { config } = session;
  const wanted = wantedIn(session);
  const digests = digestsOf(await readFiles(session, wanted));
  const observed = await fleet.observe({ ...app.look, accessories: { wanted, digests } });
  refuseUnsaid(session, story, observed);
  const changes = story.replaces ?? ((met: Met) => !isRunning(met));
  const later = meet(wanted, observed)
    .filter(changes)
    .map((met) => met.wanted);
  const plans = [story.plan({ config, wanted, observed }, undefined), app.plan(observed, later)];
  await refuse(session, fleet, { observed, plans });
  return later;
}

/** Refuses what must not be done, or not unsaid. @returns those that are going to be replaced. @throws Failure */
export function refuseUnsaid(session: Session, story: Story, observed: Observed): Met[] {
  const { config } = session;
  refuseStrangers(session, observed);
  const all = meet(wantedIn(session), observed);
  refuseFor(session, {
    code: 'would-collide',
    reasons: all.flatMap((met) => whyNotOurs(met, config)),
    hint: 'Give it a `service` of its own, or take the other one away. Nothing was changed.',
  });
  refuseFor(session, {
    code: 'hosts-not-ready',
    reasons: heldReasons(session, story, all),
    hint: 'Look at the data first. Nothing was changed.',
  });
  const replaced = all.filter((met) => story.replaces?.(met) === true);
  const reasons = story.refusals?.(story.replaces === undefined ? all : replaced, config) ?? [];
  refuseFor(session, { code: 'usage', reasons, hint: 'Nothing was changed.' });
  return replaced;
}

/** Those that a failed replacement left to a person; taking one away is such a decision. */
function heldReasons({ config }: Session, { takesAway }: Story, all: readonly Met[]): string[] {
  if (takesAway === true) return [];
  return all.flatMap(({ host, wanted }) => {
    const held = heldOn(host, wanted.accessory);
    return held === undefined ? [] : [whyLeft(config, held)];
  });
}

/** What a command would do with all accessories, and the reasons for which it would not. */
export function accessoriesAhead(
  session: Session,
  story: Story,
  observed: Observed,
): { plan: Plan; reasons: string[] } {
  const { config } = session;
  const all = meet(wantedIn(session), observed);
  const taken = all.filter((met) => whyNotOurs(met, config).length > 0);
  const own = all.filter((met) => !taken.includes(met));
  const replaced = own.filter((met) => story.replaces?.(met) === true);
  return {
    plan: story.plan({ config, wanted: own.map(({ wanted }) => wanted), observed }, undefined),
    reasons: [
      ...taken.flatMap((met) => whyNotOurs(met, config)),
      ...heldReasons(session, story, own),
      ...(story.refusals?.(replaced, config) ?? []),
    ],
  };
}
