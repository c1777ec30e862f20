import { detailsOf } from '../build/details.ts';
import { decideVersion } from '../build/version.ts';
import { imageOf } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import type { BuilderPlace } from '../hosts/this-machine/builder.ts';
import type { BuildDetailsResult, BuilderResult, BuildResult, DeliverResult, PullResult } from '../report/results.ts';
import { buildHere, imageBuildOf, setupOf } from './build.ts';
import { runHookHere } from './hooks.ts';
import { pullOnMachines } from './pull.ts';
import type { Run } from './run.ts';
import { openSession, versionOfRun, type Session } from './session.ts';

/** `build push`: builds, and pushes unless `output` says otherwise; it touches no machine. @throws Failure */
export async function pushBuild(output: string, run: Run): Promise<BuildResult> {
  const session = await openSession(run, {
    changes: 'registry',
    hooks: ['pre-connect', 'pre-build'],
    needs: ['build', 'registry'],
    source: 'made-from',
  });
  return push(session, versionOfRun(session), output);
}

/** `build pull`: pulls what is in the registry on every machine of the app. @throws Failure */
export async function pullBuild(run: Run): Promise<PullResult> {
  const session = await openSession(run, { changes: 'machines', hooks: ['pre-connect'], needs: ['registry'] });
  const version = versionOfRun(session);
  await runHookHere(session, { hook: 'pre-connect', version, hosts: session.selected.hosts, lockHeld: false });
  return pullOnMachines(session, version);
}

/** `build deliver`: push, then pull of exactly that. @throws Failure */
export async function deliverBuild(run: Run): Promise<DeliverResult> {
  const session = await openSession(run, {
    changes: 'machines',
    hooks: ['pre-connect', 'pre-build'],
    needs: ['build', 'registry'],
    source: 'made-from',
  });
  const version = versionOfRun(session);
  const pushed = await push(session, version, 'registry');
  return { pushed, pulled: await pullOnMachines(session, version, pushed.digest) };
}

async function push(session: Session, version: string, output: string): Promise<BuildResult> {
  const started = Date.now();
  const { config } = session;
  await runHookHere(session, { hook: 'pre-connect', version, hosts: config.hosts, lockHeld: false });
  await runHookHere(session, { hook: 'pre-build', version, hosts: config.hosts, lockHeld: false });
  const build = await imageBuildOf(session, version, { output });
  const { digest } = await buildHere(session, build);
  return {
    version,
    image: imageOf(config, version),
    output,
    ...(digest === undefined ? {} : { digest }),
    seconds: (Date.now() - started) / 1000,
  };
}

/** `build create`: sets the builder up if it is not there as it should be. @throws Failure `build-failed` */
export async function createBuilder(run: Run): Promise<BuilderResult> {
  return withBuilder(run, async (builders, setup, place) => builders.makeBuilder(setup, place));
}

/** `build remove`: takes the builder away, and its contexts. */
export async function removeBuilder(run: Run): Promise<BuilderResult> {
  return withBuilder(run, async (builders, setup, place) =>
    (await builders.removeBuilder(setup, place)) ? 'removed' : 'absent',
  );
}

async function withBuilder(
  run: Run,
  work: (
    builders: typeof import('../hosts/this-machine/builder.ts'),
    setup: Awaited<ReturnType<typeof setupOf>>,
    place: BuilderPlace,
  ) => Promise<BuilderResult['done']>,
): Promise<BuilderResult> {
  const session = await openSession(run, { changes: 'this-machine', hooks: [], needs: [] });
  const setup = await setupOf(session);
  const { kind, name } = setup;
  if (name === undefined) return { kind, done: 'not-needed' };
  const builders = await import('../hosts/this-machine/builder.ts');
  const { findDockerClient } = await import('../hosts/this-machine/docker-client.ts');
  const { path } = await findDockerClient({ env: run.env, signal: run.signal, needs: 'build' });
  const onLine = (text: string) => run.emit({ type: 'note', text });
  return { kind, name, done: await work(builders, setup, { client: path, env: run.env, signal: run.signal, onLine }) };
}

/** `build details`: what builds and how, command by command; only `now` is asked of docker, and nothing is changed. */
export async function buildDetails(run: Run): Promise<BuildDetailsResult> {
  const session = await openSession(run, { changes: 'this-machine', hooks: [], needs: [] });
  return detailsOf(await imageBuildOf(session, versionIfKnown(session)));
}

/** What docker on this machine has now: contexts and builders, as it prints them. */
export async function dockerNow(run: Run): Promise<string> {
  const { listBuilders } = await import('../hosts/this-machine/builder.ts');
  return listBuilders(run);
}

function versionIfKnown({ run, config, tree }: Session): string {
  const contextIsSet = config.builder.context !== undefined;
  try {
    return decideVersion({ flag: run.version, env: run.env['VERSION'], tree, contextIsSet }).version;
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'version-unknown') return 'VERSION';
    throw thrown;
  }
}
