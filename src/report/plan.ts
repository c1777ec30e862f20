import { abbreviateVersion } from '../build/version.ts';
import { describeDrifts } from '../plan/accessories/drift-text.ts';
import { describeTags } from '../plan/accessories/moved.ts';
import { describeWaiting } from '../plan/accessories/waiting.ts';
import { describe, reasonOf, shortNames } from '../plan/describe.ts';

import { describeLeftOut } from '../plan/left-out.ts';
import { type Plan, type Stage, type Step, thisMachine } from '../plan/plan.ts';
import { count } from './duration.ts';
import { noColours, type Paint } from './paint.ts';
import { type PlanResult, subject } from './results.ts';
import { table } from './table.ts';

/** The plan as a table: stage, machine and role, step and why. Each is said once, above what it holds for. */
export function renderPlan(result: PlanResult, paint: Paint = noColours): string {
  const rows = [
    ...hereRows('Build', result.build, paint),
    ...result.plan.stages.flatMap((stage) => stageRows(stage, paint)),
    ...hereRows('After', result.after, paint),
  ];
  return [
    paint.bold(`${subject(result)}, version ${abbreviateVersion(result.version)}`),
    ...[
      ...result.plan.notes,
      ...leftOutNotes(result),
      ...waitingNotes(result.plan),
      ...describeDrifts(result.accessories, result.destination),
      ...describeTags(result.tags, result.destination),
    ].map((note) => `note: ${note}`),
    ...result.problems.map((problem) => `${paint.yellow('problem:')} ${problem}`),
    ...(rows.length === 0 ? [] : ['', ...table(rows), '']),
    result.plan.stages.length === 0 ? 'Nothing to do.' : `${planSize(result.plan)}.`,
  ].join('\n');
}

/** What differs between the machines and the file with its release. */
export function renderDrift(result: PlanResult, paint: Paint = noColours): string {
  if (result.nothingToDo)
    return `No drift: ${subject(result)} is as the file and release ${abbreviateVersion(result.version)} say.`;
  const what =
    result.plan.stages.length === 0
      ? 'accessories are unlike the file'
      : `a deploy of ${abbreviateVersion(result.version)} would change this`;
  return `${renderPlan(result, paint)}\n${paint.yellow('Drift:')} ${what}.`;
}

/** A plan that brings one of them up to date says so itself. */
function leftOutNotes({ leftOut, plan }: PlanResult): string[] {
  return leftOut.map(describeLeftOut).filter((text) => !plan.notes.some((note) => note.startsWith(text)));
}

function waitingNotes({ waiting = [] }: Plan): string[] {
  return waiting.map((one) => `${describeWaiting(one)}; a deploy stops there: \`${one.command}\``);
}

/** What this machine does before or after the others. */
function hereRows(name: string, lines: readonly string[], paint: Paint): string[][] {
  return lines.map((line, index) => [index === 0 ? paint.bold(name) : '', index === 0 ? 'here' : '', shortNames(line)]);
}

/** Lanes of the same machine and role stand together, under one name. */
function stageRows({ name, lanes }: Stage, paint: Paint): string[][] {
  const stepsByPlace = new Map<string, Step[]>();
  for (const { host, role, steps } of lanes) {
    const place = role === undefined ? host : `${host} ${role}`;
    stepsByPlace.set(place, [...(stepsByPlace.get(place) ?? []), ...steps]);
  }
  const rows = [...stepsByPlace].flatMap(([place, steps]) =>
    steps.map((step, index) => [index === 0 ? place : '', stepText(step, paint)]),
  );
  return rows.map((cells, index) => [index === 0 ? paint.bold(name) : '', ...cells]);
}

function stepText(step: Step, paint: Paint): string {
  return `${describe(step)}  ${paint.dim(`(${reasonOf(step)})`)}`;
}

/** `12 steps on 2 hosts` */
export function planSize({ stages }: Plan): string {
  const lanes = stages.flatMap((stage) => stage.lanes);
  const steps = lanes.reduce((sum, lane) => sum + lane.steps.length, 0);
  const hosts = new Set(lanes.map((lane) => lane.host).filter((host) => host !== thisMachine)).size;
  return `${count(steps, 'step')} on ${count(hosts, 'host')}`;
}
