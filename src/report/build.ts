import type { Shown } from '../config/truth-shown.ts';
import type { DetailedCommand } from '../build/details.ts';
import { quoteAll } from '../processes/quote.ts';
import { count, duration } from './duration.ts';
import { noColours, type Paint } from './paint.ts';
import type {
  BuildDetailsResult,
  BuilderResult,
  BuildResult,
  DeliverResult,
  DevBuildResult,
  PullResult,
} from './results.ts';

export function renderBuildResult({ image, digest, output, seconds }: BuildResult): string {
  if (digest === undefined) return `Built ${image} as ${output} in ${duration(seconds)}.`;
  return `Pushed ${image} in ${duration(seconds)}.\n  ${digest}`;
}

export function renderPull({ image, digest, hosts, seconds }: PullResult): string {
  return `Pulled ${image} on ${count(hosts.length, 'host')} in ${duration(seconds)}.\n  ${digest}`;
}

export function renderDeliver({ pushed, pulled }: DeliverResult): string {
  return `${renderBuildResult(pushed)}\n${renderPull(pulled)}`;
}

export function renderDevBuild({ tags, output, seconds }: DevBuildResult): string {
  const where = output === 'docker' ? 'It is in the Docker engine here' : `It is there as ${output}`;
  return [`Built the working directory in ${duration(seconds)}. ${where}:`, ...tags.map((tag) => `  ${tag}`)].join(
    '\n',
  );
}

export function renderBuilder({ kind, name, done }: BuilderResult): string {
  if (name === undefined)
    return kind === 'pack' ? 'pack builds; it needs no builder.' : 'The Docker engine builds; it needs no builder.';
  const said = {
    made: 'is made; it starts with the first build',
    there: 'is there',
    removed: 'is removed',
    absent: 'is not there',
  };
  return `The builder ${name} ${said[done as keyof typeof said]}.`;
}

/** Everything that a build does, as it would be typed; then what docker has now. */
export function renderBuildDetails({ builder, commands, now }: BuildDetailsResult, paint: Paint = noColours): string {
  const { name, kind, driver, platforms, nodes } = builder;
  const whole = name ?? (kind === 'pack' ? 'pack' : 'the Docker engine');
  const lines = [
    `Builder:   ${paint.bold(whole)} (${kind})`,
    `Driver:    ${driver}`,
    `Platforms: ${platforms.join(', ')}`,
    ...nodes.map(({ context, platforms: own, options }) => {
      const where = context === undefined ? 'the engine here' : `${context.endpoint} (context ${context.name})`;
      const more = [own.join(', '), options.join(', ')].filter((part) => part !== '').map((part) => `, ${part}`);
      return `Node:      ${where}${more.join('')}`;
    }),
  ];
  const purposes: Record<DetailedCommand['purpose'], string> = {
    inspect: 'To see whether the builder is there',
    remove: 'To make it anew when it differs',
    create: 'To make it',
    build: 'To build',
    push: 'To push',
  };
  const groups = Object.entries(purposes).flatMap(([purpose, title]) => {
    const own = commands.filter((command) => command.purpose === purpose);
    return own.length === 0 ? [] : ['', paint.bold(`${title}:`), ...own.map((command) => `  ${lineOf(command)}`)];
  });
  return [...lines, ...groups, ...(now ? ['', paint.bold('Docker has:'), now] : [])].join('\n');
}

function lineOf({ env, words }: DetailedCommand): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${valueOf(value)}`);
  return [...variables, quoteAll(words)].join(' ');
}

function valueOf(value: Shown): string {
  if (typeof value !== 'object') return quoteAll([String(value)]);
  return 'secret' in value ? `<secret ${value.secret}>` : '<in the file, not shown>';
}
