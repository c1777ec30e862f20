import { wantedAccessories } from '../accessories/wanted.ts';
import { wantedContainers } from '../app/wanted.ts';
import type { Config } from '../config/config.ts';
import { proxyContainerName } from '../containers/names.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import type { BootFacts } from '../hosts/host.ts';
import type { ObservedHost } from '../observe/observed.ts';
import { proxySpec } from '../proxy/container.ts';
import { publishedBy } from './ports.ts';

/** Something that would keep a service from coming back by itself after a restart of the machine. */
export interface Finding {
  readonly host: string;
  readonly kind: 'engine-not-enabled' | 'address-missing' | 'address-late' | 'restart-policy';
  readonly what: string;
  readonly because: string;
  /** What to do about it. */
  readonly mend: string;
}

export interface ReturnRequest {
  readonly config: Config;
  readonly host: ObservedHost;
  readonly facts: BootFacts;
  /** Docker's restart policy of those of this service's containers that run, by name. */
  readonly policies: ReadonlyMap<string, string>;
}

/** What would prevent the return of this service; it changes nothing, so each says what to do. */
export function whatPreventsReturn(request: ReturnRequest): Finding[] {
  return [...engineFindings(request), ...addressFindings(request), ...policyFindings(request)];
}

/** What nobody could be asked about. */
export function notAsked({ host, facts }: Pick<ReturnRequest, 'host' | 'facts'>): string[] {
  const { init, docker } = facts;
  if (docker !== undefined) return [];
  const why = init === 'systemd' ? 'systemd there has no docker.service' : `${init} runs it, not systemd`;
  return [`${host.host}: whether Docker is started with the machine, and after what, could not be asked: ${why}`];
}

const startsItself = ['enabled', 'static', 'generated', 'alias'];

function engineFindings({ host: { host }, facts: { docker } }: ReturnRequest): Finding[] {
  if (docker === undefined || startsItself.includes(docker.enabled)) return [];
  const unmask = docker.enabled === 'masked' ? 'sudo systemctl unmask docker.service && ' : '';
  return [
    {
      host,
      kind: 'engine-not-enabled',
      what: `docker.service is ${docker.enabled || 'not enabled'}`,
      because: 'nothing starts Docker with the machine; docker.socket would only when somebody asks it something',
      mend: `${unmask}sudo systemctl enable docker.service`,
    },
  ];
}

function addressFindings(request: ReturnRequest): Finding[] {
  const names = new Map<string, Set<string>>();
  for (const { name, spec } of publishers(request)) {
    for (const { address } of publishedBy(spec)) {
      if (address === undefined || isAlwaysThere(address)) continue;
      names.set(address, (names.get(address) ?? new Set()).add(name));
    }
  }
  return [...names].flatMap(([address, who]) => addressFinding(request, address, [...who].join(', ')));
}

function isAlwaysThere(address: string): boolean {
  return ['0.0.0.0', '::', '*', '::1'].includes(address) || address.startsWith('127.');
}

/** Everything of the file that publishes ports on a machine. */
function publishers({ config, host }: ReturnRequest): { name: string; spec: ContainerSpec }[] {
  const here = <T extends { host: string }>(all: readonly T[]) => all.filter((one) => one.host === host.host);
  const roles = here(wantedContainers(config, ''));
  const accessories = here(wantedAccessories(config));
  const hasRoute = [...roles.map(({ role }) => role), ...accessories.map(({ accessory }) => accessory)].some(
    ({ proxy }) => proxy !== undefined,
  );
  return [
    ...accessories.map(({ accessory: { name }, spec }) => ({ name, spec })),
    ...roles.map(({ role: { name }, spec }) => ({ name, spec })),
    ...(hasRoute ? [{ name: proxyContainerName, spec: proxySpec(config, host.host, host.proxyFiles) }] : []),
  ];
}

function addressFinding({ host: { host }, facts }: ReturnRequest, address: string, names: string): Finding[] {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const found = facts.addresses.find((one) => one.address === address);
  if (found === undefined) {
    return [
      {
        host,
        kind: 'address-missing',
        what: `${names} ${isMany(names) ? 'publish' : 'publishes'} on ${address}, which the machine does not have now`,
        because: 'Docker cannot start what listens at an address that is not there, and does not try again',
        mend: `give the machine ${address} (\`ip addr\` shows what it has), or correct it in the file`,
      },
    ];
  }
  const why = facts.bindsAhead[family] === true ? undefined : whyLate(found.device, found.isTunnel, facts);
  if (why === undefined) return [];
  const setting = `net.${family}.ip_nonlocal_bind=1`;
  return [
    {
      host,
      kind: 'address-late',
      what: `${names} ${isMany(names) ? 'publish' : 'publishes'} on ${address} of ${found.device}`,
      because: `${why.because}, and Docker does not try again when the address is missing as it starts`,
      mend: `let programs listen at addresses that are still to come: echo ${setting} | sudo tee /etc/sysctl.d/60-docker-addresses.conf && sudo sysctl --system${why.order}`,
    },
  ];
}

function isMany(names: string): boolean {
  return names.includes(', ');
}

/** Which unit makes the devices of well-known tailnets. */
const makers: readonly { readonly device: RegExp; readonly unit: (device: string) => string }[] = [
  { device: /^tailscale/, unit: () => 'tailscaled.service' },
  { device: /^wg/, unit: (device) => `wg-quick@${device}.service` },
  { device: /^zt/, unit: () => 'zerotier-one.service' },
  { device: /^nebula/, unit: () => 'nebula.service' },
];

/** Undefined when the address is there before Docker is started, as far as anybody can tell. */
function whyLate(
  device: string,
  isTunnel: boolean,
  { docker }: BootFacts,
): { because: string; order: string } | undefined {
  const maker = makers.find((one) => one.device.test(device))?.unit(device);
  if (maker === undefined && !isTunnel && docker === undefined) return undefined;
  const unit = maker ?? (isTunnel ? undefined : 'network-online.target');
  if (unit === undefined || docker === undefined)
    return { because: `nothing says that ${device} is there before Docker`, order: '' };
  if (docker.after.includes(unit)) return undefined;
  return {
    because: `docker.service is not ordered after ${unit}`,
    order: `; or sudo systemctl edit docker.service, and write there, a line each: [Unit] After=${unit} Wants=${unit}`,
  };
}

/** Of what runs now; what was stopped is not meant to come back. */
function policyFindings({ config, host, policies }: ReturnRequest): Finding[] {
  return [...policies].flatMap(([name, policy]): Finding[] => {
    if (policy === 'always' || policy === 'unless-stopped') return [];
    const own = wantedAccessories(config).find(({ spec }) => spec.name === name);
    const isWritten = own?.spec.restartPolicy.split(':')[0] === policy;
    return [
      {
        host: host.host,
        kind: 'restart-policy',
        what: `${name} has the restart policy ${policy}`,
        because:
          policy === 'on-failure'
            ? 'Docker starts it again only if it failed as the machine went down'
            : 'Docker does not start it again',
        mend: `docker update --restart unless-stopped ${name}${isWritten ? `; and take restart out of the options of ${own?.accessory.name} in ${config.file}` : ''}`,
      },
    ];
  });
}
