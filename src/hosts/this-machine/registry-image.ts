import type { RegistryCredentials } from '../docker.ts';
import { partsOf } from '../docker-pull.ts';
import { openRegistry, type Registry } from './registry-requests.ts';

/** What a registry says of an image: its layers as they travel. */
export interface ImageInRegistry {
  /** One for each processor that it was built for. */
  readonly platforms: readonly ImagePlatform[];
}

export interface ImagePlatform {
  /** By Docker's names; absent where the image is for one processor only, and does not say which. */
  readonly architecture?: string;
  /** Of every layer, compressed, the lowest first. */
  readonly layerBytes: readonly number[];
  /** The same layers as an engine calls them that has unpacked them; asked for only when somebody wants to know. */
  layerIds(): Promise<readonly string[]>;
}

const kinds = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** Asked from this machine. @returns undefined where the registry does not answer this machine, or not in these terms */
export async function readImageInRegistry(
  reference: string,
  ask: { readonly credentials?: RegistryCredentials; readonly signal: AbortSignal },
): Promise<ImageInRegistry | undefined> {
  try {
    const registry = await openRegistry(partsOf(reference).repository, ask);
    const top = await manifest(registry, partsOf(reference).tag);
    // Besides images an index lists what is known about them, for no processor.
    const listed = (top.manifests ?? []).filter(({ platform }) => platform?.os === 'linux');
    if (listed.length === 0) return { platforms: platformOf(registry, top) };
    const platforms = listed.map(async ({ digest, platform }) =>
      platformOf(registry, await manifest(registry, digest), platform?.architecture),
    );
    return { platforms: (await Promise.all(platforms)).flat() };
  } catch {
    return undefined;
  }
}

interface Manifest {
  readonly manifests?: readonly {
    readonly digest: string;
    readonly platform?: { readonly os: string; readonly architecture: string };
  }[];
  readonly layers?: readonly { readonly size: number }[];
  readonly config?: { readonly digest: string };
}

function manifest(registry: Registry, tagOrDigest: string): Promise<Manifest> {
  return registry.json<Manifest>(`manifests/${tagOrDigest}`, kinds.join(', '));
}

function platformOf(registry: Registry, { layers, config }: Manifest, architecture?: string): ImagePlatform[] {
  if (layers === undefined || config === undefined) return [];
  const layerIds = async () => {
    const { rootfs } = await registry.json<{ rootfs: { diff_ids: string[] } }>(`blobs/${config.digest}`, '*/*');
    return rootfs.diff_ids;
  };
  return [{ ...(architecture && { architecture }), layerBytes: layers.map(({ size }) => size), layerIds }];
}
