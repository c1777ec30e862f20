import type { WantedAccessory } from '../accessories/wanted.ts';
import type { ValueSources } from '../containers/delivery.ts';
import { differencesOf } from '../containers/differences.ts';
import { withoutStopping } from '../containers/stopping.ts';
import type { ContainerInspect, ImageInspect } from '../hosts/docker.ts';

export interface AccessoryFacts {
  readonly image: ImageInspect | undefined;
  readonly sources: ValueSources;
  readonly homeDirectory: string;
}

/**
 * How an accessory's container differs from the file. The signal to stop by and its time-out are Longshore's own keys, so that a container
 * which Kamal made is not unlike the file for lacking them; secrets that this run does not have are not compared.
 */
export function accessoryDifferences(
  { spec, accessory }: WantedAccessory,
  running: ContainerInspect,
  { image, sources, homeDirectory }: AccessoryFacts,
): string[] {
  const unknown = new Set(
    spec.env.flatMap(({ name, value }) =>
      typeof value === 'string' || sources.secrets.has(value.secret) ? [] : [name],
    ),
  );
  const { Config } = running;
  const comparison = {
    spec: { ...spec, env: spec.env.filter(({ name }) => !unknown.has(name)) },
    sources,
    homeDirectory,
    running: {
      ...running,
      Config: { ...Config, Env: (Config.Env ?? []).filter((line) => !unknown.has(line.split('=')[0] ?? '')) },
    },
    imageDefaults: image?.Config ?? {},
  };
  return differencesOf(withoutStopping(comparison, accessory));
}
