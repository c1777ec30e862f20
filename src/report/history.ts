import { abbreviateVersion } from '../build/version.ts';
import type { Release } from '../observe/history.ts';
import { duration } from './duration.ts';
import { noColours, type Paint } from './paint.ts';
import { subject } from './results.ts';
import { table } from './table.ts';

export interface HistoryResult {
  readonly service: string;
  readonly destination?: string;
  /** Versions that the machines run now; one, unless they differ. */
  readonly serving: readonly string[];
  /** Newest first. */
  readonly releases: readonly Release[];
  /** Machines that could not be asked. */
  readonly problems: readonly { readonly host: string; readonly problem: string }[];
}

/** One release a line, newest first. */
export function renderHistory(result: HistoryResult, paint: Paint = noColours): string {
  const { releases, serving, problems } = result;
  const header = ['WHEN (UTC)', 'VERSION', 'HOW IT ENDED', 'BY', 'TOOK', 'MACHINES', ''].map((cell) => paint.dim(cell));
  const rows = releases.map((release) => rowOf(release, serving, paint));
  return [
    paint.bold(`releases of ${subject(result)}`),
    '',
    ...(rows.length === 0 ? ['No release is written down on these machines.'] : table([header, ...rows])),
    ...(problems.length === 0 ? [] : ['', ...problems.map(({ host, problem }) => paint.red(`${host}: ${problem}`))]),
  ].join('\n');
}

function rowOf(release: Release, serving: readonly string[], paint: Paint): string[] {
  const { at, version, performer, deployer, seconds, hosts } = release;
  return [
    at.replace('T', ' ').replace(/Z$/, ''),
    abbreviateVersion(version),
    howItEnded(release, paint),
    [performer, deployer].filter(Boolean).join(' on '),
    seconds === undefined ? '' : duration(seconds),
    hosts.map(({ host }) => host).join(', '),
    serving.includes(version) ? paint.green('serves') : '',
  ];
}

function howItEnded({ command, hosts, from }: Release, paint: Paint): string {
  const outcomes = [...new Set(hosts.map(({ outcome }) => outcome))];
  const said = outcomes
    .map((outcome) => (outcome === 'live' ? paint.green(outcome) : paint.red(outcome)))
    .join(' and ');
  return `${command}: ${said}${from === undefined ? '' : `, from ${abbreviateVersion(from)}`}`;
}
