import { builderSetup, type BuilderSetup } from '../build/builder-setup.ts';
import { planImageBuild, type BuildQuestion, type ImageBuild } from '../build/image-build.ts';
import type { BuiltImage } from '../hosts/this-machine/image-builder.ts';
import { thisMachine } from '../plan/plan.ts';
import { runHookHere } from './hooks.ts';
import { withLocalRegistry } from './local-registry.ts';
import type { Session } from './session.ts';
import { asTask } from './task.ts';

/** Runs the pre-build hook, builds and pushes. @returns the digest that every machine's pull must answer with */
export async function buildAndPush(session: Session, version: string): Promise<string> {
  await runHookHere(session, { hook: 'pre-build', version, hosts: session.config.hosts, lockHeld: false });
  const { image, digest } = await buildHere(session, await imageBuildOf(session, version));
  if (digest === undefined) throw new Error(`${image} was not pushed`);
  return digest;
}

/** Builds, and pushes where that is the output; the registry is started first where it is one of this machine. */
export async function buildHere(session: Session, build: ImageBuild): Promise<BuiltImage> {
  const { run, secrets, credentials, mask } = session;
  const { buildImage } = await import('../hosts/this-machine/image-builder.ts');
  const onLine = (line: string) => run.emit({ type: 'output', host: thisMachine, source: 'build', line: mask(line) });
  const pushes = build.output === 'registry';
  return asTask(run, `${pushes ? 'build and push' : 'build'} ${build.tags[0] ?? build.image}`, () =>
    withLocalRegistry(session, pushes ? build.setup : undefined, () =>
      buildImage({
        build,
        cwd: process.cwd(),
        env: run.env,
        ...(credentials === undefined ? {} : { login: loginOf(credentials) }),
        secretValues: Object.fromEntries(build.secrets.map((name) => [name, secrets.get(name) ?? ''])),
        mask,
        onLine,
        signal: run.signal,
      }),
    ),
  );
}

export async function imageBuildOf(
  session: Session,
  version: string,
  more: Pick<BuildQuestion, 'output' | 'dirty'> = {},
): Promise<ImageBuild> {
  const { run, config, tree } = session;
  return planImageBuild({
    config,
    version,
    tree,
    useCache: !run.noCache,
    localArch: await localArch(session),
    ...more,
  });
}

export async function setupOf(session: Session): Promise<BuilderSetup> {
  return builderSetup(session.config, await localArch(session));
}

/** Asked only where it decides something. */
async function localArch({ run, config }: Session): Promise<string> {
  if (config.builder.remote === undefined || !config.builder.local) return '';
  const { archHere } = await import('../hosts/this-machine/builder.ts');
  return archHere(run);
}

export function loginOf({ server, username, password }: NonNullable<Session['credentials']>): {
  server?: string;
  username: string;
  password: string;
} {
  return { ...(server === 'docker.io' ? {} : { server }), username, password };
}
