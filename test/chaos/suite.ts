import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ChildProcess } from 'node:child_process';
import type { PlanResult } from '../../src/pipeline.ts';
import { type HeatwaveLoad, startHeatwaveLoad } from '../load/heatwave.ts';
import type { Ended, Project, TimedEvent } from '../e2e/harness.ts';
import { pause, until } from '../e2e/heatwave.ts';
import { chi, type Machine, on } from '../e2e/machines.ts';
import type { Moment } from '../e2e/moments.ts';
import { type Relay, startRelays } from '../e2e/relay.ts';
import { extras, lockOwner, machines, runningApps, servedVersion, sql, written } from './fleet.ts';
import { emptyOfChaos, host, makeChaosProject } from './project.ts';
import type { Row } from './row.ts';

/** What a fault has at hand. */
export interface Hands {
  readonly child: ChildProcess;
  readonly relays: readonly Relay[];
  /** Runs the same command once more beside the one that was struck, to its end. */
  again(): Promise<Ended>;
}

export interface Fault {
  readonly name: string;
  /** Before the run begins. @returns what takes it back, before the command is repeated */
  prepare?(): Promise<() => Promise<void>>;
  /** At the moment; ends when the fault has passed. */
  strike?(hands: Hands): Promise<unknown>;
  /** Machines that are killed by it, or their proxies: what is lost there is counted apart. */
  readonly kills?: readonly Machine[];
  readonly killsWorker?: boolean;
}

export interface Suite {
  /** Deploys the other version under load, strikes, looks, repeats, and looks again. */
  play(fault: Fault, moment: Moment): Promise<Row>;
  /** Events of a deploy to which nothing is done. */
  rehearse(): Promise<readonly TimedEvent[]>;
  readonly project: Project;
  /** Version that serves, and the one that is deployed next. */
  readonly versions: { readonly old: string; readonly new: string };
  end(): void;
}

export async function startSuite(): Promise<Suite> {
  await emptyOfChaos();
  const relays = await startRelays(...machines);
  const project = makeChaosProject(relays);
  let next = project.commit('One', { 'stamp.js': '// one\n' });
  await succeeds(project, 'build push');
  let current = project.commit('Two', { 'stamp.js': '// two\n' });
  await succeeds(project, 'setup');
  let number = 0;

  const name = (version: string) =>
    version.startsWith(next) ? version.replace(next, 'new') : version.replace(current, 'old');
  const settle = () => ([current, next] = [next, current]);

  async function play(fault: Fault, moment: Moment): Promise<Row> {
    const words = ['deploy', '--json', '--skip-push', '--version', next];
    await forget(next);
    await sql('DELETE FROM releases');
    const loads = startLoads((number += 1));
    await pause(1000);
    const takeBack = await fault.prepare?.();
    let striking: Promise<unknown> | undefined;
    let lock: Promise<number | undefined> | undefined;
    const ended = await project.longshore(words, {
      onEvent(event, child) {
        if (striking !== undefined || !moment.is(event)) return;
        const hands = { child, relays, again: () => project.longshore(words.filter((word) => word !== '--json')) };
        lock = timeOfLock();
        lock.catch(() => undefined);
        striking = Promise.resolve(fault.strike?.(hands));
      },
    });
    // What was prepared may have stopped it before there was a plan.
    if (striking === undefined && fault.strike !== undefined)
      throw new Error(`${moment.when} never came:\n${ended.output}`);
    const said = await striking;
    await takeBack?.();
    const seen = await look();
    const second = isEnded(said) ? said : await project.longshore(words.filter((word) => word !== '--json'));
    const lockSeconds = await lock;
    const left = await whatIsLeft(project, next);
    const after = await look();
    const [results, jobs] = [await Promise.all(loads.map((load) => load.finish())), await settledJobs(number)];
    const killed = new Set((fault.kills ?? []).map(({ loopback }) => loopback));
    const lostIn = (are: boolean) =>
      results.flatMap(({ losses }, index) => (killed.has(machines[index]?.loopback ?? '') === are ? losses : []))
        .length;
    const acknowledged = results.flatMap(({ acknowledged: { jobs: ids } }) => ids);
    if (second.status !== 0) process.stderr.write(second.output);
    settle();
    return {
      fault: fault.name,
      moment: moment.when,
      ended: ended.status === 137 ? 'killed' : String(ended.status),
      lost: lostIn(false),
      lostOnKilled: lostIn(true),
      jobsLost: acknowledged.filter((id) => !jobs.finished.has(id)).length,
      jobsDoubled: jobs.twice.length,
      released: Number(await sql('SELECT count(*) FROM releases')),
      versions: seen.versions,
      extra: ended.status === 137 || isEnded(said) ? after.extra : seen.extra === 'nothing' ? after.extra : seen.extra,
      lockSeconds,
      repeated: `${second.status}, ${left}`,
    };
  }

  /** Names are those of the case: `new` is what it deploys. */
  async function look(): Promise<{ versions: string; extra: string }> {
    const served = await Promise.all(machines.map(servedVersion));
    const serving = new Map(machines.map((machine, index) => [machine, served[index] ?? '']));
    return { versions: served.map(name).join(', '), extra: extras(await runningApps(), serving) };
  }

  return {
    play,
    project,
    get versions() {
      return { old: current, new: next };
    },
    async rehearse() {
      await forget(next);
      const ended = await project.longshore(['deploy', '--json', '--skip-push', '--version', next]);
      if (ended.status !== 0) throw new Error(ended.output);
      settle();
      return ended.events;
    },
    end() {
      for (const relay of relays) relay.stop();
      project.remove();
    },
  };
}

const isEnded = (said: unknown): said is Ended =>
  typeof said === 'object' && said !== null && 'status' in said && 'output' in said;

async function succeeds(project: Project, words: string): Promise<void> {
  const ended = await project.longshore(words);
  if (ended.status !== 0) throw new Error(`${words}: ${ended.output}`);
}

/** One for each machine, through its own proxy. */
function startLoads(number: number): HeatwaveLoad[] {
  return machines.map(({ loopback }, index) =>
    startHeatwaveLoad({
      address: loopback,
      port: 80,
      host,
      name: `case${number}-${index}`,
      perSecond: { pages: 15, slow: 2, rows: 3, jobs: 4 },
      jobMilliseconds: 20,
      maxSeconds: 240,
    }),
  );
}

/** Every container and image of a version that does not serve, and that it was released, as if these machines had never had it. */
async function forget(version: string): Promise<void> {
  const script = `sed -i '/"version":"${version}".*"outcome":"released"/d' /home/deploy/.kamal/chaos-releases.jsonl
docker ps -aq --filter name=-${version} | xargs -r docker rm -fv >/dev/null; docker rmi registry.test:5000/chaos:${version} >/dev/null 2>&1 || true`;
  await Promise.all(machines.map((machine) => on(machine, script)));
}

/** Until the lock is another's or nobody's; undefined when nobody had it. A machine that does not answer is asked until it does. */
async function timeOfLock(): Promise<number | undefined> {
  const started = Date.now();
  const owner = await until('the machine answers', lockOwner, () => true, 90);
  if (owner === undefined) return undefined;
  await until('the lock is free', lockOwner, (now) => now !== owner, 150);
  return (Date.now() - started) / 1000;
}

async function whatIsLeft(project: Project, version: string): Promise<string> {
  const { stdout } = await project.longshore(['plan', '--json', '--version', version]);
  const { nothingToDo } = JSON.parse(stdout) as PlanResult;
  return nothingToDo ? 'nothing left' : 'something left';
}

/** Once the queue is empty and no worker has a job in hand. */
async function settledJobs(number: number): Promise<{ finished: Set<string>; twice: string[] }> {
  const script = `docker exec chaos-valkey sh -c 'valkey-cli LLEN queue; for key in $(valkey-cli KEYS "processing:*"); do valkey-cli LLEN $key; done'`;
  await until(
    'all jobs are done',
    () => on(chi, script),
    (said) => said.split('\n').every((one) => one === '0'),
    60,
  );
  const { finished, twice } = await written();
  return { finished, twice: twice.filter((id) => id.startsWith(`case${number}-`)) };
}

/** Freezes a machine with all that runs on it, and lets it go on. */
export const machineIs = (action: 'pause' | 'unpause', { container }: Machine) =>
  promisify(execFile)('docker', [action, container]);
