import { Failure } from '../errors.ts';
import { fenced } from '../hosts/fence.ts';
import { runHookHere, runHookOnHosts } from './hooks.ts';
import type { Fleet } from './fleet.ts';
import { machineLocks } from './machine-lock.ts';
import { together } from './together.ts';
import type { Session } from './session.ts';

/**
 * Docker on every machine that lacks it, then a new login, because a group counts only from then on; then the docker-setup hook.
 * @returns where Docker was installed. @throws Failure
 */
export async function bootstrap(
  session: Session,
  fleet: Fleet,
  { version, lockHeld }: { version: string; lockHeld: boolean },
): Promise<string[]> {
  const { run, selected } = session;
  const names = [...fleet.hosts.keys()];
  const without = (await Promise.all(names.map(async (name) => ((await hasDocker(fleet, name)) ? [] : [name])))).flat();
  const settled = await Promise.allSettled(without.map((name) => install(session, fleet, name)));
  const problems = settled.flatMap((result): unknown[] => (result.status === 'rejected' ? [result.reason] : []));
  if (problems.length > 0) throw together(problems);
  const away = without.length === 0 ? [] : await fleet.reconnect(without);
  if (away.length > 0)
    throw new Failure('host-unreachable', `${away.join(', ')}: cannot be reached again after Docker was installed`);
  const call = { hook: 'docker-setup', version, hosts: selected.allHosts, lockHeld } as const;
  await runHookHere(session, call);
  await runHookOnHosts(session, call, fleet);
  if (without.length > 0) run.emit({ type: 'note', text: `Docker was installed on ${without.join(', ')}` });
  return without;
}

async function hasDocker(fleet: Fleet, name: string): Promise<boolean> {
  try {
    await fleet.hosts.get(name)?.docker.info();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code === 'host-without-docker') return false;
    throw error;
  }
}

async function install(session: Session, fleet: Fleet, name: string): Promise<void> {
  const { run } = session;
  const task = `install Docker on ${name}`;
  const started = Date.now();
  let outcome: 'done' | 'failed' = 'failed';
  run.emit({ type: 'task-started', task });
  try {
    await machineLocks(session, fleet)(name, 'install Docker', async (fence) => {
      const host = fleet.hosts.get(name);
      if (host === undefined) throw new Failure('connection-lost', `${name}: not connected`);
      await fenced(host, fence).installDocker((text) => run.emit({ type: 'task-progress', task, text }));
    });
    outcome = 'done';
  } finally {
    run.emit({ type: 'task-ended', task, seconds: (Date.now() - started) / 1000, outcome });
  }
}
