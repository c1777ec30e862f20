import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BootstrapResult } from '../../src/report/results.ts';
import { makeProject, type Project, sandbox } from './harness.ts';
import { chi, dal, emptyMachines, lockIsHeld, on } from './machines.ts';

/** Commands about the machines themselves. */

const tailnet = '192.0.2.77';
const { REGISTRY = '', REGISTRY_USER = '', REGISTRY_PASSWORD = '' } = sandbox;
let project: Project;

beforeAll(async () => {
  await emptyMachines(dal, chi);
  project = makeProject('test/apps/small', {
    'config/deploy.yml': (text) => `${text}
accessories:
  db: { image: registry.test:5000/node:20, hosts: [100.64.77.11, 100.64.77.12], port: "${tailnet}:5432:5432" }
`,
    '.kamal/hooks/docker-setup': '#!/bin/sh\necho "docker-setup, lock $KAMAL_LOCK" >hooked\n',
  });
});

afterAll(async () => {
  await on(
    dal,
    'ip link del tailscale0 2>/dev/null; sysctl -qw net.ipv4.ip_nonlocal_bind=0; docker rm -f small-db >/dev/null',
  );
  project.remove();
});

const found = ({ findings }: BootstrapResult) => findings.map(({ host, kind }) => `${host} ${kind}`);

test('bootstrap warns of what a restart would not bring back, says what to do, and that is enough', async () => {
  await on(
    dal,
    `ip link add tailscale0 type bridge && ip addr add ${tailnet}/32 dev tailscale0
export DOCKER_CONFIG=$(mktemp -d)
echo '${REGISTRY_PASSWORD}' | docker login --username '${REGISTRY_USER}' --password-stdin '${REGISTRY}' >/dev/null 2>&1
docker run -d --restart no --name small-db --label service=small-db '${REGISTRY}/node:20' sleep 999`,
  );
  const bootstrap = await project.longshore('server bootstrap --json');
  expect(bootstrap, bootstrap.output).toMatchObject({ status: 0 });
  const result = JSON.parse(bootstrap.stdout) as BootstrapResult;
  expect(found(result)).toEqual([
    `${dal.address} address-late`,
    `${dal.address} restart-policy`,
    `${chi.address} address-missing`,
  ]);
  const warnings = bootstrap.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
  expect(warnings).toHaveLength(3);
  // Sandbox machines have no systemd.
  expect(result.notAsked).toEqual(
    [dal, chi].map(({ address }) => expect.stringContaining(`${address}: whether Docker`) as string),
  );
  expect(readFileSync(join(project.directory, 'hooked'), 'utf8')).toBe('docker-setup, lock true\n');

  const [, setting] = /echo (\S+) \| sudo tee/.exec(warnings[0] ?? '') ?? [];
  await on(dal, `sysctl -qw ${setting}`);
  const [, update] = /To do: (docker update .*)$/.exec(warnings[1] ?? '') ?? [];
  await on(dal, update ?? 'false');
  const again = await project.longshore('server bootstrap');
  expect(again, again.output).toMatchObject({ status: 0 });
  expect(again.stdout).toContain('1 thing would keep small down after a restart');
  expect(again.stderr).toMatch(
    new RegExp(`warning: ${chi.address}: db publishes on ${tailnet}, which the machine does not have now`),
  );
  expect(await lockIsHeld(dal, 'small')).toBe(false);
});

test('exec runs a line by the login shell of every machine, and is written down', async () => {
  const everywhere = await project.longshore(['server', 'exec', 'echo "$(whoami) on $(hostname)"; exit 3']);
  expect(everywhere, everywhere.output).toMatchObject({ status: 3 });
  expect(everywhere.stdout.trim().split('\n').toSorted()).toEqual([
    `[${dal.address}] deploy on dal-01`,
    `[${chi.address}] deploy on chi-02`,
  ]);
  expect(
    await project.longshore(['server', 'exec', '-h', chi.address, '--raw', '--', 'printf', '%s', '$HOME; id']),
  ).toMatchObject({
    status: 0,
    stdout: '$HOME; id',
  });
  expect(await on(chi, 'tail -1 /home/deploy/.kamal/small-audit.log')).toMatch(
    /Executed cmd 'printf .* on 100\.64\.\d+\.12$/,
  );
});
