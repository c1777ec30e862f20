import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { buildxCommand, dockerBuildCommand, pushCommand } from '../../build/build-command.ts';
import type { BuildCommand } from '../../build/build-command.ts';
import type { ImageBuild } from '../../build/image-build.ts';
import { Failure } from '../../errors.ts';
import { failureOf, noBuilder } from './build-failure.ts';
import { keepLastLines, runChild } from './child.ts';
import { findDockerClient } from './docker-client.ts';
import type { DockerClient } from './docker-client.ts';
import { withRegistryLogin } from './registry-login.ts';
import type { RegistryLogin } from './registry-login.ts';
import { ensureCleanClone } from './source-clone.ts';

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
  /** `sha256:…`, as the registry has it. */
  readonly digest: string;
}

/**
 * Builds the image on this machine and pushes it.
 * @throws Failure `build-failed`, `push-failed`, `registry-refused`, `git-failed` or `interrupted`
 */
export async function buildAndPushImage(building: ImageBuilding): Promise<BuiltImage> {
  const { build, env, onLine } = building;
  const client = await findDockerClient(building);
  refuseManyPlatforms(build, client);
  if (client.note !== undefined) onLine(client.note);
  const directory = await buildDirectory(building);
  const digest = await withRegistryLogin(building.login, env, (clientEnv) => {
    const place: Place = { ...building, client: client.path, directory, env: clientEnv };
    return client.builds === 'buildx' ? withBuildx(place) : withDockerBuild(place);
  });
  return { image: build.image, digest };
}

/** A build in the directory it happens in, with the environment that is logged in. */
interface Place extends ImageBuilding {
  readonly client: string;
  readonly directory: string;
}

async function withBuildx(place: Place): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'longshore-build-'));
  try {
    const builder = await ensureBuilder(place);
    const metadataFile = join(scratch, 'metadata.json');
    const { secretValues } = place;
    const env = builder === undefined ? { ...place.env, BUILDX_CONFIG: scratch, BUILDX_BUILDER: undefined } : place.env;
    const options = { secretValues, metadataFile, ...(builder === undefined ? {} : { builder }) };
    await perform({ ...place, env }, buildxCommand(place.build, options));
    const metadata = JSON.parse(await readFile(metadataFile, 'utf8')) as Record<string, unknown>;
    return digestIn(String(metadata['containerimage.digest']), place.build);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function withDockerBuild(place: Place): Promise<string> {
  const { build, secretValues } = place;
  await perform(place, dockerBuildCommand(build, secretValues));
  const digests: string[] = [];
  for (const tag of build.tags) {
    const lines = await perform(place, pushCommand(tag));
    digests.push(digestIn(lines.findLast((line) => line.includes(': digest: ')) ?? '', build));
  }
  return digests[0] ?? digestIn('', build);
}

/** @returns Kamal's builder, made if need be; nothing for the driver `docker`, which needs none */
async function ensureBuilder(place: Place): Promise<string | undefined> {
  if (place.build.driver === 'docker') return undefined;
  const builder = 'kamal-local-docker-container';
  const { env, signal } = place;
  const buildx = (...words: string[]) =>
    runChild([place.client, 'buildx', ...words], { env, signal, timeoutSeconds: 300 });
  const isThere = (await buildx('inspect', builder)).exitStatus === 0;
  if (!isThere) {
    const made = await buildx('create', '--name', builder, '--driver', 'docker-container');
    if (made.exitStatus !== 0) throw noBuilder(made.stderr);
  }
  const started = await buildx('inspect', '--bootstrap', builder);
  if (started.exitStatus === 0) return builder;
  if (!isThere) await buildx('rm', builder);
  throw noBuilder(started.stderr || started.stdout);
}

/** Runs one docker command and says its lines, except empty ones and those that only name a digest. @returns its lines */
async function perform(place: Place, command: BuildCommand): Promise<string[]> {
  const { build, mask, onLine, signal } = place;
  const last = keepLastLines(60);
  const { exitStatus } = await runChild([place.client, ...command.words], {
    cwd: place.directory,
    env: { ...place.env, ...command.env },
    signal,
    onLine(line) {
      if (line.trim() === '' || /^#\d+ sha256:[0-9a-f]{64}$/.test(line)) return;
      const masked = mask(line);
      last.add(masked);
      onLine(masked);
    },
  });
  if (exitStatus !== 0) throw failureOf(build, { isPush: command.words[0] === 'push', lines: last.lines });
  return last.lines;
}

function digestIn(text: string, build: ImageBuild): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(text)?.[0];
  if (digest !== undefined) return digest;
  throw new Failure('push-failed', `${build.image} was pushed, but docker did not say its digest`, {
    hint: 'Deploy it with --skip-push, or update docker buildx',
  });
}

async function buildDirectory({ build, cwd, env, signal }: ImageBuilding): Promise<string> {
  const { context, dockerfile, service } = build;
  const directory =
    context.kind === 'clone'
      ? await ensureCleanClone({ service, cwd, root: context.root, sha: context.sha, env, signal })
      : cwd;
  const file = isAbsolute(dockerfile) ? dockerfile : join(directory, dockerfile);
  const isRemote = /^(https?:|git@|git:|ssh:|-$)/.test(context.path);
  if (isRemote) return directory;
  await access(file).catch(() => {
    throw new Failure('build-failed', `There is no ${dockerfile} in ${directory}`, {
      hint:
        context.kind === 'clone'
          ? 'Commit it: the image is built from a clean clone of HEAD. Its name can be set with builder: {dockerfile: …}'
          : 'Write one, or set its name with builder: {dockerfile: …}',
    });
  });
  return directory;
}

function refuseManyPlatforms(build: ImageBuild, client: DockerClient): void {
  if (build.platforms.length < 2) return;
  const platforms = build.platforms.join(' and ');
  if (client.builds === 'docker-build') {
    throw new Failure('build-failed', `Building for ${platforms} at once needs docker buildx, which is not there`, {
      hint: 'Install docker-buildx-plugin, or name one architecture in builder: {arch: …}',
    });
  }
  if (build.driver === 'docker') {
    throw new Failure('build-failed', `The driver docker cannot build for ${platforms} at once`, {
      hint: 'Take builder: {driver: docker} out, or name one architecture in builder: {arch: …}',
    });
  }
}
