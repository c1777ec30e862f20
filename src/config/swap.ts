import * as z from 'zod';
import type { Quiet, Swap } from './config-swap.ts';
import { oneOf, flag, seconds, section, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { healthcheckSchema, resolveHealthcheck } from './health.ts';
import { nearest } from './nearest.ts';
import { optionValues } from './option-values.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';
import { resolveWords } from './words.ts';

const defaultDrainedSeconds = 60;

const quietSchema = section({
  signal: text.exactOptional(),
  cmd: text.exactOptional(),
  drained: text.exactOptional(),
  timeout: seconds.exactOptional(),
});

/** Longshore's own keys of a role. */
export const swapKeys = {
  quiet: quietSchema.exactOptional(),
  stop_signal: text.exactOptional(),
  overlap: oneOf(['allowed', 'none']).exactOptional(),
  singleton: flag.exactOptional(),
  healthcheck: healthcheckSchema.exactOptional(),
};

const swapSchema = z.object(swapKeys);
type WrittenSwap = z.output<typeof swapSchema>;

interface SwapRequest {
  readonly role: WrittenSwap & { readonly options?: Readonly<Record<string, unknown>> };
  /** Of the role. */
  readonly path: Path;
  readonly hostCount: number;
  /** Where traffic arrives in the container; absent for a role without traffic. */
  readonly trafficPort: number | undefined;
  readonly stopTimeoutSeconds: number | undefined;
  readonly findings: Findings;
}

export function resolveSwap(request: SwapRequest): Swap {
  const { role, path, trafficPort, findings } = request;
  checkSwap(request);
  checkStopSignal({ written: role, path, findings });
  const isSingleton = role.singleton ?? false;
  return present({
    quiet: role.quiet && resolveQuiet(role.quiet, [...path, 'quiet'], findings),
    stopTimeoutSeconds: request.stopTimeoutSeconds,
    stopSignal: role.stop_signal,
    mayOverlap: !isSingleton && role.overlap !== 'none',
    isSingleton,
    healthcheck:
      role.healthcheck &&
      resolveHealthcheck({
        written: role.healthcheck,
        path: [...path, 'healthcheck'],
        containerPort: trafficPort,
        findings,
      }),
  });
}

function checkSwap({ role, path, hostCount, trafficPort, findings }: SwapRequest): void {
  const ofWorkers = [
    ...(role.quiet === undefined ? [] : ['quiet']),
    ...(role.overlap === 'none' ? ['overlap'] : []),
    ...(role.singleton === true ? ['singleton'] : []),
  ];
  for (const key of trafficPort === undefined ? [] : ofWorkers) {
    const message = `\`${key}\` is for roles without traffic: of those with it two overlap, so that no request is lost`;
    findings.problem([...path, key], message);
  }
  if (role.singleton !== true) return;
  if (hostCount > 1)
    findings.problem([...path, 'singleton'], `a singleton has one machine, and this role ${hostCount}`);
  if (role.overlap === 'allowed') {
    findings.problem([...path, 'overlap'], 'two of a `singleton` never run; keep one of the two keys');
  }
}

function resolveQuiet({ signal, cmd, drained, timeout }: z.output<typeof quietSchema>, path: Path, findings: Findings) {
  if (signal === undefined && cmd === undefined) {
    findings.problem(path, 'say what quiets it: `signal`, such as TSTP, or `cmd`, a command in the container');
  }
  if (signal !== undefined && cmd !== undefined) {
    findings.problemWithKey([...path, 'cmd'], '`signal` and `cmd` are two ways to quiet it; keep one of them');
  }
  if (signal !== undefined) checkSignal(signal, [...path, 'signal'], findings);
  if (timeout !== undefined && drained === undefined) {
    const message = '`timeout` is how long `drained` is waited for; say which command tells that no job is left';
    findings.problemWithKey([...path, 'timeout'], message);
  }
  const by: Quiet['by'] =
    cmd === undefined
      ? { kind: 'signal', signal: signal ?? 'TSTP' }
      : { kind: 'cmd', words: resolveWords(cmd, [...path, 'cmd'], findings) };
  if (drained === undefined) return { by };
  const words = resolveWords(drained, [...path, 'drained'], findings);
  return { by, drained: { words, timeoutSeconds: timeout ?? defaultDrainedSeconds } };
}

const signals = [
  ...['HUP', 'INT', 'QUIT', 'ABRT', 'USR1', 'USR2', 'ALRM', 'TERM', 'CHLD', 'CONT', 'TSTP', 'TTIN', 'TTOU', 'URG'],
  ...['VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS', 'RTMIN', 'RTMAX'],
];

function checkSignal(signal: string, path: Path, findings: Findings): void {
  const name = signal.toUpperCase().replace(/^SIG/, '');
  if (signals.includes(name) || /^RTM(IN\+|AX-)\d+$/.test(name)) return;
  if (['KILL', 'STOP'].includes(name)) {
    findings.problem(path, `no program can hear ${name}; it has to finish its jobs`);
    return;
  }
  const guess = nearest(name, signals);
  const message = 'this should be a signal by its name, such as TSTP';
  findings.problem(path, guess === undefined ? message : `${message}; did you mean \`${guess}\`?`);
}

/** `stop_signal` is a signal, and is not said by Docker's option of that name too. */
export function checkStopSignal(input: {
  written: { readonly stop_signal?: string; readonly options?: Readonly<Record<string, unknown>> };
  path: Path;
  findings: Findings;
}): void {
  const { written, path, findings } = input;
  if (written.stop_signal === undefined) return;
  if (optionValues['stop-signal']?.read(written.stop_signal) === undefined) {
    findings.problem([...path, 'stop_signal'], 'this should be a signal such as SIGINT');
  }
  if (written.options?.['stop-signal'] === undefined) return;
  findings.problem([...path, 'stop_signal'], '`options.stop-signal` says it too; keep one of them');
}
