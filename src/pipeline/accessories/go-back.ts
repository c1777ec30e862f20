import { Failure, messageOf } from '../../errors.ts';
import { isSame, type Outcome } from '../../execute/execute.ts';
import type { Observed } from '../../observe/observed.ts';
import { ranBefore } from '../../plan/accessories/before.ts';
import { isRunning, isSteady, meet, type Met } from '../../plan/accessories/current.ts';
import { broughtBack, lanesOf, planAccessoryGoBack } from '../../plan/accessories/go-back.ts';
import { heldOn, type Held } from '../../plan/accessories/held.ts';
import type { Kept } from '../../plan/accessories/verdict.ts';
import type { Plan } from '../../plan/plan.ts';
import { executionBack } from '../execution.ts';
import { untilSettled } from '../until-settled.ts';
import type { AccessoryEnded, AccessoryWork } from './carry-out.ts';
import { wayBack } from './held.ts';
import { asBefore, keptText } from './kept.ts';

/** Brings back what ran before a replacement that failed. @returns what to throw: 5 when everything runs as before, else 6 */
export async function goBack(work: AccessoryWork, ended: AccessoryEnded): Promise<unknown> {
  const { session, lock } = work;
  const { before, outcome } = ended;
  const logs = await Promise.all(outcome.problems.map((problem) => logOf(work, ended, problem)));
  const { back, held, kept, after, away } = await bringBack(work, ended);
  if (await lock.isTaken()) return takenOver(work);
  const bug = [...outcome.problems, ...back.problems].find(({ error }) => !(error instanceof Failure))?.error;
  if (bug !== undefined) return bug;
  const problems = [...outcome.problems, ...back.problems].map(
    ({ host, role, error }) =>
      `${role === undefined ? host : `${host} ${role}`}: ${messageOf(error).replace(`${host}: `, '')}`,
  );
  const removed = kept.filter((one) => one.as === 'removed');
  const notUp = notBack(work, { before, after, touched: outcome.touched }, [...held, ...removed]);
  const ours = notUp.filter((met) => lanesOf(met, outcome.touched).length > 0);
  const missing = [
    ...away.map((host) => `${host}: it does not answer, and nobody knows what runs there`),
    ...ours.map(downText),
  ];
  const alien = notUp.filter((met) => !ours.includes(met)).map((met) => alienText(met, work));
  const details = [...problems, ...kept.map(keptText), ...alien, ...ended.away(), ...logs.flat()];
  if (held.length > 0) return heldFailure(work, held, [...details, ...missing]);
  if (missing.length > 0 || back.result !== 'done') {
    return new Failure('deploy-unsettled', `${work.title} failed, and not everything runs as before`, {
      details: [...details, ...missing, ...(await oldLogs(work, after))],
      hint: `What does not run as before was not removed. \`${session.typed('accessory details all')}\` shows what is there.`,
    });
  }
  const outcomeText = asBefore(kept, alien);
  if (outcome.result === 'interrupted') {
    return new Failure('interrupted', `Interrupted: ${outcomeText}`, {
      hint: `\`${session.typed(work.title)}\` starts again.`,
    });
  }
  return new Failure('deploy-reverted', `${work.title} failed: ${outcomeText}`, {
    details,
    hint: 'Mend it and type it again.',
    exitStatus: outcome.swapBegan ? 5 : Math.min(firstStatus(outcome.problems), 5),
  });
}

interface Back {
  /** How the last pass ended. */
  readonly back: Pick<Outcome, 'result' | 'problems'>;
  readonly held: readonly Held[];
  readonly kept: readonly Kept[];
  readonly after: Observed;
  readonly away: readonly string[];
}

/** Carries out the plan back until nothing is left of it; one that does not come back keeps no other from its way. */
async function bringBack(
  { session, fleet, lock, wanted }: AccessoryWork,
  { before, outcome, execution, look }: AccessoryEnded,
): Promise<Back> {
  const version = session.tree.headSha;
  const undisturbed = {
    ...executionBack(execution, { session, fleet, version, lock }),
    afterProblem: 'go-on' as const,
  };
  const { left, touched } = outcome;
  let unproven = left;
  let verdicts: Pick<Back, 'held' | 'kept'> = { held: [], kept: [] };
  const planFor = (now: Observed, last?: Outcome) => {
    const here = wanted.filter((one) => now.hosts.some(({ host }) => host === one.host));
    const isAway = ({ host }: { host: string }) => !here.some((one) => one.host === host);
    if (last !== undefined)
      unproven = [...unproven.filter((lane) => !last.touched.some((one) => isSame(one, lane))), ...last.left];
    const input = { config: session.config, wanted: here, before, now, left, touched, unproven, held: verdicts.held };
    const { plan, held, kept } = planAccessoryGoBack(input);
    verdicts = {
      held: [...verdicts.held.filter(isAway), ...held],
      kept: [...verdicts.kept.filter(isAway), ...kept],
    };
    return plan;
  };
  const settled = await untilSettled({ fleet, lock, look, execution: undisturbed, title: titleOf }, planFor);
  const { after, away } = settled;
  const { result, problems } = settled.outcome;
  const isDone = planFor(after, settled.outcome).stages.length === 0;
  const held = verdicts.held.map((one) => ({ ...one, isDown: isDown(one, { wanted, after }) }));
  return {
    back: { result: result === 'done' && !isDone ? 'failed' : result, problems },
    held,
    kept: verdicts.kept,
    after,
    away,
  };
}

/** Whether the new one was seen to be down, and no engine starts it. */
function isDown({ host, name }: Held, { wanted, after }: Pick<AccessoryWork, 'wanted'> & Pick<Back, 'after'>): boolean {
  const one = wanted.find(({ host: on, accessory }) => on === host && accessory.name === name);
  const observed = after.hosts.find((machine) => machine.host === host);
  return one !== undefined && observed !== undefined && heldOn(observed, one.accessory)?.isDown === true;
}

function titleOf({ stages }: Plan): string {
  return stages.some(({ name }) => name === broughtBack)
    ? 'bring back what ran before'
    : 'stop what did not get healthy';
}

/** Another run has the lock: nothing may be changed any more. */
export function takenOver({ session }: AccessoryWork): Failure {
  return new Failure('lock-held', 'The lock was taken by another run meanwhile; nothing more was done', {
    hint: `Look at \`${session.typed('accessory details all')}\` and \`${session.typed('lock status')}\`.`,
  });
}

function firstStatus(problems: AccessoryEnded['outcome']['problems']): number {
  const first = problems[0]?.error;
  return first instanceof Failure ? first.exitStatus : 5;
}

/** What ran before and does not now, those aside that are told otherwise; of what was touched, what another run had stopped too. */
function notBack(
  { wanted }: AccessoryWork,
  { before, after, touched }: { before: Observed; after: Observed; touched: Outcome['touched'] },
  told: readonly Pick<Held, 'host' | 'name'>[],
): Met[] {
  const here = wanted.filter(({ host }) => after.hosts.some((one) => one.host === host));
  const now = meet(here, after);
  return meet(here, before).flatMap((was, index) => {
    const is = now[index];
    const { host, accessory } = was.wanted;
    const ran = isRunning(was) || (ranBefore(was) && lanesOf(was, touched).length > 0);
    if (is === undefined || !ran || isSteady(is)) return [];
    if (isRunning(was) && isRunning(is) && !isSteady(was)) return [];
    if (told.some((one) => one.host === host && one.name === accessory.name)) return [];
    return [is];
  });
}

function downText(met: Met): string {
  const { host, accessory } = met.wanted;
  return `${host}: ${accessory.name} does not ${isRunning(met) ? 'stay up' : 'run'}`;
}

/** It died while this run was at work on others. */
function alienText(met: Met, { session }: AccessoryWork): string {
  const command = session.typed(`accessory start ${met.wanted.accessory.name}`);
  return `${downText(met)} any more, which this run had not touched; \`${command}\` starts it`;
}

/** The two commands that bring the old container back, for a person to type. */
function heldFailure({ session, title }: AccessoryWork, held: readonly Held[], details: readonly string[]): Failure {
  const commands = held.flatMap((one) => wayBack(session.config, one));
  const [first] = held;
  const names = held.map(({ name }) => name).join(', ');
  const what = held.every(({ isDown: down }) => down)
    ? `${names} is stopped: a person has to decide`
    : `a person has to decide about ${names}, which may still run`;
  return new Failure('deploy-unsettled', `${title} failed, and ${what}`, {
    details: [
      ...details,
      ...held.map(({ host, name, because }) => `${host} ${name}: ${because}; both containers are kept`),
      'The old one comes back with:',
      ...commands.map((command) => `  ${command}`),
      'Then the new one is there under its name with _failed_, until you remove it.',
    ],
    hint: `Look at the data first; \`revert: true\` on ${first?.name ?? 'the accessory'} would go back by itself.`,
  });
}

async function logOf(
  { fleet, session }: AccessoryWork,
  { execution }: AccessoryEnded,
  { host, step }: AccessoryEnded['outcome']['problems'][number],
): Promise<string[]> {
  if (!('container' in step)) return [];
  const id = execution.containerIds.get(`${host}/${step.container.name}`) ?? step.container.id ?? step.container.name;
  return lastLines(fleet, session, host, id, step.container.name);
}

async function oldLogs({ fleet, session, wanted }: AccessoryWork, after: Observed): Promise<string[]> {
  const here = wanted.filter(({ host }) => after.hosts.some((one) => one.host === host));
  const down = meet(here, after).filter((met) => !isSteady(met) && met.observed.container !== undefined);
  const logs = down.map(({ wanted: { host, spec }, observed }) =>
    lastLines(fleet, session, host, observed.container?.id ?? '', spec.name),
  );
  return (await Promise.all(logs)).flat();
}

async function lastLines(
  fleet: AccessoryWork['fleet'],
  { mask }: AccessoryWork['session'],
  host: string,
  id: string,
  name: string,
): Promise<string[]> {
  const lines = await fleet.hosts
    .get(host)
    ?.docker.logs(id, { tail: 20 })
    .catch(() => []);
  if (lines === undefined || lines.length === 0) return [];
  return [`The log of ${name} on ${host} ended:`, ...lines.map((line) => `  ${mask(line)}`)];
}
