import type { Builder, Config } from '../config/config.ts';

/** What builds, and how docker on this machine is told of it; names and options are Kamal's. */
export interface BuilderSetup {
  /** `engine`: the engine's own BuildKit, which needs no setting up; as little does `pack`. */
  readonly kind: 'engine' | 'local' | 'remote' | 'hybrid' | 'cloud' | 'pack';
  /** Absent for `engine` and `pack`. */
  readonly name?: string;
  readonly driver: string;
  readonly nodes: readonly BuilderNode[];
  /** `linux/amd64` of everything that is built. */
  readonly platforms: readonly string[];
  /** Whether the engine of the only node may build by itself where this builder cannot be started. */
  readonly engineMayStandIn: boolean;
}

export interface BuilderNode {
  /** Docker context to make for the endpoint; absent: the engine of this machine. */
  readonly context?: { readonly name: string; readonly endpoint: string };
  /** Which platforms it is for; empty where it builds all. */
  readonly platforms: readonly string[];
  /** `network=host`, where the registry is on this machine and must be reached as `localhost`. */
  readonly options: readonly string[];
}

/** Words for docker, without `docker` itself. */
export type Words = readonly string[];

/** Decides who builds. `localArch`: what docker on this machine runs, such as `amd64`. */
export function builderSetup(
  { builder, registry }: Pick<Config, 'builder' | 'registry'>,
  localArch: string,
): BuilderSetup {
  const { remote, driver } = builder;
  const platforms = builder.arch.map(platformOf);
  const isLocalRegistry = registry.localPort !== undefined;
  const options = isLocalRegistry ? ['network=host'] : [];
  const here = archesBuiltHere(builder, localArch).map(platformOf);
  const there = platforms.filter((platform) => !here.includes(platform));
  const engineMayStandIn = mayStandIn(builder);
  if (remote !== undefined && there.length > 0) {
    const sort = here.length > 0 ? `hybrid-${driver}` : 'remote';
    const name = `kamal-${sort}-${remote.replace(/[^a-z0-9_-]/g, '-')}${isLocalRegistry ? '-local-registry' : ''}`;
    const context = { name: `${name}-context`, endpoint: remote };
    return here.length > 0
      ? {
          kind: 'hybrid',
          name,
          driver,
          nodes: [
            { platforms: here, options },
            { context, platforms: there, options },
          ],
          platforms,
          engineMayStandIn: false,
        }
      : { kind: 'remote', name, driver, nodes: [{ context, platforms: [], options }], platforms, engineMayStandIn };
  }
  const node = { platforms: [], options };
  if (builder.pack !== undefined) return { kind: 'pack', driver, nodes: [], platforms, engineMayStandIn: false };
  if (driver.startsWith('cloud ')) {
    const name = driver.replaceAll(/[ /]/g, '-');
    return { kind: 'cloud', name, driver, nodes: [], platforms, engineMayStandIn: false };
  }
  if (driver === 'docker') return { kind: 'engine', driver, nodes: [], platforms, engineMayStandIn: false };
  const name = `kamal-local-${isLocalRegistry ? 'registry-' : ''}${driver}`;
  return { kind: 'local', name, driver, nodes: [node], platforms, engineMayStandIn };
}

/** Kamal builds here what this machine can run, and all of it where no other engine is named. */
function archesBuiltHere({ arch, local, remote }: Builder, localArch: string): readonly string[] {
  if (!local) return [];
  return remote === undefined ? arch : arch.filter((one) => one === localArch);
}

/** An engine builds one image without cache export and attestations; who names the driver wants that one. */
function mayStandIn({ arch, driverIsGiven, cache, provenance, sbom }: Builder): boolean {
  const plain = [provenance, sbom].every((attestation) => attestation === undefined || attestation === 'false');
  return arch.length === 1 && !driverIsGiven && cache === undefined && plain;
}

/** What sets the builder up, in this order. */
export function createCommands({ kind, name, driver, nodes }: BuilderSetup): Words[] {
  if (name === undefined) return [];
  if (kind === 'cloud') return [['buildx', 'create', '--driver', 'cloud', driver.slice('cloud '.length)]];
  return nodes.flatMap(({ context, platforms, options }, index) => {
    const words = [
      'buildx',
      'create',
      ...(platforms.length === 0 ? [] : ['--platform', platforms.join(',')]),
      ...(index > 0 ? ['--append'] : []),
      '--name',
      name,
      ...(context === undefined ? [`--driver=${driver}`] : []),
      ...options.flatMap((option) => ['--driver-opt', option]),
    ];
    if (context === undefined) return [words];
    const host = ['--description', `${name} host`, '--docker', `host=${context.endpoint}`];
    return [
      ['context', 'create', context.name, ...host],
      [...words, context.name],
    ];
  });
}

/** What takes the builder away again. */
export function removeCommands({ name, nodes }: BuilderSetup): Words[] {
  if (name === undefined) return [];
  const contexts = nodes.flatMap(({ context }) => (context === undefined ? [] : [['context', 'rm', context.name]]));
  // The builder first: buildx looks for its contexts to stop it.
  return [['buildx', 'rm', name], ...contexts];
}

/** What every build on it needs in its environment. */
export function environmentOf({ kind }: BuilderSetup): Record<string, string> {
  return kind === 'remote' || kind === 'hybrid' ? { BUILDKIT_NO_CLIENT_TOKEN: '1' } : {};
}

function platformOf(arch: string): string {
  return `linux/${arch}`;
}
