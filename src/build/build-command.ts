import type { ImageBuild } from './image-build.ts';

/** Words for a docker client, without the client itself, and the variables that carry what must not be among them. */
export interface BuildCommand {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface BuildxOptions {
  readonly secretValues: Readonly<Record<string, string>>;
  /** Absent: the one of the current docker context. */
  readonly builder?: string;
  readonly metadataFile: string;
}

/** Builds and pushes in one go. */
export function buildxCommand(build: ImageBuild, options: BuildxOptions): BuildCommand {
  const { words, env } = commonOptions(build, options.secretValues);
  const builder = options.builder === undefined ? [] : ['--builder', options.builder];
  const output = ['--push', '--progress=plain', '--metadata-file', options.metadataFile];
  return { words: ['buildx', 'build', ...output, ...builder, ...words], env };
}

/** Builds into the engine with its own BuildKit; `pushCommand` then pushes each tag. */
export function dockerBuildCommand(build: ImageBuild, secretValues: Readonly<Record<string, string>>): BuildCommand {
  const { words, env } = commonOptions(build, secretValues);
  return { words: ['build', '--progress=plain', ...words], env: { ...env, DOCKER_BUILDKIT: '1' } };
}

export function pushCommand(tag: string): BuildCommand {
  return { words: ['push', tag], env: {} };
}

function commonOptions(build: ImageBuild, secretValues: Readonly<Record<string, string>>): BuildCommand {
  const secrets = build.secrets.map((name) => ({ name, variable: `LONGSHORE_SECRET_${name}` }));
  const hiddenArgs = Object.entries(build.args).filter(([name]) => !steersTheClient(name));
  const words = [
    '--platform',
    build.platforms.join(','),
    ...build.tags.flatMap((tag) => ['--tag', tag]),
    ...Object.entries(build.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...Object.entries(build.args).flatMap(([name, value]) => [
      '--build-arg',
      steersTheClient(name) ? `${name}=${value}` : name,
    ]),
    ...secrets.flatMap(({ name, variable }) => ['--secret', `id=${name},env=${variable}`]),
    '--file',
    build.dockerfile,
    ...(build.target === undefined ? [] : ['--target', build.target]),
    ...(build.useCache ? [] : ['--no-cache']),
    build.context.path,
  ];
  const env = Object.fromEntries([
    ...hiddenArgs,
    ...secrets.map(({ name, variable }) => [variable, secretValues[name] ?? '']),
  ]) as Record<string, string>;
  return { words, env };
}

/** Variables that would change what the client itself does if a build argument of that name came by its environment. */
function steersTheClient(name: string): boolean {
  return /^(PATH|HOME|TMPDIR|SHELL|USER|LANG|LC_.*|LD_.*|SSH_.*|SSL_.*|XDG_.*|GO.*|OTEL_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|SOURCE_DATE_EPOCH|LONGSHORE_.*|.*_proxy)$/i.test(
    name,
  );
}
