import { abbreviateVersion } from '../build/version.ts';
import { creationOf } from '../containers/create-request.ts';
import { delivered } from '../containers/delivery.ts';
import { releaseLabel } from '../containers/names.ts';
import { withoutHealthcheck } from '../containers/run-once.ts';
import { Failure } from '../errors.ts';
import { outputVariable, parseHookOutput } from '../hooks/output.ts';
import type { ContainerInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import type { PlannedRecord } from '../observe/observed.ts';
import { shortNames } from '../plan/describe.ts';
import type { Step } from '../plan/plan.ts';
import { commandOf } from '../containers/command.ts';
import { releaseOutput } from '../plan/release-spec.ts';
import { idOf, isUnknown, sourcesOf, type Execution } from './execution.ts';
import { pause } from './ready.ts';
import { digestOf, writeRecord } from './record.ts';
import { keepLog, showLog } from './release-log.ts';

type ReleaseStep = Extract<Step, { kind: 'run-release' }>;

const pollMilliseconds = 2000;
const graceSeconds = 10;
const shownLines = 20;

/**
 * Runs the release command, or waits for the run that somebody began and nobody saw the end of: the container tells, by its name. Its log
 * is kept, and that it ran is written down, before anything else is done. @throws Failure `release-failed`
 */
export async function runRelease(step: ReleaseStep, host: Host, execution: Execution): Promise<void> {
  const { spec, record, ranFor } = step;
  const { digest } = digestOf(record, spec.image, execution);
  if (digest !== undefined && ranFor.includes(digest)) return;
  const id = (await begun(step, host)) ?? (await begin(step, host, execution));
  const shown = showLog(host, id, execution);
  const isInTime = await untilEnded(host, id, step.timeoutSeconds);
  if (!isInTime) await host.docker.stopContainer(id, graceSeconds);
  await shown;
  const ended = await host.docker.inspectContainer(id);
  if (ended === undefined) throw releaseFailed(step, host, 'somebody removed its container while it ran');
  const { ExitCode, OOMKilled } = ended.State;
  const succeeded = isInTime && ExitCode === 0;
  const who = `the release command ${commandOf(spec)}`;
  const said = await whatItSaid({ host, id, record, execution, who, succeeded });
  const { path, lines } = await keepLog({ host, step, container: ended, execution });
  if (!succeeded) {
    await host.docker.removeContainer(id);
    const memory = OOMKilled ? ', killed for using more memory than it is allowed' : '';
    const why = isInTime
      ? `ended with status ${ExitCode}${memory}`
      : `took longer than ${step.timeoutSeconds} s, and was ended`;
    throw releaseFailed(step, host, why, [...lines.slice(-shownLines), `its log is ${path} on ${host.name}`]);
  }
  const seconds = secondsOf(ended);
  execution.released.set(spec.image, { seconds, irreversible: said.irreversible === true });
  await writeRecord(host, step.file, { ...record, ...digestOf(record, spec.image, execution), ...said, seconds });
}

/** Takes what a release command that nobody waited for came to; nothing when it failed, or is gone. */
export async function noteRelease(
  step: Extract<Step, { kind: 'note-release' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const { record, file } = step;
  const id = idOf(execution, host.name, step.container);
  const ended = await host.docker.inspectContainer(id);
  if (ended === undefined || ended.State.Running) return;
  const succeeded = ended.State.ExitCode === 0;
  const who = `the release command of ${abbreviateVersion(record.version)}`;
  const said = await whatItSaid({ host, id, record, execution, who, succeeded });
  if (succeeded) await writeRecord(host, file, { ...record, ...said, seconds: secondsOf(ended) });
}

/** Heeds what it wrote. @returns for its record, whether the version before can no longer serve, by the file or by what it wrote */
async function whatItSaid(input: {
  host: Host;
  id: string;
  record: PlannedRecord;
  execution: Execution;
  who: string;
  succeeded: boolean;
}): Promise<{ irreversible?: true }> {
  const { host, id, record, execution, who, succeeded } = input;
  const text = (await host.docker.readFile(id, `/${releaseOutput.name}`))?.toString('utf8') ?? '';
  execution.heed(who, text);
  if (!succeeded || (record.irreversible !== true && !parseHookOutput(text).holds)) return {};
  execution.leaveBehind(`${who} ran and is irreversible`);
  return { irreversible: true };
}

/** @throws Failure `release-failed` when it takes too long */
export async function waitUntilEnded(
  step: Extract<Step, { kind: 'wait-until-ended' }>,
  host: Host,
  execution: Execution,
): Promise<void> {
  const id = idOf(execution, host.name, step.container);
  if (await untilEnded(host, id, step.timeoutSeconds)) return;
  const name = shortNames(step.container.name);
  throw new Failure('release-failed', `${host.name}: ${name} is still at work after ${step.timeoutSeconds} s`, {
    hint: `Look at it by \`docker logs ${step.container.name}\` on ${host.name}; \`docker stop\` ends it.`,
  });
}

/** @returns the container of a run that was begun for this image, at work or ended; none when there is nothing to wait for */
async function begun({ spec, timeoutSeconds }: ReleaseStep, host: Host): Promise<string | undefined> {
  const there = await host.docker.inspectContainer(spec.name);
  if (there === undefined) return undefined;
  if (there.Config.Labels?.[releaseLabel] !== spec.labels[releaseLabel]) {
    throw new Failure('release-failed', `${host.name}: ${spec.name} is no container of a release command`, {
      hint: 'Its name is needed: rename or remove it.',
    });
  }
  const image = await host.docker.inspectImage(spec.image);
  // One that was never started may go, also when its start is on its way; then Docker refuses, and the next run finds it at work.
  if (there.State.Status !== 'created' && there.Image === image?.Id) return there.Id;
  if (!(await untilEnded(host, there.Id, timeoutSeconds))) await host.docker.stopContainer(there.Id, graceSeconds);
  await host.docker.removeContainer(there.Id);
  return undefined;
}

async function begin(step: ReleaseStep, host: Host, execution: Execution): Promise<string> {
  const { spec } = step;
  const homeDirectory = execution.homeDirectories.get(host.name) ?? '/root';
  const creation = withoutHealthcheck(
    creationOf({ ...delivered(spec, sourcesOf(execution, host.name)), homeDirectory }),
  );
  const id = await (creation.way === 'api'
    ? host.docker.createContainer(spec.name, creation.body)
    : host.createByCommandLine(creation.words, creation.secretEnv));
  if (spec.env.some(({ name }) => name === outputVariable)) {
    const { directory, name } = releaseOutput;
    await host.docker.putFiles(id, directory, [{ name, content: '', mode: 0o666, uid: 0, gid: 0 }]);
  }
  try {
    await host.docker.startContainer(id);
  } catch (error) {
    if (isUnknown(error) || !(error instanceof Failure)) throw error;
    await host.docker.removeContainer(id);
    throw releaseFailed(step, host, `could not be started: ${error.message}`, error.details);
  }
  return id;
}

/** @returns false when the time is over and it still runs */
async function untilEnded(host: Host, id: string, timeoutSeconds: number): Promise<boolean> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const container = await host.docker.inspectContainer(id);
    if (container === undefined || !(container.State.Running || container.State.Restarting)) return true;
    const left = deadline - Date.now();
    if (left <= 0) return false;
    const done = new AbortController();
    const exit = host.docker.waitForExit(id, done.signal).catch(() => undefined);
    // An exit before the wait began is seen by the next look.
    await Promise.race([exit, pause(Math.min(pollMilliseconds, left))]);
    done.abort();
  }
}

function secondsOf({ State }: ContainerInspect): number {
  const milliseconds = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
  return Number.isNaN(milliseconds) ? 0 : Math.round(milliseconds / 100) / 10;
}

function releaseFailed(step: ReleaseStep, { name }: Host, why: string, details: readonly string[] = []): Failure {
  return new Failure('release-failed', `${name}: the release command ${commandOf(step.spec)} ${why}`, {
    details,
    hint: 'Nothing was swapped. Mend it and deploy again: then it runs again.',
  });
}
