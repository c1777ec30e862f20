import { constants } from 'node:fs';
import { access, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join, relative } from 'node:path';
import { hookNames } from '../../config/hooks.ts';
import { Failure } from '../../errors.ts';
import { hookRules, refuseOldHooks } from '../../hooks/hooks.ts';
import type { HookName } from '../../hooks/hooks.ts';
import { mostOutputBytes, outputVariable } from '../../hooks/output.ts';
import { commandMissing, keepLastLines, runChild } from './child.ts';

export interface LocalHookRun {
  /** The directory of hooks, `hooks_path`. */
  readonly path: string;
  readonly name: HookName;
  /** This machine's environment, KAMAL_* and the secrets that it may see. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** Takes secrets out of the lines that a failure shows. */
  readonly mask?: (text: string) => string;
  /** Hears what the hook wrote into `$LONGSHORE_OUTPUT`, however it ended. */
  readonly onOutput?: (text: string) => void;
}

/**
 * Runs a hook on this machine, in the current directory, as Kamal does.
 * @returns false when there is no such hook
 * @throws Failure `hook-failed`, `post-deploy-hook-failed`, `timed-out` or `interrupted`
 */
export async function runLocalHook(run: LocalHookRun): Promise<boolean> {
  const file = join(run.path, run.name);
  if (!(await isThere(file))) return false;
  await refuseUnlessExecutable(file, run.name);
  const { onLine, onOutput = () => undefined, mask = (text) => text } = run;
  const last = keepLastLines(20);
  const { exitStatus, stderr } = await withOutputFile(onOutput, (output) =>
    runChild([commandFor(file)], {
      env: { ...run.env, [outputVariable]: output },
      timeoutSeconds: run.timeoutSeconds,
      signal: run.signal,
      onLine(line, stream) {
        last.add(line);
        onLine(line, stream);
      },
    }),
  );
  if (exitStatus === 0) return true;
  if (exitStatus === commandMissing && /^spawn .* E[A-Z]+$/.test(stderr)) {
    throw hookFailed(run.name, `The hook ${file} cannot be run: ${stderr}`, {
      hint: 'Look at its first line, which names the program that runs it, for example #!/bin/sh',
    });
  }
  throw hookFailed(run.name, `The hook ${run.name} ended with status ${exitStatus}`, {
    hint: `Run it by hand to see why: ${file}`,
    details: last.lines.map(mask),
  });
}

/** A file of the hook's own for as long as it runs. */
async function withOutputFile<T>(onOutput: (text: string) => void, work: (path: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-hook-'));
  const path = join(directory, 'output');
  try {
    await writeFile(path, '');
    return await work(path);
  } finally {
    const text = await readFile(path, 'utf8').catch(() => '');
    await rm(directory, { recursive: true, force: true });
    if (text !== '') onOutput(text.slice(0, mostOutputBytes));
  }
}

/** @returns the text of a hook, for a machine to run; absent when there is no such hook */
export async function readHookScript(path: string, name: HookName): Promise<string | undefined> {
  const file = join(path, name);
  if (!(await isThere(file))) return undefined;
  const script = await readFile(file, 'utf8');
  if (script.startsWith('#!')) return script;
  throw hookFailed(name, `The hook ${file} has no interpreter line, so no machine can run it`, {
    hint: 'Begin it with a line such as #!/bin/sh',
  });
}

/** @returns the hooks that are there. @throws Failure `config-invalid` for one by an old name */
export async function existingHooks(path: string): Promise<HookName[]> {
  const files = await readdir(path).catch((): string[] => []);
  refuseOldHooks(files);
  return hookNames.filter((name) => files.includes(name));
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function refuseUnlessExecutable(file: string, name: HookName): Promise<void> {
  await access(file, constants.X_OK).catch(() => {
    throw hookFailed(name, `The hook ${file} is not executable`, { hint: `Type: chmod +x ${file}` });
  });
}

/** A relative path without a slash in it would be looked for in PATH. */
function commandFor(file: string): string {
  return isAbsolute(file) ? file : `./${relative('.', file)}`;
}

function hookFailed(name: HookName, message: string, options: { hint: string; details?: readonly string[] }): Failure {
  const code = hookRules[name].onFailure === 'stop' ? 'hook-failed' : 'post-deploy-hook-failed';
  return new Failure(code, message, options);
}
