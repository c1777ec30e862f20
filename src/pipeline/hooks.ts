import { abbreviateVersion } from '../build/version.ts';
import { Failure } from '../errors.ts';
import type { Event } from '../execute/events.ts';
import type { Execution } from '../execute/execution.ts';
import { hookEnvironment, hookEnvironmentOnHost } from '../hooks/environment.ts';
import { hookConfigOf, hostsFor, secretsFor, type HookName } from '../hooks/hooks.ts';
import { outputVariable, parseHookOutput } from '../hooks/output.ts';
import { handleFor, parseHandles } from '../hooks/lock-handle.ts';
import type { Host } from '../hosts/host.ts';
import { readHookScript, runLocalHook } from '../hosts/this-machine/local-hook.ts';
import { thisMachine, type FailedRun } from '../plan/plan.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

export interface HookCall {
  readonly hook: HookName;
  readonly version: string;
  readonly hosts: readonly string[];
  readonly lockHeld: boolean;
  readonly runtimeSeconds?: number;
  /** Of deploy-failed. */
  readonly failed?: FailedRun;
  /** Ends it; absent: Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** Runs a hook on this machine when its script is there. @throws Failure of the hook's own kind */
export async function runHookHere(session: Session, call: HookCall): Promise<void> {
  const { run, config, mask } = session;
  const settings = hookConfigOf(config, call.hook);
  if (!session.hooks.has(call.hook) || !settings.runOn.includes('local')) return;
  const names = secretsFor(call.hook, settings, 'local');
  const secrets = names === 'all' ? Object.fromEntries(session.secrets) : pick(session, names);
  const started = Date.now();
  const task = `hook ${call.hook}`;
  run.emit({ type: 'task-started', task });
  let outcome: 'done' | 'failed' = 'failed';
  try {
    await runLocalHook({
      path: config.hooksPath,
      name: call.hook,
      env: { ...run.env, ...secrets, ...hookEnvironment(momentOf(session, call)) },
      onLine: (line) => run.emit(outputOf(session, call.hook, { host: thisMachine, line })),
      timeoutSeconds: settings.timeoutSeconds,
      signal: call.signal ?? run.signal,
      mask,
      onOutput: (text) => heed(session, `hook ${call.hook}`, text),
    });
    outcome = 'done';
  } catch (error) {
    throw ofHook(error, call.hook);
  } finally {
    run.emit({ type: 'task-ended', task, seconds: (Date.now() - started) / 1000, outcome });
  }
}

/** Runs a hook on one machine, over its connection, with only the secrets that the file names for it. */
export async function runHookOnHost(session: Session, call: HookCall, host: Host): Promise<void> {
  const { run, config, mask } = session;
  const settings = hookConfigOf(config, call.hook);
  const script = await readHookScript(config.hooksPath, call.hook);
  if (script === undefined) return;
  const last: string[] = [];
  const running = host.runScript({
    start: `${session.origin.run ?? ''} ${call.hook}`,
    script,
    name: call.hook,
    env: hookEnvironmentOnHost(momentOf(session, call), host.name),
    secretEnv: pick(session, settings.secrets ?? []),
    timeoutSeconds: settings.timeoutSeconds,
    onLine(line) {
      last.push(mask(line));
      run.emit(outputOf(session, call.hook, { host: host.name, line }));
    },
    onOutput: (text) => heed(session, `hook ${call.hook} on ${host.name}`, text),
    signal: call.signal ?? run.signal,
  });
  const exitStatus = await running.catch((error: unknown) => {
    throw ofHook(error, call.hook);
  });
  if (exitStatus === 0) return;
  throw new Failure(
    call.hook === 'post-deploy' ? 'post-deploy-hook-failed' : 'hook-failed',
    `${host.name}: hook ${call.hook} ended with status ${exitStatus}`,
    {
      details: last.slice(-20),
    },
  );
}

/** Runs a hook side by side on the machines that the file names for it; for the hooks that stand in no plan. */
export async function runHookOnHosts(session: Session, call: HookCall, fleet: Fleet): Promise<void> {
  const names = session.hooks.has(call.hook) ? hostsFor(hookConfigOf(session.config, call.hook), session.selected) : [];
  await Promise.all(
    names.map(async (name) => {
      const host = fleet.hosts.get(name);
      if (host === undefined) throw new Failure('connection-lost', `${name}: not connected`);
      await runHookOnHost(session, call, host);
    }),
  );
}

function outputOf({ config, mask }: Session, hook: HookName, { host, line }: { host: string; line: string }): Event {
  const quiet = config.hooksOutput?.[hook] === 'quiet' ? ({ quiet: true } as const) : {};
  return { type: 'output', host, source: hook, line: mask(line), ...quiet };
}

/** What a script said by its `$LONGSHORE_OUTPUT`. `who` wrote it, such as `hook pre-deploy`. */
export function heed({ run, hold, mask }: Pick<Session, 'run' | 'hold' | 'mask'>, who: string, text: string): void {
  const { holds, unknown } = parseHookOutput(text);
  if (holds) hold.say({ because: `${who} said on_failure=hold`, oldVersion: 'cannot-serve' });
  for (const line of unknown.slice(0, 5)) {
    const told = `${who} wrote ${JSON.stringify(mask(line))} to $${outputVariable}, which means nothing; what it may say is on_failure=hold`;
    run.emit({ type: 'warning', text: told });
  }
}

/** A hook that took too long has failed: it was ended, and must not be run again as if only a reply had been lost. */
function ofHook(error: unknown, hook: HookName): unknown {
  if (!(error instanceof Failure) || error.code !== 'timed-out') return error;
  const code = hook === 'post-deploy' ? 'post-deploy-hook-failed' : 'hook-failed';
  return new Failure(code, error.message, {
    details: error.details,
    hint: `Give it more time by hooks.${hook}.timeout.`,
  });
}

/** The plan's `run-hook` steps, bound to this session. */
export function hookRunner(session: Session, version: string, hostOf: (name: string) => Host): Execution['runHook'] {
  return (step, { host, signal }) => {
    const { hosts, failed } = step;
    const about = failed === undefined ? { version } : { version: failed.version, failed };
    const call: HookCall = { hook: step.hook as HookName, hosts, lockHeld: true, signal, ...about };
    return host === thisMachine ? runHookHere(session, call) : runHookOnHost(session, call, hostOf(host));
  };
}

function momentOf({ run, config, tree, locks }: Session, call: HookCall): Parameters<typeof hookEnvironment>[0] {
  const [command = '', subcommand] = (call.failed?.command ?? run.command).split(' ');
  return {
    config,
    command,
    ...(subcommand === undefined ? {} : { subcommand }),
    version: call.version,
    abbreviatedVersion: abbreviateVersion(call.version),
    performer: tree.performer,
    hosts: call.hosts,
    roles: run.roles,
    lockHeld: call.lockHeld || handleFor(config, run.env) !== undefined,
    locks: [...parseHandles(run.env), ...locks],
    ...(call.failed === undefined ? {} : { failed: call.failed }),
    ...(call.runtimeSeconds === undefined ? {} : { runtimeSeconds: call.runtimeSeconds }),
    recordedAt: new Date().toISOString(),
  };
}

function pick({ secrets }: Session, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (secrets.has(name) ? [[name, secrets.get(name) ?? '']] : [])));
}
