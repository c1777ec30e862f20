import type { Readable } from 'node:stream';
import { tokenHint } from '../build/registry-hint.ts';
import { Failure } from '../errors.ts';
import { jsonLines } from './docker-streams.ts';
import { type Engine, reasonOf, statusOf } from './docker-engine.ts';
import type { RegistryCredentials } from './docker.ts';

/** However large an image is, some layer moves now and then. */
const silenceSeconds = 120;
const pullSeconds = 4 * 3600;
/** Docker waits 5 s longer each time that a layer broke off; the wait before the fifth attempt ends it here, as others wait for the lock. */
const longestRetrySeconds = 20;

/** An image's name in its parts: a digest says which image is meant, whatever tag stands before it; without either it is `latest`. */
export function partsOf(reference: string): { repository: string; tag: string } {
  const [name = '', digest] = reference.split('@');
  const { repository = name, tag = 'latest' } = /^(?<repository>.+):(?<tag>[^/:]+)$/.exec(name)?.groups ?? {};
  return { repository, tag: digest ?? tag };
}

/**
 * Pulls `repository:tag`, or `repository:tag@digest`; the credentials travel with the request and stay nowhere.
 * @returns the digest the registry answered with. @throws Failure `image-pull-failed` or `registry-refused`
 */
export async function pullImage(
  engine: Engine,
  reference: string,
  credentials: RegistryCredentials | undefined,
  onProgress: (text: string) => void,
): Promise<string> {
  const digest = await engine.call(
    `pull ${reference}`,
    async (docker) => {
      const stream = await start().catch((error: unknown) => {
        throw statusOf(error) === undefined ? error : refused(engine.host, reference, reasonOf(error));
      });
      return follow(stream, engine.host, reference, onProgress);

      function start(): Promise<Readable> {
        const { repository, tag } = partsOf(reference);
        const query = { fromImage: repository, tag };
        if (credentials === undefined) return docker.createImage(query) as Promise<Readable>;
        const { server: serveraddress, username, password } = credentials;
        return docker.createImage({ username, password, serveraddress }, query) as Promise<Readable>;
      }
    },
    { timeoutSeconds: pullSeconds },
  );
  return digest ?? (await digestOf(engine, reference));
}

/** Errors come as lines too: the request itself has succeeded by then. */
async function follow(
  stream: Readable,
  host: string,
  reference: string,
  onProgress: (text: string) => void,
): Promise<string | undefined> {
  let digest: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      stream.destroy(refused(host, reference, `nothing moved for ${silenceSeconds} s`));
    }, silenceSeconds * 1000);
  };
  heard();
  stream.once('close', () => clearTimeout(timer));
  for await (const line of jsonLines(stream)) {
    heard();
    const { error, status, id, progress } = line as Record<string, string | undefined>;
    if (error !== undefined) throw refused(host, reference, error);
    if (retrySeconds(status) >= longestRetrySeconds) throw refused(host, reference, 'a layer broke off four times');
    digest = /^Digest: (sha256:[0-9a-f]{64})/.exec(status ?? '')?.[1] ?? digest;
    onProgress([id, status, progress].filter((part) => part !== undefined && part !== '').join(' '));
  }
  clearTimeout(timer);
  return digest;
}

function retrySeconds(status = ''): number {
  return Number(/^Retrying in (\d+) second/.exec(status)?.[1] ?? 0);
}

async function digestOf(engine: Engine, reference: string): Promise<string> {
  const image = await engine.call(`inspect image ${reference}`, (docker) => docker.getImage(reference).inspect());
  const { repository } = partsOf(reference);
  const digests: string[] = image.RepoDigests ?? [];
  const own = digests.find((digest) => digest.startsWith(`${repository}@`));
  if (own !== undefined) return own.slice(repository.length + 1);
  throw new Failure(
    'image-pull-failed',
    `${engine.host}: ${reference} was pulled, but Docker does not say its digest.`,
  );
}

function refused(host: string, reference: string, reason: string): Failure {
  const server =
    reference.includes('/') && /[.:]|localhost/.test(reference.split('/')[0] ?? '')
      ? reference.split('/')[0]
      : 'Docker Hub';
  if (/unauthorized|denied|authentication required|no basic auth|forbidden|\b40[13]\b/i.test(reason)) {
    return new Failure('registry-refused', `${host}: ${server} did not give ${reference}: ${reason}.`, {
      hint: `Check registry.username and registry.password in deploy.yml and in the secrets, and that this image exists there${tokenHint(reference, 'read:packages')}`,
    });
  }
  const missing = /manifest (for .* )?(unknown|not found)|not found/i.test(reason);
  return new Failure('image-pull-failed', `${host} could not pull ${reference}: ${reason}.`, {
    hint: missing
      ? `The registry has no such tag: was it pushed? Try: docker manifest inspect ${reference}`
      : `Can ${host} reach ${server}? Try there: docker pull ${reference}`,
  });
}
