import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { readImageInRegistry } from '../../src/hosts/this-machine/registry-image.ts';

const servers: Server[] = [];
afterEach(() => void servers.splice(0).map((server) => server.close()));

const login = { server: 'registry.example.com', username: 'dev', password: 's3cret' };
const basic = `Basic ${Buffer.from('dev:s3cret').toString('base64')}`;
const signal = new AbortController().signal;

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** @returns its address, and what it was asked, with the login that came along */
async function registry(answer: (path: string, request: IncomingMessage) => Answer) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? '-'}`);
    const { status = 200, headers = {}, body } = answer(request.url ?? '', request);
    response.writeHead(status, headers).end(JSON.stringify(body ?? {}));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { at: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const image = (config: string, ...sizes: number[]) => ({
  config: { digest: config },
  layers: sizes.map((size) => ({ size })),
});

test('the layers of an image are read with the login, once it is asked for, and their ids only when they are wanted', async () => {
  const { at, asked } = await registry((path, { headers }) => {
    if (headers.authorization !== basic) return { status: 401, headers: { 'www-authenticate': 'Basic realm="it"' } };
    if (path === '/v2/acme/shop/manifests/v1') return { body: image('sha256:c', 10, 20) };
    return { body: { rootfs: { diff_ids: ['sha256:a', 'sha256:b'] } } };
  });
  const found = await readImageInRegistry(`${at}/acme/shop:v1`, { credentials: login, signal });
  expect(found?.platforms.map(({ layerBytes }) => layerBytes)).toEqual([[10, 20]]);
  expect(asked).toEqual(['/v2/acme/shop/manifests/v1 -', `/v2/acme/shop/manifests/v1 ${basic}`]);
  expect(await found?.platforms[0]?.layerIds()).toEqual(['sha256:a', 'sha256:b']);
  expect(asked.at(-1)).toBe(`/v2/acme/shop/blobs/sha256:c ${basic}`);
});

test('what a registry keeps elsewhere is fetched from there, without the login', async () => {
  const elsewhere = await registry(() => ({ body: { rootfs: { diff_ids: ['sha256:a'] } } }));
  const { at } = await registry((path, { headers }) => {
    if (headers.authorization === undefined)
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="it"' } };
    if (path.includes('/manifests/')) return { body: image('sha256:c', 10) };
    return { status: 307, headers: { location: `http://${elsewhere.at}/there` } };
  });
  const found = await readImageInRegistry(`${at}/shop:v1`, { credentials: login, signal });
  expect(await found?.platforms[0]?.layerIds()).toEqual(['sha256:a']);
  expect(elsewhere.asked).toEqual(['/there -']);
});

test('of an index every processor is told, and what is no image is left out', async () => {
  const { at } = await registry((path) => {
    if (path.endsWith('sha256:index')) {
      const entry = (digest: string, os: string, architecture: string) => ({ digest, platform: { os, architecture } });
      return {
        body: {
          manifests: [
            entry('sha256:1', 'linux', 'amd64'),
            entry('sha256:2', 'linux', 'arm64'),
            entry('sha256:3', 'unknown', 'unknown'),
          ],
        },
      };
    }
    return { body: image('sha256:c', path.endsWith('sha256:1') ? 10 : 30) };
  });
  const found = await readImageInRegistry(`${at}/shop@sha256:index`, { signal });
  expect(found?.platforms.map(({ architecture, layerBytes }) => [architecture, layerBytes])).toEqual([
    ['amd64', [10]],
    ['arm64', [30]],
  ]);
});

test('where a token is wanted the login goes to who gives it, and only the token to the registry', async () => {
  const { at, asked } = await registry((path, { headers }) => {
    if (path.startsWith('/token')) return { body: { token: 't0ken' } };
    if (headers.authorization === 'Bearer t0ken') return { body: image('sha256:c', 10) };
    const challenge = `Bearer realm="http://${headers.host}/token",service="it",scope="repository:shop:pull"`;
    return { status: 401, headers: { 'www-authenticate': challenge } };
  });
  const found = await readImageInRegistry(`${at}/shop:v1`, { credentials: login, signal });
  expect(found?.platforms).toHaveLength(1);
  expect(asked).toEqual([
    '/v2/shop/manifests/v1 -',
    `/token?service=it&scope=repository%3Ashop%3Apull ${basic}`,
    '/v2/shop/manifests/v1 Bearer t0ken',
  ]);
});

test('nothing is known where the registry refuses, says something else or does not answer; the login is never sent there in the clear', async () => {
  const refusing = await registry(() => ({ status: 403 }));
  expect(await readImageInRegistry(`${refusing.at}/shop:v1`, { signal })).toBeUndefined();
  const elsewhere = await registry(() => ({
    status: 401,
    headers: { 'www-authenticate': 'Bearer realm="http://192.0.2.1/token"' },
  }));
  expect(await readImageInRegistry(`${elsewhere.at}/shop:v1`, { credentials: login, signal })).toBeUndefined();
  expect(elsewhere.asked).toEqual(['/v2/shop/manifests/v1 -']);
  const talking = await registry(() => ({ body: 'hello' }));
  expect((await readImageInRegistry(`${talking.at}/shop:v1`, { signal }))?.platforms ?? []).toEqual([]);
});
