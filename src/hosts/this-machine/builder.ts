import { builderDifference, parseBuilder, type BuilderState } from '../../build/builder-state.ts';
import { createCommands, removeCommands, type BuilderSetup, type Words } from '../../build/builder-setup.ts';
import type { RunResult } from '../../processes/run.ts';
import { noBuilder } from './build-failure.ts';
import { runChild } from './child.ts';

export interface BuilderPlace {
  /** Path of the docker client. */
  readonly client: string;
  /** The user's own environment: contexts and builders are kept there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** Who builds: the builder that was asked for, or the engine of a docker context (absent: the current one) in its place. */
export type BuildsWith = { readonly by: 'builder' } | { readonly by: 'engine'; readonly context?: string };

/**
 * Looks whether the builder is there as it should be, makes it (anew) if it is not, and starts it.
 * @throws Failure `build-failed` when it cannot be started and the engine cannot stand in
 */
export async function ensureBuilder(setup: BuilderSetup, place: BuilderPlace): Promise<BuildsWith> {
  const { name, driver, kind } = setup;
  if (name === undefined) return { by: 'engine' };
  const state = await stateOf(setup, place);
  const isNew = typeof state === 'string';
  if (isNew) await makeAnew(setup, place, state);
  const startsByItself = kind === 'cloud' || (driver !== 'docker-container' && kind === 'local');
  const runs = !isNew && state.nodes.every(({ isRunning }) => isRunning);
  if (startsByItself || runs) return { by: 'builder' };
  const started = await docker(place, ['buildx', 'inspect', '--bootstrap', name]);
  if (started.exitStatus === 0) return { by: 'builder' };
  return standIn(setup, place, { output: started.stderr || started.stdout, isNew });
}

/** Makes the builder if it is not there as it should be, and starts nothing. @throws Failure `build-failed` */
export async function makeBuilder(setup: BuilderSetup, place: BuilderPlace): Promise<'there' | 'made'> {
  const state = await stateOf(setup, place);
  if (typeof state !== 'string') return 'there';
  await makeAnew(setup, place, state);
  return 'made';
}

async function makeAnew(setup: BuilderSetup, place: BuilderPlace, why: string): Promise<void> {
  place.onLine(`making the builder ${setup.name}: ${why}`);
  await removeBuilder(setup, place);
  await createBuilder(setup, place);
}

async function createBuilder(setup: BuilderSetup, place: BuilderPlace): Promise<void> {
  for (const words of createCommands(setup)) {
    const { exitStatus, stdout, stderr } = await docker(place, words);
    // The context may be left over, or belong to another builder: what counts is where it leads.
    if (exitStatus === 0 || (words[0] === 'context' && /already exists/.test(stderr))) continue;
    await removeBuilder(setup, place);
    throw noBuilder(setup, stderr || stdout);
  }
}

/** What is not there is no failure. @returns whether anything was removed */
export async function removeBuilder(setup: BuilderSetup, place: BuilderPlace): Promise<boolean> {
  const removed: boolean[] = [];
  for (const words of removeCommands(setup)) {
    removed.push((await docker(place, words)).exitStatus === 0);
  }
  return removed.includes(true);
}

/** @returns the builder's state, or why it will not do */
async function stateOf(setup: BuilderSetup, place: BuilderPlace): Promise<BuilderState | string> {
  const contexts = setup.nodes.flatMap(({ context }) => (context === undefined ? [] : [context.name]));
  const [builder, ...hosts] = await Promise.all([
    docker(place, ['buildx', 'inspect', setup.name ?? '']),
    ...contexts.map((name) => docker(place, ['context', 'inspect', name, '--format', '{{.Endpoints.docker.Host}}'])),
  ]);
  if (builder.exitStatus !== 0) return 'there is none of this name';
  const state = parseBuilder(builder.stdout);
  const endpoints = Object.fromEntries(
    contexts.map((name, index) => [name, hosts[index]?.exitStatus === 0 ? hosts[index].stdout.trim() : undefined]),
  );
  return builderDifference(setup, state, endpoints) ?? state;
}

async function standIn(
  setup: BuilderSetup,
  place: BuilderPlace,
  { output, isNew }: { output: string; isNew: boolean },
): Promise<BuildsWith> {
  const context = setup.nodes[0]?.context?.name;
  const arch = setup.engineMayStandIn ? await engineArch(place, context) : undefined;
  if (arch === undefined || `linux/${arch}` !== setup.platforms[0]) {
    if (isNew) await removeBuilder(setup, place);
    throw noBuilder(setup, output);
  }
  if (isNew) await docker(place, ['buildx', 'rm', setup.name ?? '']);
  const whose =
    setup.nodes[0]?.context === undefined ? 'the engine here' : `the engine at ${setup.nodes[0].context.endpoint}`;
  const why =
    output
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ERROR: /, '') ?? '';
  place.onLine(`${setup.name} cannot be started (${why}): ${whose} builds by itself`);
  return context === undefined ? { by: 'engine' } : { by: 'engine', context };
}

/** What an engine runs, such as `amd64`; undefined when it does not answer. */
export async function engineArch(place: Omit<BuilderPlace, 'onLine'>, context?: string): Promise<string | undefined> {
  const which = context === undefined ? [] : ['--context', context];
  const { exitStatus, stdout } = await docker(place, [...which, 'version', '--format', '{{.Server.Arch}}']);
  return exitStatus === 0 ? stdout.trim() : undefined;
}

/** What docker here runs, such as `amd64`; without an answer, what this machine is. */
export async function archHere({ env, signal }: Pick<BuilderPlace, 'env' | 'signal'>): Promise<string> {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386' };
  return (await engineArch({ client: 'docker', env, signal })) ?? names[process.arch] ?? process.arch;
}

/** Contexts and builders that docker here has, as it prints them; what cannot be asked is left out. */
export async function listBuilders({ env, signal }: Pick<BuilderPlace, 'env' | 'signal'>): Promise<string> {
  const place = { client: 'docker', env, signal };
  const answers = await Promise.all([docker(place, ['context', 'ls']), docker(place, ['buildx', 'ls'])]);
  return answers.flatMap(({ exitStatus, stdout }) => (exitStatus === 0 ? [stdout.trim()] : [])).join('\n\n');
}

function docker({ client, env, signal }: Omit<BuilderPlace, 'onLine'>, words: Words): Promise<RunResult> {
  return runChild([client, ...words], { env, signal, timeoutSeconds: 300 });
}
