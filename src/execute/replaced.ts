import { Failure } from '../errors.ts';
import type { Host } from '../hosts/host.ts';
import { givenUp } from '../hosts/watch.ts';
import { shortNames } from '../plan/describe.ts';
import type { Lane, Step } from '../plan/plan.ts';
import { idOf, type Execution } from './execution.ts';
import { pause } from './ready.ts';

/** Steps on containers that are being replaced: no new jobs for them, their jobs finished, stopped; or put back to work. */

const drainedPollMilliseconds = 1000;
/** What one call of the user's command may take. */
const commandSeconds = 30;
const killedStatus = 137;
/** What Docker gives a container to stop when nobody says otherwise. */
const usualStopSeconds = 10;
/** The answer to a wait for a container's exit comes with the answer to what stopped it. */
const exitMilliseconds = 500;

type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

export async function watchContainer(
  { container, watched }: StepOf<'watch-container'>,
  host: Host,
  execution: Execution,
): Promise<void> {
  await host.watch.over({ ...watched, container: idOf(execution, host.name, container), state: 'working' });
}

/** One that does not run, or is started again and again, takes no jobs as it is. @throws Failure `quiet-failed` */
export async function quietContainer(
  { container, by, watched }: StepOf<'quiet-container'>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const id = idOf(execution, host.name, container);
  // Watched first: cut off in between, it is restarted for nothing.
  await host.watch.over({ ...watched, container: id, state: 'quiet' });
  if (!(await isWorking(host, id))) return;
  if (by.kind === 'signal') return host.docker.signalContainer(id, by.signal);
  const { exitStatus, stdout, stderr } = await host.execInContainer(id, by.words, commandSeconds);
  if (exitStatus === 0 || !(await isWorking(host, id))) return;
  const name = shortNames(container.name);
  throw new Failure('quiet-failed', `${host.name}: ${by.words[0]} ended with status ${exitStatus} in ${name}`, {
    details: linesOf(`${stdout}\n${stderr}`).slice(-20).map(execution.mask),
    hint: 'See what `quiet` of this role runs; nothing was replaced.',
  });
}

async function isWorking(host: Host, id: string): Promise<boolean> {
  const container = await host.docker.inspectContainer(id);
  return container?.State.Running === true && !container.State.Restarting;
}

/** Ends when it says so, when it has ended by itself, or with a warning when the time is over. @throws Failure `run-given-up` or `interrupted` */
export async function waitUntilDrained(
  { container, drained }: StepOf<'wait-until-drained'>,
  {
    host,
    lane,
    execution,
    onProgress,
  }: { host: Host; lane: Lane; execution: Execution; onProgress: (text: string) => void },
): Promise<void> {
  const id = idOf(execution, host.name, container);
  const deadline = Date.now() + drained.timeoutSeconds * 1000;
  for (;;) {
    const left = await jobsLeft(host, id, drained.words);
    if (left === undefined) return;
    if (!host.watch.covers(id)) throw givenUp(host.name);
    if (execution.signal.aborted) throw new Failure('interrupted', `${host.name}: no longer waiting for its jobs`);
    onProgress(execution.mask(left));
    if (Date.now() >= deadline) {
      const because = `was not drained within ${drained.timeoutSeconds} s`;
      const said = execution.mask(left);
      return tell({ host, lane, execution }, { container: container.name, because, said, next: 'it is stopped now' });
    }
    await pause(drainedPollMilliseconds);
  }
}

/** The last line that the command said; undefined when no job is left. */
async function jobsLeft(host: Host, id: string, words: readonly string[]): Promise<string | undefined> {
  try {
    const { exitStatus, stdout, stderr } = await host.execInContainer(id, words, commandSeconds);
    if (exitStatus === 0 || !(await isWorking(host, id))) return undefined;
    return linesOf(stdout).at(-1) ?? linesOf(stderr).at(-1) ?? '';
  } catch (error) {
    if (error instanceof Failure && error.code === 'timed-out')
      return `${words[0]} took longer than ${commandSeconds} s`;
    throw error;
  }
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export async function wakeContainer(
  { container, directory, timeoutSeconds }: StepOf<'wake-container'>,
  host: Host,
  execution: Execution,
): Promise<void> {
  await host.watch.wake({
    directory,
    container: idOf(execution, host.name, container),
    ...(timeoutSeconds === undefined ? {} : { stopTimeoutSeconds: timeoutSeconds }),
  });
}

/** In the place of others: the last of them is handed over to it in one act. @throws Failure `run-given-up` when one of them works */
export async function startContainer(
  { container, takesOver }: StepOf<'start-container'>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const to = idOf(execution, host.name, container);
  const from = takesOver?.from.map((one) => idOf(execution, host.name, one)) ?? [];
  const last = from.pop();
  if (takesOver === undefined || last === undefined) return host.docker.startContainer(to);
  const { directory } = takesOver;
  for (const one of from) await host.watch.handOver({ directory, from: one });
  await host.watch.handOver({ directory, from: last, to });
}

/** With its own signal where the container has another one. Told when its jobs were cut off. @throws Failure `run-given-up` */
export async function stopContainer(
  step: StepOf<'stop-container'>,
  { host, lane, execution }: { host: Host; lane: Lane; execution: Execution },
): Promise<void> {
  const { docker, watch } = host;
  const id = idOf(execution, host.name, step.container);
  if (step.watched !== undefined && !watch.covers(id)) throw givenUp(host.name);
  const over = new AbortController();
  const exit = step.hasJobs === true ? docker.waitForExit(id, over.signal).catch(() => undefined) : undefined;
  if (step.signal !== undefined) await askToEnd({ ...step, signal: step.signal }, host, id);
  await docker.stopContainer(id, step.timeoutSeconds);
  const status = exit && (await within(exitMilliseconds, exit));
  over.abort();
  if (step.watched !== undefined) await watch.handOver({ directory: step.watched, from: id });
  if (status !== killedStatus) return;
  const because = `had to be killed after ${step.timeoutSeconds ?? usualStopSeconds} s`;
  const { name } = step.container;
  tell({ host, lane, execution }, { container: name, because, said: '', next: 'jobs in flight were cut off' });
}

/** Older engines stop a container by no signal but its own, which it has since it was made. */
async function askToEnd(step: StepOf<'stop-container'> & { signal: string }, host: Host, id: string): Promise<void> {
  const container = await host.docker.inspectContainer(id);
  if (container?.State.Running !== true || sameSignal(container.Config['StopSignal'], step.signal)) return;
  const ended = new AbortController();
  const exit = host.docker.waitForExit(id, ended.signal);
  exit.catch(() => undefined);
  await host.docker.signalContainer(id, step.signal);
  await within((step.timeoutSeconds ?? usualStopSeconds) * 1000, exit);
  ended.abort();
}

/** Undefined when the time is over first. */
async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function sameSignal(one: unknown, other: string): boolean {
  const name = (signal: string) => signal.toUpperCase().replace(/^SIG/, '');
  return name(typeof one === 'string' ? one : 'TERM') === name(other);
}

/** As a warning, and in the result: once per container, with all that is known of it. */
function tell(
  { host, lane, execution }: { host: Host; lane: Lane; execution: Execution },
  about: { container: string; because: string; said: string; next: string },
): void {
  const { container, because, next } = about;
  const key = `${host.name}/${container}`;
  const before = execution.cutOff.get(key);
  const said = about.said || before?.said || '';
  const role = lane.role ?? '';
  execution.cutOff.set(key, {
    host: host.name,
    role,
    container,
    because: [...(before === undefined ? [] : [before.because]), because].join(', '),
    ...(said === '' ? {} : { said }),
  });
  const jobs = about.said === '' ? '' : ` (${about.said})`;
  execution.emit({
    type: 'warning',
    text: `${host.name} ${role}: ${shortNames(container)} ${because}${jobs}: ${next}`,
  });
}
