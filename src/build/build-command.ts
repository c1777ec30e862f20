import { environmentOf } from './builder-setup.ts';
import type { ImageBuild } from './image-build.ts';

/** Words for a client, the client first, and the variables that carry what must not be among them. */
export interface BuildCommand {
  readonly words: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

export interface SecretSource {
  readonly value: string;
  /** Where the value lies, when it is too long for a variable. */
  readonly file?: string;
}

export interface BuildValues {
  /** By name. */
  readonly secrets: Readonly<Record<string, SecretSource>>;
}

export interface BuildxOptions extends BuildValues {
  readonly metadataFile?: string;
  /** What builds instead of the builder that the file asks for: the engine of the docker context. */
  readonly engine?: true;
}

/** Builds and pushes in one go, or whatever else the output is. */
export function buildxCommand(build: ImageBuild, { secrets, metadataFile, engine }: BuildxOptions): BuildCommand {
  const { words, env } = commonOptions(build, secrets);
  const { name } = build.setup;
  const { cache, ssh, provenance, sbom } = build;
  return {
    words: [
      'docker',
      'buildx',
      'build',
      `--output=${build.output.startsWith('type=') ? '' : 'type='}${build.output}`,
      '--progress=plain',
      ...(metadataFile === undefined ? [] : ['--metadata-file', metadataFile]),
      ...(name === undefined || engine ? [] : ['--builder', name]),
      ...(cache === undefined ? [] : ['--cache-to', cache.to, '--cache-from', cache.from]),
      ...(ssh === undefined ? [] : ['--ssh', ssh]),
      ...(provenance === undefined || engine ? [] : ['--provenance', provenance]),
      ...(sbom === undefined || engine ? [] : ['--sbom', sbom]),
      ...words,
    ],
    env: { ...env, ...environmentOf(build.setup) },
  };
}

/** Builds into the engine with its own BuildKit; `pushCommands` then push. */
export function dockerBuildCommand(build: ImageBuild, { secrets }: BuildValues): BuildCommand {
  const { words, env } = commonOptions(build, secrets);
  const ssh = build.ssh === undefined ? [] : ['--ssh', build.ssh];
  return { words: ['docker', 'build', '--progress=plain', ...ssh, ...words], env: { ...env, DOCKER_BUILDKIT: '1' } };
}

/** Buildpacks build into the engine; `pushCommands` then push. The label is set by a buildpack, as an image has no other way. */
export function packCommand(build: ImageBuild, { secrets }: BuildValues): BuildCommand {
  const { builder = '', buildpacks = [] } = build.pack ?? {};
  const labels = Object.entries(build.labels).map(([name, value]) => `${name}=${value}`);
  const { words, env } = argumentsOf(build, '--env');
  return {
    words: [
      'pack',
      'build',
      build.repository,
      '--platform',
      build.setup.platforms.join(','),
      '--creation-time',
      'now',
      '--builder',
      builder,
      ...[...buildpacks, 'paketo-buildpacks/image-labels'].flatMap((buildpack) => ['--buildpack', buildpack]),
      ...build.tags.flatMap((tag) => ['--tag', tag]),
      ...(build.useCache ? [] : ['--clear-cache']),
      '--env',
      `BP_IMAGE_LABELS=${labels.join(' ')}`,
      ...words,
      ...build.secrets.flatMap((name) => ['--env', name]),
      '--path',
      build.context.path,
    ],
    env: { ...env, ...Object.fromEntries(build.secrets.map((name) => [name, secrets[name]?.value ?? ''])) },
  };
}

export function pushCommands({ tags }: ImageBuild): BuildCommand[] {
  return tags.map((tag) => ({ words: ['docker', 'push', tag], env: {} }));
}

function commonOptions(
  build: ImageBuild,
  values: BuildValues['secrets'],
): { words: string[]; env: Record<string, string> } {
  const secrets = build.secrets.map((name) => ({ name, variable: `LONGSHORE_SECRET_${name}`, source: values[name] }));
  const args = argumentsOf(build, '--build-arg');
  const words = [
    '--platform',
    build.setup.platforms.join(','),
    ...build.tags.flatMap((tag) => ['--tag', tag]),
    ...Object.entries(build.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...args.words,
    ...secrets.flatMap(({ name, variable, source }) => [
      '--secret',
      source?.file === undefined ? `id=${name},env=${variable}` : `id=${name},src=${source.file}`,
    ]),
    '--file',
    build.dockerfile,
    ...(build.target === undefined ? [] : ['--target', build.target]),
    ...(build.useCache ? [] : ['--no-cache']),
    build.context.path,
  ];
  const env = secrets.flatMap(({ variable, source }) =>
    source?.file === undefined ? [[variable, source?.value ?? '']] : [],
  );
  return { words, env: { ...args.env, ...(Object.fromEntries(env) as Record<string, string>) } };
}

/** Values go by the environment, where no process list shows them, but for those that would steer the client there. */
function argumentsOf({ args }: ImageBuild, option: string): { words: string[]; env: Record<string, string> } {
  const entries = Object.entries(args);
  const hidden = entries.flatMap(([name, value]) => (value === null || steersTheClient(name) ? [] : [[name, value]]));
  return {
    words: entries.flatMap(([name, value]) => [
      option,
      value !== null && steersTheClient(name) ? `${name}=${value}` : name,
    ]),
    env: Object.fromEntries(hidden) as Record<string, string>,
  };
}

/** Variables that would change what the client itself does if a build argument of that name came by its environment. */
function steersTheClient(name: string): boolean {
  return /^(PATH|HOME|TMPDIR|SHELL|USER|LANG|LC_.*|LD_.*|SSH_.*|SSL_.*|XDG_.*|GO.*|OTEL_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|PACK_.*|SOURCE_DATE_EPOCH|LONGSHORE_.*|.*_proxy)$/i.test(
    name,
  );
}
