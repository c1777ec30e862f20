import { proxyContainerName } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { ContainerInspect } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import type { Step } from '../plan/plan.ts';
import type { Diagnosis } from './events.ts';
import type { StepProblem } from './execute.ts';
import { hostOf, idOf, type Execution } from './execution.ts';

const logLineCount = 20;
const probeLineCount = 6;

/** Why a container did not make it: its log, its exit and what the health check saw, gathered before it is removed. */
export async function diagnose(
  problem: StepProblem,
  execution: Execution,
  next: string,
): Promise<Diagnosis | undefined> {
  const { step } = problem;
  if (!('container' in step) || step.kind === 'stop-container') return undefined;
  if (!(problem.error instanceof Failure) || problem.certainty === 'unknown') return undefined;
  const host = hostOf(execution, problem.host);
  const id = idOf(execution, problem.host, step.container);
  const [container, logLines, proxyLines] = await Promise.all([
    host.docker.inspectContainer(id),
    host.docker.logs(id, { tail: logLineCount }).catch(() => []),
    step.kind === 'send-traffic' ? host.docker.logs(proxyContainerName, { tail: 500 }).catch(() => []) : [],
  ]);
  const exit = await exitOf(host, container, problem.error.message);
  const probeLines =
    container === undefined ? [] : [...proxyProbes(proxyLines, container.Id), ...dockerProbes(container)];
  return {
    host: problem.host,
    role: problem.role ?? '',
    container: step.container.name,
    what: problem.error.message.replace(`${problem.host}: `, ''),
    likelyCause: likelyCause({ step, container, exit, probeLines }),
    logLines,
    probeLines: probeLines.slice(-probeLineCount),
    next,
  };
}

/** Its first exit, as far as that is known; undefined where it never exited. */
async function exitOf(
  { docker }: Host,
  container: ContainerInspect | undefined,
  message: string,
): Promise<{ status: number | undefined } | undefined> {
  const told = /exited with status (\d+)/.exec(message)?.[1];
  if (told !== undefined) return { status: Number(told) };
  if (container === undefined || container.State.Status === 'created') return undefined;
  if (container.State.Running && container.RestartCount === 0) return undefined;
  return { status: await docker.lastExitStatus(container.Id).catch(() => undefined) };
}

/** kamal-proxy logs every failed check as a JSON line with the target's address. */
function proxyProbes(lines: readonly string[], id: string): string[] {
  return lines.flatMap((line) => {
    if (!line.includes(id.slice(0, 12)) || !line.includes('Healthcheck failed')) return [];
    try {
      const { time, url, error } = JSON.parse(line) as { time?: string; url?: string; error?: string };
      const path = url === undefined ? '' : new URL(url).pathname;
      return [`${time?.slice(11, 19) ?? ''} GET ${path}: ${plainError(error ?? '')}`];
    } catch {
      return [line];
    }
  });
}

/** Go's network errors without addresses that nobody knows. */
function plainError(error: string): string {
  return error
    .replace(/^Get "[^"]*": /, '')
    .replace(/^dial tcp(?: \S+)?: (?:connect: )?/, '')
    .replace(/^lookup .*: no such host$/, 'the container is not there');
}

/** Of Docker's own health check only what failed: the successes explain nothing, and would crowd out what the proxy saw. */
function dockerProbes(container: ContainerInspect): string[] {
  return (container.State.Health?.Log ?? [])
    .filter(({ ExitCode }) => ExitCode !== 0)
    .map(({ ExitCode, Output }) => `health check exited ${ExitCode}: ${Output.trim()}`);
}

function likelyCause(input: {
  step: Step;
  container: ContainerInspect | undefined;
  exit: { status: number | undefined } | undefined;
  probeLines: readonly string[];
}): string {
  const { step, container, exit, probeLines } = input;
  const state = container?.State;
  if (state?.OOMKilled === true) return 'it was killed for using more memory than it is allowed';
  if (state?.Error) return state.Error;
  if (exit !== undefined) return exitCause(exit.status);
  const probes = probeLines.join('\n');
  const port = step.kind === 'send-traffic' ? step.route.appPort : 0;
  if (/unexpected status \((\d+)\)/.test(probes))
    return `it runs, but its health check answers ${/\((\d+)\)/.exec(probes)?.[1]}`;
  if (probes.includes('connection refused')) return `nothing listens on port ${port} in the container (proxy.app_port)`;
  if (probes.includes('timed out')) return 'it runs, but does not answer its health check in time';
  if (probes.includes('not there')) return 'the proxy cannot find the container on its network';
  if (step.kind === 'smoke-request' || step.kind === 'smoke-command')
    return 'it runs and is healthy, but does not do what the smoke check asks for';
  return 'it did not become ready in time';
}

function exitCause(status: number | undefined): string {
  if (status === undefined) return 'it ended, with which status is forgotten: its log says more';
  if (status === 127) return 'the command was not found in the image';
  if (status === 126) return 'the command in the image cannot be executed';
  if (status === 0) return 'it ended by itself: a container has to stay in the foreground';
  if (status > 128) return `it was ended by signal ${status - 128}, or exited with status ${status}: its log says more`;
  return `it crashed with status ${status}: its log says more`;
}
