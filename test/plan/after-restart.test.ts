import { expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { BootFacts } from '../../src/hosts/host.ts';
import type { ObservedHost } from '../../src/observe/observed.ts';
import { notAsked, whatPreventsReturn } from '../../src/plan/after-restart.ts';
import { makeWorld, twoMachines } from '../laws/world.ts';

const yaml = `${twoMachines
  .replace('run: {', 'run: {bind_ips: [192.0.2.10], ')
  .replace('cmd: work', 'cmd: work, options: {publish: "127.0.0.1:9000:9000"}')}accessories:
  db: {image: db:1, host: two, port: "192.0.2.10:5432:5432", options: {publish: ["203.0.113.7:5433:5432"]}}
  open: {image: open:1, host: two, port: "0.0.0.0:7000:7000", options: {restart: on-failure}}
  six: {image: six:1, host: two, port: "[fd7a::1]:80:80"}
`;
const { config } = makeWorld(yaml);
const host = { host: 'two', proxyFiles: {} } as ObservedHost;
const systemd = { enabled: 'enabled', after: ['network-online.target', 'containerd.service'] };

const at = (address: string, device: string, isTunnel = false) => ({ address, device, isTunnel });
const facts: BootFacts = {
  addresses: [at('192.0.2.10', 'eth0'), at('203.0.113.7', 'eth1'), at('fd7a::1', 'eth0')],
  bindsAhead: { ipv4: false, ipv6: false },
  init: 'systemd',
  docker: systemd,
};

function findings(changes: Partial<BootFacts> = {}, policies: Record<string, string> = {}, of: Config = config) {
  const request = { config: of, host, facts: { ...facts, ...changes }, policies: new Map(Object.entries(policies)) };
  return whatPreventsReturn(request).map(({ kind, what, because, mend }) => ({
    kind,
    text: `${what}: ${because}. ${mend}`,
  }));
}

test('nothing, where Docker is started with the machine and after its networks, and starts everything again', () => {
  expect(findings({}, { 'shop-db': 'unless-stopped', 'kamal-proxy': 'always' })).toEqual([]);
  expect(notAsked({ host, facts })).toEqual([]);
});

test.each([
  ['disabled', 'sudo systemctl enable docker.service'],
  ['masked', 'sudo systemctl unmask docker.service && sudo systemctl enable docker.service'],
])('an engine that is %s', (enabled, mend) => {
  expect(findings({ docker: { ...systemd, enabled } })).toEqual([
    {
      kind: 'engine-not-enabled',
      text: `docker.service is ${enabled}: nothing starts Docker with the machine; docker.socket would only when somebody asks it something. ${mend}`,
    },
  ]);
});

test('an address that the machine does not have, with everything that publishes there', () => {
  expect(findings({ addresses: [at('203.0.113.7', 'eth1'), at('fd7a::1', 'eth0')] })).toEqual([
    {
      kind: 'address-missing',
      text: 'db, kamal-proxy publish on 192.0.2.10, which the machine does not have now: Docker cannot start what listens at an address that is not there, and does not try again. give the machine 192.0.2.10 (`ip addr` shows what it has), or correct it in the file',
    },
  ]);
});

test("an address of a tailnet that may come up after Docker: systemd's order or the kernel's leave is enough", () => {
  const addresses = [at('192.0.2.10', 'tailscale0', true), at('203.0.113.7', 'eth1'), at('fd7a::1', 'eth0')];
  const [finding, ...others] = findings({ addresses });
  expect(others).toEqual([]);
  expect(finding?.kind).toBe('address-late');
  expect(finding?.text).toBe(
    'db, kamal-proxy publish on 192.0.2.10 of tailscale0: docker.service is not ordered after tailscaled.service, and Docker does not try again when the address is missing as it starts. ' +
      'let programs listen at addresses that are still to come: echo net.ipv4.ip_nonlocal_bind=1 | sudo tee /etc/sysctl.d/60-docker-addresses.conf && sudo sysctl --system; ' +
      'or sudo systemctl edit docker.service, and write there, a line each: [Unit] After=tailscaled.service Wants=tailscaled.service',
  );
  expect(findings({ addresses, docker: { ...systemd, after: ['tailscaled.service'] } })).toHaveLength(2);
  expect(findings({ addresses, docker: { ...systemd, after: [...systemd.after, 'tailscaled.service'] } })).toEqual([]);
  expect(findings({ addresses, bindsAhead: { ipv4: true } })).toEqual([]);
});

test.each([
  ['wg0', 'is not ordered after wg-quick@wg0.service'],
  ['ztabcdef', 'is not ordered after zerotier-one.service'],
  ['tun3', 'nothing says that tun3 is there before Docker'],
])('the same of %s', (device, because) => {
  const addresses = [at('192.0.2.10', 'eth0'), at('203.0.113.7', device, true), at('fd7a::1', 'eth0')];
  expect(findings({ addresses }).map(({ text }) => text)).toEqual([expect.stringContaining(because)]);
});

test('addresses of every kind where Docker does not wait for the network, by the setting of their family', () => {
  const docker = { enabled: 'enabled', after: [] };
  const texts = findings({ docker, bindsAhead: { ipv4: true, ipv6: false } }).map(({ text }) => text);
  expect(texts).toEqual([
    expect.stringMatching(/^six publishes on fd7a::1 of eth0: .*network-online\.target.*net\.ipv6/),
  ]);
});

test('a machine without systemd says what it could not be asked, and a tailnet there is told all the same', () => {
  const { docker: _, ...unasked } = { ...facts, init: 'tini' };
  expect(notAsked({ host, facts: unasked })).toEqual([
    'two: whether Docker is started with the machine, and after what, could not be asked: tini runs it, not systemd',
  ]);
  const request = { config, host, policies: new Map<string, string>() };
  expect(whatPreventsReturn({ ...request, facts: unasked })).toEqual([]);
  const addresses = [at('192.0.2.10', 'tailscale0', true), at('203.0.113.7', 'eth1'), at('fd7a::1', 'eth0')];
  expect(whatPreventsReturn({ ...request, facts: { ...unasked, addresses } })).toMatchObject([
    { kind: 'address-late' },
  ]);
});

test('restart policies that do not bring a container back, and where they come from', () => {
  expect(findings({}, { 'shop-open': 'on-failure', 'shop-db': 'no' }).map(({ text }) => text)).toEqual([
    'shop-open has the restart policy on-failure: Docker starts it again only if it failed as the machine went down. docker update --restart unless-stopped shop-open; and take restart out of the options of open in config/deploy.yml',
    'shop-db has the restart policy no: Docker does not start it again. docker update --restart unless-stopped shop-db',
  ]);
});
