import { createHash } from 'node:crypto';
import { Failure } from '../../src/errors.ts';
import type { ImageInspect, ImageSummary, RegistryCredentials } from '../../src/hosts/docker.ts';
import { partsOf } from '../../src/hosts/docker-pull.ts';
import type { MachineState } from './machine.ts';

/** What a container of an image does once it is started. */
export type Behaviour =
  /** `answers`: by path, for those that are not answered with 200. */
  | { readonly kind: 'healthy'; readonly afterSeconds?: number; readonly answers?: Readonly<Record<string, number>> }
  /** Runs, but its `/up` never answers. */
  | { readonly kind: 'never-healthy' }
  /** Runs, and listens nowhere. */
  | { readonly kind: 'deaf' }
  | { readonly kind: 'exits'; readonly afterSeconds: number; readonly exitStatus: number };

export interface FakeImage {
  readonly id: string;
  readonly tags: Set<string>;
  readonly digests: Set<string>;
  readonly labels: Record<string, string>;
  readonly env: string[];
  readonly cmd: string[];
  readonly behaviour: Behaviour;
  /** What a container does in which a release command is run; absent: it takes a second, and succeeds. */
  readonly release?: { readonly afterSeconds: number; readonly exitStatus: number; readonly output?: string };
  /** The image has a HEALTHCHECK: its state follows `behaviour`. */
  readonly hasHealthcheck: boolean;
  readonly logLines: readonly string[];
  readonly createdSeconds: number;
  /** The lowest first; `bytes` as they travel. */
  readonly layers: readonly { readonly id: string; readonly bytes: number }[];
  /** By absolute path. */
  readonly files: Readonly<Record<string, string>>;
}

export interface FakeRegistry {
  readonly images: Map<string, { readonly digest: string; readonly image: Omit<FakeImage, 'tags' | 'digests'> }>;
  credentials?: RegistryCredentials;
  /** Nobody reaches it. */
  isAway?: boolean;
  /** Makes an image and puts it there. @returns its digest */
  push(reference: string, image?: Partial<Omit<FakeImage, 'id' | 'tags' | 'digests'>>): string;
}

export function fakeRegistry(credentials?: RegistryCredentials): FakeRegistry {
  const images: FakeRegistry['images'] = new Map();
  return {
    images,
    ...(credentials === undefined ? {} : { credentials }),
    push(reference, image = {}) {
      const text = JSON.stringify([reference, image, images.size]);
      const digest = `sha256:${hash(`digest ${text}`)}`;
      const full: Omit<FakeImage, 'tags' | 'digests'> = {
        id: `sha256:${hash(`id ${text}`)}`,
        labels: {},
        env: ['PATH=/bin'],
        cmd: ['/bin/app'],
        behaviour: { kind: 'healthy' },
        hasHealthcheck: false,
        logLines: [],
        createdSeconds: Math.floor(Date.now() / 1000),
        files: {},
        layers: [{ id: `sha256:${hash(`layer ${text}`)}`, bytes: 10_000_000 }],
        ...image,
      };
      images.set(reference, { digest, image: full });
      return digest;
    },
  };
}

export function pull(machine: MachineState, reference: string, credentials?: RegistryCredentials): string {
  const { registry, name } = machine;
  const port = /^localhost:(\d+)\//.exec(reference)?.[1];
  if (port !== undefined && !machine.reachedBack.has(Number(port))) {
    throw new Failure('image-pull-failed', `${name} could not pull ${reference}: connection refused`);
  }
  const wanted = registry.credentials;
  if (wanted !== undefined && (credentials?.username !== wanted.username || credentials.password !== wanted.password)) {
    throw new Failure('registry-refused', `${name}: the registry did not give ${reference}: unauthorized`);
  }
  const { repository, tag: wantedTag } = partsOf(reference);
  const isByDigest = reference.includes('@');
  const found = isByDigest
    ? [...registry.images.values()].find(({ digest }) => digest === wantedTag)
    : registry.images.get(`${repository}:${wantedTag}`);
  if (found === undefined)
    throw new Failure('image-pull-failed', `${name} could not pull ${reference}: manifest unknown`);
  const { id } = found.image;
  const image = machine.images.get(id) ?? { ...found.image, tags: new Set<string>(), digests: new Set<string>() };
  if (!isByDigest) {
    untag(machine, `${repository}:${wantedTag}`);
    image.tags.add(`${repository}:${wantedTag}`);
  }
  image.digests.add(`${repository}@${found.digest}`);
  machine.images.set(id, image);
  machine.journal.push(`pull ${reference}`);
  return found.digest;
}

export function digestInRegistry(machine: MachineState, reference: string, credentials?: RegistryCredentials): string {
  const { registry } = machine;
  const wanted = registry.credentials;
  const ask = `ask the registry for ${reference}`;
  if (registry.isAway === true) throw refused(machine, ask, 'connection refused');
  if (wanted !== undefined && (credentials?.username !== wanted.username || credentials.password !== wanted.password)) {
    throw refused(machine, ask, credentials === undefined ? 'no basic auth credentials' : 'unauthorized');
  }
  const found = registry.images.get(reference);
  if (found === undefined) throw refused(machine, ask, 'manifest unknown');
  return found.digest;
}

export function tag(machine: MachineState, reference: string, target: string): void {
  const image = findImage(machine, reference);
  if (image === undefined) throw refused(machine, `tag ${reference}`, 'No such image');
  untag(machine, target);
  image.tags.add(target);
  machine.journal.push(`tag ${reference} as ${target}`);
}

export function removeImage(machine: MachineState, reference: string): void {
  const image = findImage(machine, reference);
  if (image === undefined) return;
  const isLast = image.tags.size <= 1 || reference === image.id;
  if (isLast && [...machine.containers.values()].some(({ imageId }) => imageId === image.id)) {
    throw refused(
      machine,
      `remove image ${reference}`,
      'conflict: unable to remove repository reference, a container is using it',
    );
  }
  image.tags.delete(reference);
  if (isLast) machine.images.delete(image.id);
  machine.journal.push(`remove image ${reference}`);
}

export function findImage(machine: MachineState, reference: string): FakeImage | undefined {
  const { repository, tag: wanted } = partsOf(reference);
  return [...machine.images.values()].find(
    ({ id, tags, digests }) =>
      id === reference || tags.has(`${repository}:${wanted}`) || digests.has(`${repository}@${wanted}`),
  );
}

export function imageSummary(image: FakeImage): ImageSummary {
  return {
    Id: image.id,
    RepoTags: [...image.tags],
    RepoDigests: [...image.digests],
    Labels: { ...image.labels },
    Created: image.createdSeconds,
    Size: 50_000_000,
  };
}

export function imageInspect(machine: MachineState, image: FakeImage): ImageInspect {
  return {
    Id: image.id,
    RepoTags: [...image.tags],
    RepoDigests: [...image.digests],
    Architecture: machine.architecture === 'x86_64' ? 'amd64' : machine.architecture,
    RootFS: { Layers: image.layers.map(({ id }) => id) },
    Config: {
      Env: [...image.env],
      Cmd: [...image.cmd],
      Entrypoint: null,
      Labels: { ...image.labels },
      User: '',
      WorkingDir: '',
    },
  };
}

export function refused(machine: Pick<MachineState, 'name'>, what: string, why: string): Failure {
  return new Failure('engine-refused', `${machine.name}: Docker did not ${what}: ${why}.`);
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function untag(machine: MachineState, reference: string): void {
  for (const image of machine.images.values()) image.tags.delete(reference);
}
