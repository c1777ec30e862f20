import { abbreviateVersion } from '../build/version.ts';
import { describe, reasonOf, shortNames } from '../plan/describe.ts';

import type { AccessoryDrift } from '../plan/accessories/drift.ts';
import { type Plan, type Stage, type Step, thisMachine } from '../plan/plan.ts';
import { count } from './duration.ts';
import { noColours, type Paint } from './paint.ts';
import { type PlanResult, startCommand, subject } from './results.ts';
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
    ...[...result.plan.notes, ...accessoryTexts(result)].map((note) => `note: ${note}`),
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

/** Those that are down for the same reason are told together: one command starts them, each after what it depends on. */
function accessoryTexts(result: PlanResult): string[] {
  const downTogether = new Map<string, AccessoryDrift[]>();
  for (const one of result.accessories) {
    if (one.down === undefined || one.because.length > 1) continue;
    const key = `${one.host} ${one.down}`;
    downTogether.set(key, [...(downTogether.get(key) ?? []), one]);
  }
  const told = [...downTogether.values()].flat();
  return [
    ...[...downTogether.values()].map((ones) => downText(ones, result)),
    ...result.accessories.filter((one) => !told.includes(one)).map(accessoryText),
  ];
}

function downText(ones: readonly AccessoryDrift[], { destination }: PlanResult): string {
  const [first] = ones;
  const names = ones.map(({ name }) => name);
  const command = startCommand(names, destination);
  return `${first?.host}: ${names.join(', ')} ${ones.length === 1 ? 'does' : 'do'} not run: ${first?.down}; \`${command}\` starts what is down`;
}

/** What `deploy --accessories` would apply, and what is away meanwhile. */
function accessoryText({ name, host, because, interrupts }: PlanResult['accessories'][number]): string {
  const cost = interrupts.length === 0 ? '' : `, which interrupts ${interrupts.join(', ')}`;
  const command = because.every((one) => one.startsWith('it does not run'))
    ? `accessory start ${name}`
    : 'deploy --accessories';
  return `${host}: ${name} is left alone, unlike the file: ${because.join(', ')}; \`${command}\` applies it${cost}`;
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
