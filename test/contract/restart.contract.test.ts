import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingAddress as missingIn } from '../../src/containers/not-started.ts';
import type { Host } from '../../src/hosts/host.ts';
import { healthyImage } from './sandbox.ts';
import { cleanUp, missingAddress, prefix, worlds } from './worlds.ts';

describe.each(worlds)('what a restart depends on, on $name', ({ connect, credentials }) => {
  let host: Host;

  beforeAll(async () => {
    host = await connect();
    await host.docker.pullImage(healthyImage, credentials);
  });
  afterAll(() => cleanUp(host));

  it('a container that could not be started says why, when the machine lacks its address', async () => {
    const name = `${prefix}-late`;
    const PortBindings = { '80/tcp': [{ HostIp: missingAddress, HostPort: '8099' }] };
    const body = { Image: healthyImage, ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings } };
    const id = await host.docker.createContainer(name, body);
    await expect(host.docker.startContainer(id)).rejects.toMatchObject({ code: 'engine-refused' });
    const { State } = (await host.docker.inspectContainer(name)) ?? {};
    expect(State).toMatchObject({ Running: false });
    expect(missingIn(State?.Error ?? '')).toBe(missingAddress);
  });

  it('the machine says which addresses it has, and how it comes up', async () => {
    const facts = await host.readBootFacts();
    expect(facts.addresses).toContainEqual({ address: '127.0.0.1', device: 'lo', isTunnel: false });
    expect(facts.addresses.filter(({ device }) => device === 'eth0')).toHaveLength(1);
    expect(facts.bindsAhead).toMatchObject({ ipv4: false });
    expect(facts.init).toMatch(/^[a-z]+$/);
    expect(facts.docker === undefined).toBe(facts.init !== 'systemd');
  });
});
