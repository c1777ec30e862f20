import { accessoriesNeeded } from '../../accessories/needed.ts';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import { Failure } from '../../errors.ts';
import { pause } from '../../execute/ready.ts';
import type { Observed } from '../../observe/observed.ts';
import { describeDrifts } from '../../plan/accessories/drift-text.ts';
import { accessoryDrift } from '../../plan/accessories/drift.ts';
import { connectFleet } from '../connecting.ts';
import type { FleetLook } from '../fleet.ts';
import type { Session } from '../session.ts';
import { digestsOf, filesAtHand } from './files.ts';
import { withWaysBack } from './held.ts';
import { wantedIn } from './wanted.ts';

/** Accessories beside a deploy that leaves them alone. */

type Look = Pick<FleetLook, 'accessories'>;

/** What the roles' accessories are asked under the lock; nothing for a file whose roles depend on none. */
export function lookAtNeeded(session: Session): Promise<Look> {
  const needed = accessoriesNeeded(session.config, session.selected);
  return lookAt(session, needed, needed);
}

/** What all of them are asked once, in the batch of the first look; nothing for a file without accessories. */
export async function lookBeside(session: Session): Promise<Look> {
  const needed = accessoriesNeeded(session.config, session.selected);
  const chosen = wantedIn(session);
  const isChosen = ({ host, accessory }: WantedAccessory) =>
    chosen.some((one) => one.host === host && one.accessory.name === accessory.name);
  const wanted = [...chosen, ...needed.filter((one) => !isChosen(one))];
  return lookAt(session, wanted, needed);
}

async function lookAt(
  session: Session,
  wanted: readonly WantedAccessory[],
  needed: readonly WantedAccessory[],
): Promise<Look> {
  if (wanted.length === 0) return {};
  const asked = new Set(needed.map(({ accessory }) => accessory.name));
  return { accessories: { wanted, digests: digestsOf(await filesAtHand(session, wanted)), asked } };
}

/** Says which of them are unlike the file or down, and what to type. */
export function sayBeside({ config, run }: Session, { accessories }: Look, observed: Observed): void {
  const seen = (accessories?.wanted ?? []).filter(({ host }) => observed.hosts.some((one) => one.host === host));
  const drifts = withWaysBack(config, accessoryDrift(config, seen, observed));
  for (const text of describeDrifts(drifts, config.destinationName)) run.emit({ type: 'note', text });
}

const longestWaitSeconds = 3;

/**
 * Looks at machines that have accessories only, while the deploy goes on: one that cannot be reached is said, and stops nothing.
 * @returns what to call at the end, which gives those that have not answered yet a moment
 */
export function lookAside(session: Session, look: Look, hosts: readonly string[]): () => Promise<void> {
  const { run } = session;
  const over = new AbortController();
  const aside = { ...session, run: { ...run, signal: AbortSignal.any([run.signal, over.signal]) } };
  const looking = Promise.all(
    hosts.map(async (host) => {
      try {
        await lookOnce(aside, look, host);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (over.signal.aborted) return;
        run.emit({ type: 'note', text: `its accessories were not looked at: ${error.message}` });
      }
    }),
  );
  looking.catch(() => undefined);
  return async () => {
    await Promise.race([looking, pause(longestWaitSeconds * 1000)]);
    over.abort();
  };
}

async function lookOnce(session: Session, look: Look, host: string): Promise<void> {
  const fleet = await connectFleet(session, [host]);
  const close = () => void fleet.close();
  session.run.signal.addEventListener('abort', close, { once: true });
  try {
    sayBeside(session, look, await fleet.observe(look));
  } finally {
    session.run.signal.removeEventListener('abort', close);
    await fleet.close();
  }
}
