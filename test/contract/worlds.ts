import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect } from '../../src/hosts/connect.ts';
import type { RegistryCredentials } from '../../src/hosts/docker.ts';
import type { Host } from '../../src/hosts/host.ts';
import { quote } from '../../src/processes/quote.ts';
import { fakeRegistry } from '../fakes/images.ts';
import { fakeMachine } from '../fakes/machine.ts';
import { images, sandboxEnvironment, sandboxSsh, throughHere } from './sandbox.ts';

/** A place where the contract must hold: a machine in memory, or one of the sandbox over real SSH. */
export interface World {
  readonly name: string;
  readonly credentials: RegistryCredentials;
  connect(): Promise<Host>;
  /** Permission bits of a file, as `stat` shows them. */
  modeOf(path: string): Promise<string>;
  /** Number of the user that a file belongs to. */
  ownerOf(path: string): Promise<string>;
}

/** What a test leaves on a machine begins with this, and is removed by `cleanUp`. */
export const prefix = `contract-${randomBytes(4).toString('hex')}`;

/** An address that no machine has (RFC 5737). */
export const missingAddress = '203.0.113.9';

export const worlds: readonly World[] = [worldInMemory(), realWorld('dal-01'), realWorld('chi-02')];

/** Removes every container, network and file of this test file. */
export async function cleanUp(host: Host): Promise<void> {
  for (const { Id, Names } of await host.docker.listContainers()) {
    if (Names[0]?.startsWith(`/${prefix}`) === true) await host.docker.removeContainer(Id, { force: true });
  }
  await host.runScript({
    name: 'clean-up',
    script: `#!/bin/sh\ndocker network ls -q --filter name=${prefix} | xargs -r docker network rm\nrm -rf ${prefix}*\n`,
    env: {},
    secretEnv: {},
    timeoutSeconds: 30,
    onLine: () => undefined,
    signal: new AbortController().signal,
  });
  await host.close();
}

function worldInMemory(): World {
  const credentials = { server: 'registry.test:5000', username: 'deployer', password: 'right' };
  const registry = fakeRegistry(credentials);
  for (const [reference, image] of Object.entries(images)) {
    registry.push(reference, image);
    registry.push(throughHere(reference), image);
  }
  const machine = fakeMachine('memory', {
    registry,
    stopSeconds: 0.2,
    missingAddresses: new Set([missingAddress]),
    onScript: async (script) => {
      if (script.includes('sleep')) await new Promise(() => undefined);
      return Number(/exit (\d+)/.exec(script)?.[1] ?? 0);
    },
  });
  return {
    name: 'memory',
    credentials,
    connect: async () => machine.connect(),
    modeOf: async (path) => machine.files.get(path)?.mode ?? 'missing',
    ownerOf: async (path) => String(machine.files.get(path)?.owner ?? 1001),
  };
}

function realWorld(name: string): World {
  return {
    name,
    get credentials() {
      const { REGISTRY = '', REGISTRY_USER = '', REGISTRY_PASSWORD = '' } = sandboxEnvironment();
      return { server: REGISTRY, username: REGISTRY_USER, password: REGISTRY_PASSWORD };
    },
    connect: () =>
      connect({
        name,
        ssh: sandboxSsh(),
        acceptNewHostKeys: false,
        env: process.env,
        signal: new AbortController().signal,
      }),
    modeOf: (path) => statOf(name, '%a', path),
    ownerOf: (path) => statOf(name, '%u', path),
  };
}

async function statOf(name: string, format: string, path: string): Promise<string> {
  const { SANDBOX_SSH_CONFIG = '' } = sandboxEnvironment();
  const command = `stat -c ${format} ${quote(path)}`;
  return execFileSync('ssh', ['-F', SANDBOX_SSH_CONFIG, name, command], { encoding: 'utf8' }).trim();
}
