import { overlaps, type Port } from '../../config/ports.ts';
import { isSameRole, type Standing, type WantedPort } from './standing.ts';

/** Who has what on a machine. */
export interface Taken {
  readonly standings: readonly Standing[];
  /** Where something listens that is no container's published port. */
  readonly outside: readonly Port[];
}

/** The port that a container gets, or who has the last of those that it could get. */
export function takePort(
  { text, choices }: WantedPort,
  wanting: Standing,
  taken: Taken,
): { port?: Port; text?: string } {
  let owner: string | undefined;
  for (const port of choices) {
    const now = ownerOf(port, wanting, taken);
    if (now === undefined) return { port };
    owner = now;
  }
  return owner === undefined ? {} : { text: `wants the port ${text}, which ${owner}` };
}

function ownerOf(port: Port, wanting: Standing, { standings, outside }: Taken): string | undefined {
  const others = standings.filter((one) => one !== wanting);
  const running = others.find((one) => one.isUp && one.ports.some((taken) => overlaps(port, taken)));
  if (running !== undefined) {
    const both = isSameRole(running, wanting)
      ? ', and both run until the new one is ready; a range lets Docker choose'
      : '';
    return `${running.who} has${both}`;
  }
  const down = others.find((one) => one.comesBack && !one.isMine && mayTake(one, port));
  if (down !== undefined) return `${down.who} takes when it is started again`;
  return outside.some((taken) => overlaps(port, taken)) ? 'a program that is no container listens on' : undefined;
}

function mayTake({ isUp, wants }: Standing, port: Port): boolean {
  return !isUp && wants.some(({ choices }) => choices.some((taken) => overlaps(port, taken)));
}
