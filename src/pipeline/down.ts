import type { Accessory } from '../config/config-accessory.ts';
import type { Config, Role } from '../config/config.ts';
import type { Host } from '../hosts/host.ts';
import { addressesOf, observeHost } from '../observe/observe.ts';
import type { ObservedContainer, ObservedHost } from '../observe/observed.ts';
import { errorOf } from '../observe/summary.ts';
import { heldOn, undecidedOn } from '../plan/accessories/held.ts';
import { appContainers, isUp, routeOf, targetContainer, versionOf } from '../plan/current.ts';
import { whyDown } from '../plan/why-down.ts';
import type { DownStatus } from '../report/results.ts';
import { digestsOf, filesAtHand } from './accessories/files.ts';
import { wayBack } from './accessories/held.ts';
import { wantedIn } from './accessories/wanted.ts';
import type { Session } from './session.ts';

/** What ought to run. */
interface Expected extends Pick<DownStatus, 'kind' | 'name' | 'command'> {
  readonly container: Pick<ObservedContainer, 'id' | 'state' | 'status'>;
}

/** What is on a machine, ought to run there and does not; Docker is asked why, and nothing is asked where all runs. */
export async function downOn(session: Session, host: Host, observed: ObservedHost): Promise<DownStatus[]> {
  const accessories = accessoriesOn(session, observed);
  const undecided = accessories.filter(({ accessory }) => undecidedOn(observed, accessory) !== undefined);
  const held = await heldStatuses(
    session,
    host,
    undecided.map(({ name }) => name),
  );
  const others = accessories.filter(({ name }) => !held.some((one) => one.name === name));
  const down = [...rolesOn(session, observed), ...others, ...proxyOn(session, observed)];
  const asked = await Promise.all(
    down
      .filter(({ container }) => !isUp(container))
      .map(async ({ container, kind, name, command }) => {
        const inspect = await host.docker.inspectContainer(container.id);
        return { kind, name, command, status: container.status, ...(inspect === undefined ? {} : errorOf(inspect)) };
      }),
  );
  const errors = asked.map(({ error = '' }) => error);
  const machine = await addressesOf(host, errors);
  const told = asked.map(({ status, ...rest }) => ({
    ...rest,
    host: observed.host,
    why: whyDown({ ...rest, status }, machine) ?? status,
  }));
  return [...held, ...told];
}

/** What a failed replacement left to a person, also where it runs and is not healthy: judged as every command does. */
async function heldStatuses(session: Session, host: Host, undecided: readonly string[]): Promise<DownStatus[]> {
  const wanted = wantedIn(session).filter((one) => one.host === host.name && undecided.includes(one.accessory.name));
  if (wanted.length === 0) return [];
  const { selected: config, secrets, secretsByKamal } = session;
  const accessories = { wanted, digests: digestsOf(await filesAtHand(session, wanted)) };
  const observed = await observeHost(host, { config, wanted: [], secrets, secretsByKamal, accessories });
  return wanted.flatMap(({ accessory }): DownStatus[] => {
    const held = heldOn(observed, accessory);
    if (held === undefined) return [];
    const why = `a person has to decide: ${held.because}`;
    const command = wayBack(config, held).join(' && ');
    return [{ kind: 'accessory', host: host.name, name: accessory.name, held: true, why, command }];
  });
}

function rolesOn({ selected, typed }: Session, observed: ObservedHost): Expected[] {
  return selected.roles.flatMap((role) =>
    shownContainers(observed, selected, role).map((container): Expected => {
      const version = versionOf(container, selected, role.name);
      return { kind: 'role', name: role.name, container, command: typed(`deploy --skip-push --version ${version}`) };
    }),
  );
}

function accessoriesOn(
  { selected, typed }: Session,
  observed: ObservedHost,
): (Expected & { readonly accessory: Accessory })[] {
  const { host, containers } = observed;
  return selected.accessories.flatMap((accessory) => {
    const { name, service, hosts } = accessory;
    const container = containers.find((one) => one.name === service);
    if (container === undefined || !hosts.some((one) => one.host === host)) return [];
    return [{ kind: 'accessory' as const, name, accessory, container, command: typed(`accessory start ${name}`) }];
  });
}

/** Where a role has traffic. */
function proxyOn(session: Session, observed: ObservedHost): Expected[] {
  const { container } = observed.proxy;
  const { roles } = session.selected;
  const isNeeded = roles.some(
    ({ proxy, hosts }) => proxy !== undefined && hosts.some(({ host }) => host === observed.host),
  );
  if (container === undefined || !isNeeded) return [];
  const [role] = rolesOn(session, observed);
  const command = role?.command ?? session.typed('deploy');
  return [{ kind: 'proxy', name: 'kamal-proxy', container: { ...container, status: container.state }, command }];
}

/** What is up or gets traffic. Of a role that should run here and does not: the container of the last release, or else the newest. */
export function shownContainers(host: ObservedHost, config: Config, role: Role): ObservedContainer[] {
  const all = appContainers(host, config, role.name);
  const target = targetContainer(host, routeOf(host, config, role.name));
  const shown = all.filter((container) => isUp(container) || container.id === target?.id);
  if (shown.length > 0 || !role.hosts.some((entry) => entry.host === host.host)) return shown;
  const release = host.releases.findLast(({ outcome }) => outcome === 'live')?.version;
  const last = all.find((container) => versionOf(container, config, role.name) === release);
  const [newest] = all.toSorted((a, b) => b.createdSeconds - a.createdSeconds);
  return [last ?? newest ?? []].flat();
}
