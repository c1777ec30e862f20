import { abbreviateVersion } from '../build/version.ts';
import type { CutOff } from '../execute/execution.ts';
import { shortNames } from '../plan/describe.ts';
import { timingRows } from './accessories.ts';
import { count, duration } from './duration.ts';
import { noColours, type Paint } from './paint.ts';
import { phaseTimes } from './phases.ts';
import { type DeployResult, subject } from './results.ts';
import { table } from './table.ts';

/** What serves now, at the end of a deploy or a rollback. */
export function renderDeployResult(result: DeployResult, paint: Paint = noColours): string {
  if (!result.changed) return `Nothing to do: ${subject(result)} is at ${abbreviateVersion(result.version)}.`;
  const before = result.previousVersion;
  const was = before === undefined || before === result.version ? '' : `, ${abbreviateVersion(before)} before`;
  const rows = result.hosts.flatMap(({ host, roles }) =>
    Object.entries(roles).map(([role, version], index) => [
      index === 0 ? `  ${host}` : '',
      role,
      abbreviateVersion(version),
    ]),
  );
  return [
    paint.green(
      `${subject(result)}: ${abbreviateVersion(result.version)} serves on ${count(result.hosts.length, 'host')}${was}.`,
    ) + ` Took ${duration(result.seconds)}${result.phases === undefined ? '' : `: ${phaseTimes(result.phases)}`}.`,
    ...table(rows),
    ...table(timingRows(result.accessories ?? []).map(([name = '', ...cells]) => [`  ${name}`, ...cells])),
    ...(result.cutOff ?? []).map(cutOffLine),
  ].join('\n');
}

function cutOffLine({ host, role, container, because, said }: CutOff): string {
  const jobs = said === undefined ? '' : `; it said: ${said}`;
  return `Jobs in flight were cut off on ${host}, ${role}: ${shortNames(container)} ${because}${jobs}`;
}
