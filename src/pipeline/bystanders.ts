import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

/** A machine of the file that a run has no other business on gets so long to be connected. */
const bystanderMilliseconds = 5000;

/** Those machines of the file that this run does not reach anyway; one that cannot be reached either stops nothing. */
export async function connectBystanders(session: Session, fleet: Fleet): Promise<Host[]> {
  const { run, config, connect } = session;
  const names = config.allHosts.filter((name) => !fleet.hosts.has(name));
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), bystanderMilliseconds);
  const connected = names.map(async (name) => {
    try {
      return [await connect(name, AbortSignal.any([run.signal, limit.signal]))];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      warnUnknown(session, limit.signal.aborted ? `${name} cannot be reached.` : error.message);
      return [];
    }
  });
  return (await Promise.all(connected).finally(() => clearTimeout(timer))).flat();
}

/** For a machine that cannot be asked. */
export function warnUnknown({ run }: Session, why: string): void {
  run.emit({ type: 'warning', text: `${why} Whether somebody else deploys from there is not known` });
}
