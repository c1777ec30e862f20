import { share } from '../mounts.ts';
import { isSameOwner, type Standing } from './standing.ts';

/** What a container would write to and another owner's does too, unless what it follows did so already. */
export function sharedPlaces(made: Standing, standings: readonly Standing[]): string[] {
  const before = standings.filter((one) => one.isMine && isSameOwner(one, made)).flatMap(({ mounts }) => mounts);
  const fresh = made.mounts.filter(({ source }) => !before.some((one) => one.source === source));
  const others = standings.filter(({ isMine }) => !isMine);
  return fresh.flatMap((mount) =>
    others.flatMap(({ who, mounts }) => {
      const shared = mounts.find((other) => share(mount, other));
      if (shared === undefined) return [];
      const whole = shared.source === mount.source ? '' : ` (${shared.source})`;
      return [`wants to write to ${mount.source}, which ${who} mounts${whole}`];
    }),
  );
}
