import { createHash } from 'node:crypto';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { Config } from '../../config/config.ts';
import { auditFile, networkName, nextName, replacedName } from '../../containers/names.ts';
import type { ObservedContainer } from '../../observe/observed.ts';
import { isUp } from '../current.ts';
import { reference } from '../decide.ts';
import type { ContainerRef, Lane, Stage, Step } from '../plan.ts';
import { proxySteps, stage } from '../prepare.ts';
import { typed } from '../typed.ts';
import { filesToMend, type Met } from './current.ts';
import { certificateSteps, trafficSteps } from './route.ts';

/** The parts that plans for accessories are made of. */

/** What can be done before anything stops: network, proxy, image, directories, secrets; of those that are only `routed` to, what routes need. */
export function prepareStage(
  all: readonly Met[],
  input: { config: Config; pulls: (met: Met) => string | undefined; routed?: readonly Met[] },
): Stage[] {
  const routed = [...all, ...(input.routed ?? [])];
  const hosts = [...new Set(routed.map(({ wanted }) => wanted.host))];
  const shared = hosts.flatMap((host): Lane[] => {
    const here = all.filter(({ wanted }) => wanted.host === host);
    const needsNetwork = here.some(
      ({ wanted: { spec, accessory }, host: { networkExists } }) =>
        (spec.network === networkName || accessory.proxy !== undefined) && !networkExists,
    );
    const network: Step = { kind: 'create-network', name: networkName, because: 'this host has no such network' };
    const images = new Map(here.flatMap((met) => pullStep(met, input.pulls(met))));
    return [
      {
        host,
        steps: [
          ...(needsNetwork ? [network] : []),
          ...routeFileSteps(
            routed.filter(({ wanted }) => wanted.host === host),
            input.config,
          ),
        ],
      },
      ...[...images.values()].map((step) => ({ host, steps: [step] })),
    ];
  });
  const own = all.map((met): Lane => ({
    host: met.wanted.host,
    role: met.wanted.accessory.name,
    steps: [...directorySteps(met), envFileStep(met)],
  }));
  return stage('Prepare', [...shared, ...own]);
}

/** The proxy, and the certificates that its routes are going to name; for accessories on one machine. */
function routeFileSteps(here: readonly Met[], config: Config): Step[] {
  const proxied = here.filter(({ wanted }) => wanted.accessory.proxy !== undefined);
  const [first] = proxied;
  if (first === undefined) return [];
  return [...proxySteps(config, first.host), ...proxied.flatMap((met) => certificateSteps(met, config))];
}

function pullStep({ wanted }: Met, because: string | undefined): [string, Step][] {
  const { image } = wanted.spec;
  return because === undefined ? [] : [[image, { kind: 'pull-image', image, because }]];
}

function directorySteps(met: Met): Step[] {
  return met.wanted.accessory.directories.flatMap(({ hostPath, mode, owner }) => {
    const because = filesToMend(met).find(({ path }) => path === hostPath)?.because;
    if (because === undefined) return [];
    return [{ kind: 'make-directory', path: hostPath, ...access({ mode, owner }), because } as const];
  });
}

/** Kamal reads the secrets from this file, so it is what a later `kamal accessory reboot` would use. */
function envFileStep({ wanted }: Met): Step {
  const variables = wanted.spec.env.filter(({ value }) => typeof value !== 'string');
  return { kind: 'write-env-file', path: wanted.envFile, variables, because: 'a new container gets its secrets' };
}

function access({ mode, owner }: { mode: string | undefined; owner: string | undefined }): {
  mode?: string;
  owner?: string;
} {
  return { ...(mode === undefined ? {} : { mode }), ...(owner === undefined ? {} : { owner }) };
}

export interface Proof {
  readonly container: ContainerRef;
  readonly because: string;
  /** After so many it has failed, where there is something to go back to. */
  readonly crashes?: number;
}

/** Starts the container, waits until it is healthy, and sends it the traffic that is meant for it. */
export function bootSteps(met: Met, { config, ...proof }: Proof & { config: Config }): Step[] {
  const { container, because } = proof;
  return [
    { kind: 'start-container', container, because },
    ...proofSteps(met, proof),
    ...trafficSteps(met, { config, container, because: 'the proxy leads to it' }),
  ];
}

export function proofSteps({ wanted }: Pick<Met, 'wanted'>, { container, because, crashes }: Proof): Step[] {
  const limit = crashes === undefined ? {} : { crashes };
  return [{ kind: 'wait-until-healthy', container, health: wanted.health, ...limit, because }];
}

export function stopStep({ wanted }: Pick<Met, 'wanted'>, container: ObservedContainer, because: string): Step {
  const seconds = wanted.accessory.stopTimeoutSeconds;
  return {
    kind: 'stop-container',
    container: reference(container),
    ...(seconds === undefined ? {} : { timeoutSeconds: seconds }),
    because,
  };
}

/** Right before one of several is stopped: the others have to run. Nothing for one that is alone, or does not run itself. */
export function membersSteps(
  { wanted, observed }: Met,
  { all, config }: { all: readonly WantedAccessory[]; config: Config },
): Step[] {
  const { name } = wanted.accessory;
  const hosts = all.filter((one) => one.accessory.name === name && one.host !== wanted.host).map(({ host }) => host);
  if (hosts.length === 0 || observed.container === undefined || !isUp(observed.container)) return [];
  const command = typed(`accessory start ${name}`, config.destinationName);
  return [{ kind: 'check-members', name: wanted.spec.name, hosts, command, because: 'no two of it are ever down' }];
}

export function replacedNameOf({ name, id }: ObservedContainer, service: string): string {
  return name.startsWith(replacedName(service, '')) ? name : replacedName(service, digits(id));
}

/** Follows from what it replaces, so that a run that was cut off finds its own again. */
export function nextNameOf(service: string, before: Pick<ObservedContainer, 'id'> | undefined): string {
  return nextName(service, digits(before?.id ?? 'nothing'));
}

function digits(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}

/** Kamal's words (reference, section 3.6), a line on each machine. */
export function auditLanes(config: Config, all: readonly Met[], text: (name: string) => string): Lane[] {
  const hosts = [...new Set(all.map(({ wanted }) => wanted.host))];
  const tags = config.destination === undefined ? [] : [config.destination];
  return hosts.map((host) => ({
    host,
    optional: true,
    steps: [
      {
        kind: 'audit',
        file: auditFile(config),
        entries: all
          .filter(({ wanted }) => wanted.host === host)
          .map(({ wanted }) => ({ tags, text: text(wanted.accessory.name) })),
        because: 'who did what is kept on the host',
      },
    ],
  }));
}
