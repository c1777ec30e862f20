import type { ClockOffset } from '../hosts/host.ts';
import type { Observed } from '../observe/observed.ts';

const mostApartSeconds = 5;

interface Clock extends ClockOffset {
  readonly host: string;
}

/** Clocks that are certainly too far apart, however long the answers took, a line for each machine; nothing when all are near enough. */
export function clockProblem({ hosts }: Observed): { message: string; details: string[] } | undefined {
  const clocks = hosts.flatMap(({ host, clock }): Clock[] => (clock === undefined ? [] : [{ host, ...clock }]));
  const isApart = clocks.some((one) => clocks.some((other) => one.leastSeconds - other.mostSeconds > mostApartSeconds));
  const isOff = clocks.some(
    ({ leastSeconds, mostSeconds }) => leastSeconds > mostApartSeconds || mostSeconds < -mostApartSeconds,
  );
  if (!isApart && !isOff) return undefined;
  const message = isApart
    ? `The clocks of the machines are more than ${mostApartSeconds} s apart`
    : `This machine's clock is more than ${mostApartSeconds} s off from the clocks of the others`;
  return { message, details: clocks.map(describeClock) };
}

/** By the middle of what it may be. */
function describeClock({ host, leastSeconds, mostSeconds }: Clock): string {
  const seconds = Math.round((leastSeconds + mostSeconds) / 2);
  if (seconds === 0) return `${host}: as this machine's`;
  return `${host}: ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} this machine's`;
}
