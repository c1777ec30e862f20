import { imageOf } from '../containers/names.ts';
import type { Docker } from '../hosts/docker.ts';
import type { ImageInRegistry } from '../hosts/this-machine/registry-image.ts';
import type { Observed } from '../observe/observed.ts';
import { processorOf } from '../plan/engine.ts';
import type { Plan } from '../plan/plan.ts';
import { shortagesOf, type KnownLayers, type Shortage } from '../plan/room.ts';
import { isAt } from './execution.ts';
import type { Fleet } from './fleet.ts';
import type { Session } from './session.ts';

/** The answer of a registry, on its way; undefined where there is none. */
export type ImageAsked = Promise<ImageInRegistry | undefined>;

/** Asks what the new image is made of, while something else is done. */
export function askForImage(session: Session, version: string, digest: string | undefined): ImageAsked {
  const { config, logins } = session;
  const login = logins.find(({ server }) => isAt(config.repository, server));
  const reference = digest === undefined ? imageOf(config, version) : `${config.repository}@${digest}`;
  return session.askRegistry(reference, login).catch(() => undefined);
}

/**
 * Where the new image may not fit. A machine is asked for its layers only where all of the image would not fit, so that an ordinary deploy
 * asks nothing more.
 */
export async function shortages(
  { config }: Session,
  { hosts }: Pick<Fleet, 'hosts'>,
  { observed, plan, image }: { observed: Observed; plan: Plan; image?: ImageAsked | undefined },
): Promise<Shortage[]> {
  const platforms = (await image)?.platforms ?? [];
  const platformFor = (host: Observed['hosts'][number]) =>
    platforms.find(({ architecture = processorOf(host) }) => architecture === processorOf(host));
  const whole = new Map<string, KnownLayers>();
  for (const host of observed.hosts) {
    const bytes = platformFor(host)?.layerBytes;
    if (bytes !== undefined) whole.set(host.host, { ids: bytes.map(String), bytes, there: new Map() });
  }
  const doubtful = shortagesOf(config, observed, plan, whole).map(({ host }) => host);
  const layers = new Map(whole);
  await Promise.all(
    observed.hosts
      .filter(({ host }) => doubtful.includes(host) && whole.has(host))
      .map(async (host) => {
        const [ids, there] = await Promise.all([
          platformFor(host)
            ?.layerIds()
            .catch(() => undefined),
          layersThere(host.images, (id) => hosts.get(host.host)?.docker.inspectImage(id)),
        ]);
        const { bytes } = whole.get(host.host) ?? { bytes: [] };
        if (ids === undefined) layers.delete(host.host);
        else layers.set(host.host, { ids, bytes, there });
      }),
  );
  return shortagesOf(config, observed, plan, layers);
}

type Inspect = (id: string) => ReturnType<Docker['inspectImage']> | undefined;

async function layersThere(
  images: Observed['hosts'][number]['images'],
  inspect: Inspect,
): Promise<Map<string, string[]>> {
  const inspected = await Promise.all(
    images.map(async ({ id }) => [id, (await inspect(id))?.RootFS.Layers ?? []] as const),
  );
  return new Map(inspected.map(([id, layers]) => [id, layers]));
}
