import { proxyContainerName } from '../containers/names.ts';
import type { Host } from '../hosts/host.ts';
import type { ObservedHost } from '../observe/observed.ts';
import { type Finding, notAsked, whatPreventsReturn } from '../plan/after-restart.ts';
import { isUp } from '../plan/current.ts';
import type { BootstrapResult } from '../report/results.ts';
import { bootstrap } from './bootstrap.ts';
import { withFleet } from './connecting.ts';
import type { Fleet } from './fleet.ts';
import { underLock } from './lock.ts';
import type { Run } from './run.ts';
import { openSession, type Session } from './session.ts';

/** Installs Docker where it is missing, and says what would keep the service from coming back after a restart. @throws Failure */
export async function serverBootstrap(run: Run): Promise<BootstrapResult> {
  const session = await openSession(run, { changes: 'engine', hooks: ['pre-connect', 'docker-setup'], needs: [] });
  return bootstrapWith(session);
}

/** @throws Failure */
export function bootstrapWith(session: Session): Promise<BootstrapResult> {
  const { run, config, selected, tree } = session;
  const version = run.version ?? tree.headSha;
  const work = (fleet: Fleet) =>
    underLock(session, fleet, version, async (lock): Promise<BootstrapResult> => {
      await lock.alone();
      const installed = await bootstrap(session, fleet, { version, lockHeld: true });
      const looked = await lookAtReturn(session, fleet);
      return {
        service: config.service,
        ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
        hosts: looked.map(({ host: { host, engineVersion } }) => ({
          ...{ host, engineVersion },
          installed: installed.includes(host),
        })),
        findings: looked.flatMap(({ findings }) => findings),
        notAsked: looked.flatMap((one) => one.notAsked),
      };
    });
  return withFleet(session, version, work, { hosts: selected.allHosts });
}

interface Looked {
  readonly host: ObservedHost;
  readonly findings: readonly Finding[];
  readonly notAsked: readonly string[];
}

/** Asks every machine how it comes up, and warns of what would keep this service down afterwards. @throws Failure */
export async function lookAtReturn(session: Session, fleet: Fleet): Promise<Looked[]> {
  const { run, selected } = session;
  const { hosts } = await fleet.observe({});
  const looked = await Promise.all(
    hosts
      .filter(({ host }) => selected.allHosts.includes(host))
      .map(async (observed): Promise<Looked> => {
        const host = fleet.hosts.get(observed.host);
        if (host === undefined) throw new Error(`no connection to ${observed.host}`);
        const [facts, policies] = await Promise.all([host.readBootFacts(), policiesOn(session, host, observed)]);
        const request = { config: selected, host: observed, facts, policies };
        return { host: observed, findings: whatPreventsReturn(request), notAsked: notAsked(request) };
      }),
  );
  for (const { host, what, because, mend } of looked.flatMap(({ findings }) => findings)) {
    run.emit({ type: 'warning', text: `${host}: ${what}: ${because}. To do: ${mend}` });
  }
  return looked;
}

async function policiesOn({ config }: Session, host: Host, observed: ObservedHost): Promise<Map<string, string>> {
  const services = [config.service, ...config.accessories.map(({ service }) => service)];
  const ours = observed.containers.filter(
    (container) =>
      isUp(container) &&
      (container.name === proxyContainerName ||
        (services.includes(container.labels['service'] ?? '') &&
          isOfDestination(container.labels, config.destination))),
  );
  const inspects = await Promise.all(ours.map(({ id }) => host.docker.inspectContainer(id)));
  return new Map(
    ours.flatMap(({ name }, index) => {
      const policy = inspects[index]?.HostConfig['RestartPolicy'] as { Name?: string } | undefined;
      return policy === undefined ? [] : [[name, policy.Name || 'no']];
    }),
  );
}

/** Accessories have no such label; their service says whose they are. */
function isOfDestination({ destination }: Readonly<Record<string, string>>, own: string | undefined): boolean {
  return destination === undefined || destination === (own ?? '');
}
