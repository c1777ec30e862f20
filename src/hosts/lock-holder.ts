import type { LockHolder } from './host.ts';

/** How a lock says who holds it, and for how long still. */

export const leaseFile = 'longshore-lease';

/** Kamal's form: base64 in lines of 60, as Ruby writes it, and the newline that `echo` adds. */
export function encodeDetails(details: string): string {
  const lines =
    Buffer.from(details, 'utf8')
      .toString('base64')
      .match(/.{1,60}/g) ?? [];
  return `${lines.map((line) => `${line}\n`).join('')}\n`;
}

/**
 * Shell commands that print what `parseHolder` reads of the lock in `$lock`: `details …` and `lease TOKEN SECONDS LEFT`,
 * or nothing but `free` when there is no lock.
 */
export function printHolder(): string {
  return `${clockFunctions}
${showHolder}`;
}

export const showHolder = `if [ -d "$lock" ]; then
  echo "details $(tr -d '\\n' <"$lock/details" 2>/dev/null)"
  if [ -f "$lock/${leaseFile}" ]; then
    { read -r token; read -r seconds; read -r renewed; } <"$lock/${leaseFile}"
    echo "lease $token $seconds $(left "$renewed" "$seconds")"
  fi
else echo free
fi`;

/**
 * The machine's own clock, in seconds since it was started, which nobody sets; and what a lease has left by it. A lease that was renewed
 * later than now is from before the last start.
 */
export const clockFunctions = `now() { { read -r up rest; } 2>/dev/null </proc/uptime && echo "\${up%%.*}" || date +%s; }
left() { at=$(now); [ "\${1:-0}" -le "$at" ] || set -- 0 "$2"; echo $((\${1:-0} + \${2:-0} - at)); }`;

/** @returns undefined when there is no lock */
export function parseHolder(lines: readonly string[]): LockHolder | undefined {
  const fact = (key: string) => lines.find((line) => line.split(' ')[0] === key)?.split(' ');
  const details = fact('details');
  if (details === undefined) return undefined;
  const [, ownerToken, seconds, secondsLeft] = fact('lease') ?? [];
  return {
    details: Buffer.from(details[1] ?? '', 'base64').toString('utf8'),
    ...(ownerToken === undefined || ownerToken === ''
      ? {}
      : { lease: { ownerToken, seconds: Number(seconds), secondsLeft: Number(secondsLeft) } }),
  };
}
