import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildxCommand, dockerBuildCommand, packCommand, pushCommands } from '../../build/build-command.ts';
import type { BuildCommand, BuildValues } from '../../build/build-command.ts';
import type { ImageBuild } from '../../build/image-build.ts';
import { Failure } from '../../errors.ts';
import { buildDirectory } from './build-directory.ts';
import { failureOf } from './build-failure.ts';
import { filledIn, secretSources } from './build-values.ts';
import { ensureBuilder, type BuildsWith } from './builder.ts';
import { commandMissing, keepLastLines, runChild } from './child.ts';
import { findDockerClient } from './docker-client.ts';
import type { DockerClient } from './docker-client.ts';
import { withRegistryLogin } from './registry-login.ts';
import type { RegistryLogin } from './registry-login.ts';

export interface ImageBuilding {
  readonly build: ImageBuild;
  /** Where the deploy was started. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: whatever docker on this machine is logged in with. */
  readonly login?: RegistryLogin;
  /** Values of `build.secrets`. */
  readonly secretValues: Readonly<Record<string, string>>;
  /** Takes secrets out of a line of output. */
  readonly mask: (text: string) => string;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface BuiltImage {
  readonly image: string;
  /** `sha256:…`, as the registry has it; absent when nothing was pushed. */
  readonly digest?: string;
}

/**
 * Builds the image from this machine, and pushes it where that is the output.
 * @throws Failure `build-failed`, `push-failed`, `registry-refused`, `git-failed` or `interrupted`
 */
export async function buildImage(building: ImageBuilding): Promise<BuiltImage> {
  const { env, onLine } = building;
  const build = filledIn(building.build, building);
  const client = await findDockerClient({ ...building, needs: build.setup.kind === 'pack' ? 'push' : 'build' });
  refuseWithoutBuildx(build, client);
  if (client.note !== undefined) onLine(client.note);
  const scratch = await mkdtemp(join(tmpdir(), 'longshore-build-'));
  try {
    const directory = await buildDirectory({ ...building, build });
    const secrets = await secretSources(building.secretValues, scratch);
    const here = { ...building, build, client: client.path, directory, scratch, secrets };
    const buildsWith = client.builds === 'buildx' ? await ensureBuilder(build.setup, here) : undefined;
    const digest = await withRegistryLogin(building.login, env, (clientEnv) => {
      const place: Place = { ...here, env: clientEnv };
      if (build.setup.kind === 'pack') return thenPush(place, packCommand(build, place));
      return buildsWith === undefined
        ? thenPush(place, dockerBuildCommand(build, place))
        : withBuildx(place, buildsWith);
    });
    return { image: build.image, ...(digest === undefined ? {} : { digest }) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A build in the directory it happens in, with the environment that is logged in. */
interface Place extends ImageBuilding, BuildValues {
  readonly client: string;
  readonly directory: string;
  /** A directory of its own, gone after the build. */
  readonly scratch: string;
}

async function withBuildx(place: Place, { by, ...engine }: BuildsWith): Promise<string | undefined> {
  const { build, scratch, secrets } = place;
  const metadataFile = join(scratch, 'metadata.json');
  const options = { secrets, metadataFile, ...(by === 'engine' ? { engine: true as const } : {}) };
  // A builder that somebody has made the current one would be used for want of `--builder`; an empty folder has none.
  const own = { BUILDX_CONFIG: join(scratch, 'buildx'), BUILDX_BUILDER: undefined };
  const context = 'context' in engine ? { DOCKER_CONTEXT: engine.context, DOCKER_HOST: undefined } : {};
  const env = by === 'engine' ? { ...place.env, ...own, ...context } : place.env;
  await perform({ ...place, env }, buildxCommand(build, options));
  if (build.output !== 'registry') return undefined;
  const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as Record<string, unknown>;
  return digestIn(String(metadata['containerimage.digest']), build);
}

/** For what builds into the engine: each tag is pushed by itself. */
async function thenPush(place: Place, command: BuildCommand): Promise<string | undefined> {
  const { build } = place;
  await perform(place, command);
  if (build.output !== 'registry') return undefined;
  const digests: string[] = [];
  for (const push of pushCommands(build)) {
    const lines = await perform(place, push);
    digests.push(digestIn(lines.findLast((line) => line.includes(': digest: ')) ?? '', build));
  }
  return digests[0];
}

/** Runs one command and says its lines, except empty ones and those that only name a digest. @returns its lines */
async function perform(place: Place, { words, env }: BuildCommand): Promise<string[]> {
  const { build, mask, onLine, signal } = place;
  const last = keepLastLines(60);
  const [program, ...rest] = words;
  const { exitStatus } = await runChild([program === 'docker' ? place.client : program, ...rest], {
    cwd: place.directory,
    env: { ...place.env, ...env },
    signal,
    onLine(line) {
      if (line.trim() === '' || /^#\d+ sha256:[0-9a-f]{64}$/.test(line)) return;
      const masked = mask(line);
      last.add(masked);
      onLine(masked);
    },
  });
  if (exitStatus === commandMissing && program === 'pack') {
    throw new Failure('build-failed', 'builder.pack needs the command pack, which is not on this machine', {
      hint: 'Install it: https://buildpacks.io/docs/install-pack',
    });
  }
  if (exitStatus !== 0) throw failureOf(build, { isPush: rest[0] === 'push', lines: last.lines });
  return last.lines;
}

function digestIn(text: string, build: ImageBuild): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(text)?.[0];
  if (digest !== undefined) return digest;
  throw new Failure('push-failed', `${build.image} was pushed, but docker did not say its digest`, {
    hint: 'Deploy it with --skip-push, or update docker buildx',
  });
}

/** An old client without buildx builds one image into the engine here, and can do no more than push it. */
function refuseWithoutBuildx({ setup, output, cache, provenance, sbom }: ImageBuild, client: DockerClient): void {
  if (client.builds === 'buildx' || setup.kind === 'pack') return;
  const needs = [
    ...(setup.platforms.length > 1 ? [`building for ${setup.platforms.join(' and ')} at once`] : []),
    ...(setup.kind === 'engine' || setup.kind === 'local' ? [] : [`building on ${setup.name}`]),
    ...(cache === undefined ? [] : ['builder.cache']),
    ...([provenance, sbom].every((one) => one === undefined || one === 'false') ? [] : ['attestations']),
    ...(output === 'registry' || output === 'docker' ? [] : [`--output ${output}`]),
  ];
  if (needs.length === 0) return;
  throw new Failure('build-failed', `${needs.join(', ')}: this needs docker buildx, which is not there`, {
    hint: 'Install docker-buildx-plugin (or docker-buildx)',
  });
}
