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
    ...drifts.filter((one) => !told.includes(one)).map(driftText),
  ];
}

function downText(ones: readonly AccessoryDrift[], destination: string | undefined): string {
  const [first] = ones;
  const names = ones.map(({ name }) => name);
  const command = startCommand(names, destination);
  return `${first?.host}: ${names.join(', ')} ${ones.length === 1 ? 'does' : 'do'} not run: ${first?.down}; \`${command}\` starts what is down`;
}

/** What is unlike the file, what applies it, and what is away meanwhile. */
function driftText({ name, host, because, interrupts, fate, commands }: AccessoryDrift): string {
  const cost = interrupts.length === 0 ? '' : `, which interrupts ${interrupts.join(', ')}`;
  const typed = commands.map((command) => `\`${command}\``).join(' or ');
  return `${host}: ${name} is left alone, unlike the file: ${because.join(', ')}; ${typed} applies it${cost}${fate === undefined ? '' : `; ${fate}`}`;
}

/** What starts these accessories again, each after what it depends on. */
export function startCommand(names: readonly string[], destination: string | undefined): string {
  const [name = 'all'] = names.length === 1 ? names : [];
  return ['longshore accessory start', name, ...(destination === undefined ? [] : ['-d', destination])].join(' ');
}
