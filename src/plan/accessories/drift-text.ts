import { typed } from '../typed.ts';
import type { AccessoryDrift } from './drift.ts';

/**
 * What a deploy, which leaves them alone, and `plan` say of accessories. Those that are down for the same reason are told together: one
 * command starts them, each after what it depends on.
 */
export function describeDrifts(drifts: readonly AccessoryDrift[], destination: string | undefined): string[] {
  const downTogether = new Map<string, AccessoryDrift[]>();
  for (const one of drifts) {
    if (one.down === undefined || one.because.length > 1) continue;
    const key = `${one.host} ${one.down}`;
    downTogether.set(key, [...(downTogether.get(key) ?? []), one]);
  }
  const told = [...downTogether.values()].flat();
  return [
    ...[...downTogether.values()].map((ones) => downText(ones, destination)),
    ...drifts.filter((one) => !told.includes(one)).map((one) => driftText(one, destination)),
  ];
}

function downText(ones: readonly AccessoryDrift[], destination: string | undefined): string {
  const [first] = ones;
  const names = ones.map(({ name }) => name);
  const command = startCommand(names, destination);
  return `${first?.host}: ${names.join(', ')} ${ones.length === 1 ? 'does' : 'do'} not run: ${first?.down}; \`${command}\` starts what is down`;
}

/** What is unlike the file, what applies it, and what is away meanwhile. */
function driftText(
  { name, host, because, interrupts, fate, held, unfinished, commands }: AccessoryDrift,
  destination: string | undefined,
): string {
  if (held !== undefined) {
    const back = commands.map((command) => `\`${command}\``).join(' and ');
    return `${host}: ${name} is left alone: ${because.join(', ')}; ${back} bring the old one back`;
  }
  const cost = interrupts.length === 0 ? '' : `, which interrupts ${interrupts.join(', ')}`;
  const oneOf = commands.map((command) => `\`${typed(command, destination)}\``).join(' or ');
  if (unfinished === true) return `${host}: ${name} is left alone: ${because.join(', ')}; ${oneOf} finishes it`;
  return `${host}: ${name} is left alone, unlike the file: ${because.join(', ')}; ${oneOf} applies it${cost}${fate === undefined ? '' : `; ${fate}`}`;
}

/** What starts these accessories again, each after what it depends on. */
export function startCommand(names: readonly string[], destination: string | undefined): string {
  const [name = 'all'] = names.length === 1 ? names : [];
  return typed(`accessory start ${name}`, destination);
}
