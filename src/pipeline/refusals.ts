import { wantedAccessories } from '../accessories/wanted.ts';
import { wantedContainers } from '../app/wanted.ts';
import { Failure } from '../errors.ts';
import { observeCloser } from '../observe/closer.ts';
import type { Observed } from '../observe/observed.ts';
import { closerLook } from '../plan/collisions/closer.ts';
import { collisions, type Collisions } from '../plan/collisions/collisions.ts';
import { rolesThatOpen } from '../plan/open-ports.ts';
import type { Plan } from '../plan/plan.ts';
import { strangers } from '../plan/strangers.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

/** What makes plans impossible or dangerous, whatever they are for; each is a text that says where and what to do. */
export interface Refusals extends Collisions {
  readonly open: readonly string[];
}

/** Looks closer where plans publish ports; else asks nothing. @throws Failure when a machine does not answer */
export async function refusalsOf(
  { config }: Pick<Session, 'config'>,
  fleet: Pick<Fleet, 'hosts'>,
  { observed, plans }: { observed: Observed; plans: readonly Plan[] },
): Promise<Refusals> {
  const closer = closerLook({ config, observed, plans });
  const hosts = observed.hosts.map((one) => {
    const [host, containers] = [fleet.hosts.get(one.host), closer.get(one.host)];
    return host === undefined || containers === undefined ? one : observeCloser(host, one, { config, containers });
  });
  return {
    ...collisions({ config, observed: { hosts: await Promise.all(hosts) }, plans }),
    open: plans.flatMap((plan) => rolesThatOpen(plan, observed, config)),
  };
}

/** Says what may be meant, and refuses what cannot be. @throws Failure */
export async function refuse(
  session: Pick<Session, 'config' | 'run'>,
  fleet: Pick<Fleet, 'hosts'>,
  work: { observed: Observed; plans: readonly Plan[] },
): Promise<void> {
  refuseStrangers(session, work.observed);
  const { refused, told, open } = await refusalsOf(session, fleet, work);
  for (const text of told) session.run.emit({ type: 'warning', text });
  refuseFor(session, { code: 'usage', reasons: open, hint: 'Nothing was changed.' });
  refuseFor(session, {
    code: 'would-collide',
    reasons: refused,
    hint: 'Give one of them another name, port or directory, or take away what is in the way. Nothing was changed.',
  });
}

/** What is made by two logins has two env files, two locks and two places for its data. @throws Failure that names both directories */
export function refuseStrangers(session: Pick<Session, 'config' | 'run'>, observed: Observed): void {
  refuseFor(session, {
    code: 'hosts-not-ready',
    reasons: strangersAmong(session, observed),
    hint: 'Log in as the one that made them (`ssh.user`), or move what they mount and remove them first. Nothing was changed.',
  });
}

export function strangersAmong({ config }: Pick<Session, 'config'>, observed: Observed): string[] {
  const wanted = [...wantedContainers(config, ''), ...wantedAccessories(config)];
  return [...new Set(observed.hosts.flatMap((host) => strangers(host, config, wanted)))];
}

/** @throws Failure that names every reason */
export function refuseFor(
  { run }: Pick<Session, 'run'>,
  {
    code,
    reasons,
    hint,
  }: { code: 'usage' | 'hosts-not-ready' | 'would-collide'; reasons: readonly string[]; hint: string },
): void {
  const [first, ...others] = reasons;
  if (first === undefined) return;
  if (others.length === 0) throw new Failure(code, first, { hint });
  throw new Failure(code, `${run.command} is refused for ${reasons.length} reasons`, { details: reasons, hint });
}
