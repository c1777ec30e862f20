import type { Config } from '../config/config.ts';
import { whyNotStarted } from '../containers/not-started.ts';
import { envFilePath, imageOf, networkName } from '../containers/names.ts';
import type { Observed, ObservedHost } from '../observe/observed.ts';
import { proxySpec } from '../proxy/container.ts';
import { assetSteps } from './assets.ts';
import { observedHost } from './current.ts';
import { createSteps, type Decision } from './decide.ts';
import type { DeployRequest } from './deploy.ts';
import { routeFileSteps } from './route-files.ts';
import type { Lane, Stage, Step } from './plan.ts';

export interface ImageChanges {
  readonly pulls: ReadonlyMap<string, Step>;
  /** Hosts whose image of this version will become another one. */
  readonly changing: ReadonlySet<string>;
}

/** Which machines have to pull, and the one digest that all of them must end with. */
export function imageChanges({ config, version, digest, observed, wanted }: DeployRequest): ImageChanges {
  const image = imageOf(config, version);
  const hosts = [...new Set(wanted.map(({ host }) => host))].map((host) => observedHost(observed, host));
  const present = hosts.filter(({ images }) => images.some(({ tags }) => tags.includes(image)));
  const digests = new Set(present.map((host) => digestOn(host, config.repository, image)));
  // Without a push that says which build it is, all hosts ask the registry as soon as one has to, and must get the same.
  const isUneven = digest === undefined && (present.length < hosts.length || digests.size > 1);
  const stale = present.filter((host) =>
    digest === undefined ? isUneven : digestOn(host, config.repository, image) !== digest,
  );
  const pull = (because: string): Step => ({
    kind: 'pull-image',
    image,
    ...(digest === undefined ? {} : { digest }),
    because,
  });
  const whyStale = digest === undefined ? 'all hosts must have the same build' : 'this host has another build of it';
  return {
    pulls: new Map([
      ...hosts.filter((host) => !present.includes(host)).map(({ host }) => [host, pull('not on this host')] as const),
      ...stale.map(({ host }) => [host, pull(whyStale)] as const),
    ]),
    changing: new Set(digest === undefined ? [] : stale.map(({ host }) => host)),
  };
}

/** The registry's digest of an image on a machine; undefined when it is not there, or was never in a registry. */
export function digestOn(host: ObservedHost, repository: string, image: string): string | undefined {
  const digests = host.images.find(({ tags }) => tags.includes(image))?.digests ?? [];
  return digests.find((digest) => digest.startsWith(`${repository}@`))?.slice(repository.length + 1);
}

/** Prepare and Create: everything that can be done on every machine before the first swap. */
export function prepareStages(input: {
  config: Config;
  version: string;
  observed: Observed;
  decisions: readonly Decision[];
  pulls: ReadonlyMap<string, Step>;
  withProxy: boolean;
}): Stage[] {
  const { config, observed, decisions, pulls } = input;
  const hosts = [...new Set(decisions.map(({ wanted }) => wanted.host))];
  const prepare = hosts.flatMap((host): Lane[] => {
    const here = decisions.filter(({ wanted }) => wanted.host === host);
    const makes = here.some(({ action }) => action === 'create' || action === 'replace');
    const pull = makes ? pulls.get(host) : undefined;
    return [
      {
        host,
        steps: [
          ...networkSteps(observedHost(observed, host)),
          ...(input.withProxy && here.some(({ wanted }) => wanted.role.proxy !== undefined)
            ? proxySteps(config, observedHost(observed, host))
            : []),
          ...routeFileSteps(here, observedHost(observed, host), config),
        ],
      },
      ...here.map((decision) => ({ host, role: decision.wanted.role.name, steps: envFileSteps(decision, config) })),
      { host, steps: pull === undefined ? [] : [pull] },
    ];
  });
  const create = decisions.flatMap((decision): Lane[] => {
    const where = { host: decision.wanted.host, role: decision.wanted.role.name };
    return [
      { ...where, steps: createSteps(decision) },
      { ...where, steps: assetSteps(decision, observedHost(observed, where.host), config) },
    ];
  });
  return [...stage('Prepare', prepare), ...stage('Create', create)];
}

/** A stage of the lanes that have something to do; nothing when none has. */
export function stage(name: string, lanes: readonly Lane[]): Stage[] {
  const busy = lanes.filter(({ steps }) => steps.length > 0);
  return busy.length === 0 ? [] : [{ name, lanes: busy }];
}

function networkSteps(host: ObservedHost): Step[] {
  return host.networkExists
    ? []
    : [{ kind: 'create-network', name: networkName, because: 'this host has no such network' }];
}

/** What a machine lacks before a route can be set. */
export function proxySteps(config: Config, host: ObservedHost): Step[] {
  const { container } = host.proxy;
  if (container === undefined) {
    return [
      {
        kind: 'boot-proxy',
        spec: proxySpec(config, host.host, host.proxyFiles),
        because: 'no proxy runs on this host',
      },
    ];
  }
  if (container.state === 'running') return [];
  const why = container.error === undefined ? '' : `; ${whyNotStarted(container.error, host.addresses)}`;
  return [{ kind: 'start-proxy', because: `the proxy is ${container.state}${why}` }];
}

function envFileSteps({ action, wanted, because }: Decision, config: Config): Step[] {
  if (action !== 'create' && action !== 'replace') return [];
  const { env, values } = wanted.spec;
  return [
    {
      kind: 'write-env-file',
      path: envFilePath(config, wanted.role.name),
      variables: env.filter(({ value }) => typeof value !== 'string'),
      ...(values === undefined ? {} : { values }),
      because,
    },
  ];
}
