import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { parseProxyState } from '../../src/proxy/state.ts';
import { healthyImage, silentImage } from './sandbox.ts';
import { cleanUp, prefix, worlds } from './worlds.ts';

const proxyImage = 'registry.test:5000/basecamp/kamal-proxy:v0.9.2';
const statePath = '/home/kamal-proxy/.config/kamal-proxy/kamal-proxy.state';

describe.each(worlds)('kamal-proxy on $name', ({ name, connect, credentials }) => {
  let host: Host;
  const proxy = `${prefix}-proxy`;
  const network = `${prefix}-net`;

  beforeAll(async () => {
    host = await connect();
    const pulls = [healthyImage, silentImage, proxyImage].map((image) => host.docker.pullImage(image, credentials));
    if (name === 'memory') await Promise.allSettled(pulls);
    else await Promise.all(pulls);
    await host.docker.createNetwork(network);
    const image = name === 'memory' ? healthyImage : proxyImage;
    await host.docker.createContainer(proxy, { Image: image, HostConfig: { NetworkMode: network } });
  });
  afterAll(() => cleanUp(host));

  const kamal = (...words: string[]) => host.execInContainer(proxy, ['kamal-proxy', ...words], 30);

  async function app(image: string) {
    const id = await host.docker.createContainer(`${prefix}-${Math.random().toString(36).slice(2)}`, {
      Image: image,
      HostConfig: { NetworkMode: network },
    });
    await host.docker.startContainer(id);
    return id;
  }

  const deploy = (service: string, id: string, ...flags: string[]) =>
    kamal(
      'deploy',
      service,
      `--target=${id.slice(0, 12)}:80`,
      '--deploy-timeout=2s',
      '--drain-timeout=1s',
      '--health-check-path=/up',
      ...flags,
    );

  it('is asked in vain before it runs', async () => {
    expect((await kamal('list')).exitStatus).toBe(1);
    expect(await host.docker.readFile(proxy, statePath)).toBeUndefined();
    await host.docker.startContainer(proxy);
    await expect.poll(async () => (await kamal('list')).exitStatus).toBe(0);
  });

  it('sends traffic to a healthy container, and its record says so', async () => {
    const id = await app(healthyImage);
    const answer = await deploy(
      'shop-web',
      id,
      '--host=shop.example.com',
      '--buffer-requests',
      '--log-request-header=User-Agent',
    );
    expect(answer).toMatchObject({ exitStatus: 0 });
    const text = (await host.docker.readFile(proxy, statePath))?.toString('utf8') ?? '';
    const [record] = JSON.parse(text) as Record<string, unknown>[];
    expect(record).toMatchObject({
      name: 'shop-web',
      active_targets: [`${id.slice(0, 12)}:80`],
      options: { hosts: ['shop.example.com'], path_prefixes: ['/'], tls_enabled: false, strip_prefix: true },
      target_options: {
        health_check_config: { path: '/up', interval: 1e9, timeout: 5e9 },
        buffer_requests: true,
        buffer_responses: false,
        response_timeout: 30e9,
        forward_headers: true,
        log_request_headers: ['User-Agent'],
      },
    });
    expect(parseProxyState(text)).toHaveLength(1);
  });

  it('answers for who is asked for, when it is asked on the machine', async () => {
    const inspect = await host.docker.inspectContainer(proxy);
    const address = inspect?.NetworkSettings.Networks[network]?.IPAddress ?? '';
    const ask = (wanted: string) => host.probe({ address, port: 80, path: '/up', host: wanted, timeoutSeconds: 2 });
    expect(await ask('shop.example.com')).toEqual({ answers: true, status: 200 });
    expect(await ask('other.example.com')).toEqual({ answers: true, status: 404 });
  });

  it('keeps the traffic where it is when the new container never answers', async () => {
    const before = (await host.docker.readFile(proxy, statePath))?.toString('utf8');
    const answer = await deploy('shop-web', await app(silentImage), '--host=shop.example.com');
    expect(answer.exitStatus).not.toBe(0);
    expect(answer.stderr).toMatch(/failed to become healthy/);
    expect(JSON.parse((await host.docker.readFile(proxy, statePath))?.toString('utf8') ?? '')).toEqual(
      JSON.parse(before ?? ''),
    );
  });

  it('refuses a host that another service has', async () => {
    const answer = await deploy('other-web', await app(healthyImage), '--host=shop.example.com');
    expect(answer.exitStatus).not.toBe(0);
    expect(answer.stderr).toMatch(/host settings conflict/);
  });

  it('shows a deploy that is at work among its execs', async () => {
    const answer = deploy('shop-web', await app(silentImage), '--host=shop.example.com');
    await expect
      .poll(async () => {
        const ids = (await host.docker.inspectContainer(proxy))?.ExecIDs ?? [];
        const execs = await Promise.all(ids.map((id) => host.docker.inspectExec(id)));
        return execs.map((exec) => exec?.ProcessConfig.arguments.slice(0, 2));
      })
      .toContainEqual(['deploy', 'shop-web']);
    await answer;
  });

  it('forgets a service', async () => {
    expect((await kamal('remove', 'shop-web')).exitStatus).toBe(0);
    const again = await kamal('remove', 'shop-web');
    expect(again.exitStatus).not.toBe(0);
    expect(again.stderr).toMatch(/service not found/);
  });
});
