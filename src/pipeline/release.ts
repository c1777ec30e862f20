import { abbreviateVersion } from '../build/version.ts';
import { commandOf } from '../containers/command.ts';
import { Failure } from '../errors.ts';
import type { Observed } from '../observe/observed.ts';
import { currentVersion } from '../plan/current.ts';
import type { Plan } from '../plan/plan.ts';
import { irreversibleSince } from '../plan/irreversible.ts';
import { asksFor } from '../plan/release.ts';
import type { Session } from './session.ts';

/** Whether the file wants a yes to the release command that has not been said yet. */
export function wantsApproval({ run, config }: Session): boolean {
  return config.release !== undefined && run.approveRelease !== true && asksFor(config, config.release);
}

/**
 * Asks for a yes where the plan has a release command and the file wants one; nothing has been changed yet.
 * @returns the session in which it was said. @throws Failure `release-not-approved`
 */
export async function approveRelease(session: Session, { stages, version }: Plan): Promise<Session> {
  const { run, config, typed } = session;
  const step = stages
    .flatMap(({ lanes }) => lanes.flatMap(({ steps }) => steps))
    .find(({ kind }) => kind === 'run-release');
  if (step?.kind !== 'run-release' || !wantsApproval(session)) return session;
  const what = `the release command ${commandOf(step.spec)} of ${abbreviateVersion(version)}`;
  const where = config.destinationName ?? config.destination;
  const isApproved = await run.confirm?.(`Run ${what} for ${where}?`);
  if (isApproved === true) return { ...session, run: { ...run, approveRelease: true } };
  throw new Failure('release-not-approved', `Nobody said yes to ${what} for ${where}, which release.approve asks for`, {
    hint: `Nothing was changed. Say it beforehand: \`${typed(run.command)} --approve-release\`.`,
  });
}

/** Once a release command has run that cannot be undone, no failure of any run sends traffic back to what served before it. */
export function heedIrreversible({ hold, selected }: Session, before: Observed): void {
  const release = irreversibleSince(before, currentVersion(before, selected));
  if (release === undefined) return;
  const because = `the release command of ${abbreviateVersion(release.version)} ran and is irreversible`;
  hold.say({ because, oldVersion: 'cannot-serve' });
}
