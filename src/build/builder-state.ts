import type { BuilderSetup } from './builder-setup.ts';

/** What `docker buildx inspect` and `docker context inspect` say of a builder. */
export interface BuilderState {
  readonly driver: string;
  readonly nodes: readonly {
    readonly endpoint: string;
    readonly isRunning: boolean;
    /** Those that the node was made for. */
    readonly fixedPlatforms: readonly string[];
  }[];
}

/** Reads what `docker buildx inspect` prints. */
export function parseBuilder(text: string): BuilderState {
  const [head = '', ...rest] = text.split(/^Nodes:\s*$/m);
  const nodes = rest
    .join('')
    .split(/^(?=Name:)/m)
    .filter((node) => node.startsWith('Name:'));
  return {
    driver: field(head, 'Driver'),
    nodes: nodes.map((node) => ({
      endpoint: field(node, 'Endpoint'),
      isRunning: field(node, 'Status') === 'running',
      fixedPlatforms: field(node, 'Platforms')
        .split(',')
        .map((platform) => platform.trim())
        .filter((platform) => platform.endsWith('*'))
        .map((platform) => platform.slice(0, -1)),
    })),
  };
}

/**
 * How a builder differs from the one that is wanted, so that it must be made anew; nothing when it will do.
 * `endpoints`: what each Docker context leads to, as far as it exists.
 */
export function builderDifference(
  { kind, driver, nodes }: BuilderSetup,
  state: BuilderState,
  endpoints: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (kind === 'cloud') {
    const isCloud = state.nodes.some(({ endpoint }) => endpoint.startsWith('cloud://'));
    return isCloud ? undefined : 'it is not in the cloud';
  }
  const wantedDriver = kind === 'remote' ? 'docker-container' : driver;
  if (state.driver !== wantedDriver) return `its driver is ${state.driver}, not ${wantedDriver}`;
  if (state.nodes.length !== nodes.length) return `it has ${state.nodes.length} nodes, not ${nodes.length}`;
  for (const [index, { context, platforms }] of nodes.entries()) {
    const there = state.nodes[index];
    if (there === undefined) continue;
    if (context !== undefined) {
      if (there.endpoint !== context.name) return `it builds at ${there.endpoint}, not at ${context.name}`;
      const endpoint = endpoints[context.name];
      if (endpoint !== context.endpoint)
        return `${context.name} leads to ${endpoint ?? 'nowhere'}, not to ${context.endpoint}`;
    }
    const missing = platforms.find((platform) => !there.fixedPlatforms.includes(platform));
    if (missing !== undefined) return `its node at ${there.endpoint} is not for ${missing}`;
  }
  return undefined;
}

function field(text: string, name: string): string {
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
}
