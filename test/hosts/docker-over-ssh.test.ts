import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/hosts/host.ts';
import { sshServer, type TestServer } from './ssh-server.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('the engine of a machine', () => {
  const socket = join(mkdtempSync(join(tmpdir(), 'longshore-engine-')), 'docker.sock');
  let answer: Answer = (_request, response) => response.end('[]');
  const requests: IncomingMessage[] = [];
  const engine = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  let server: TestServer;
  let host: Host;

  beforeAll(async () => {
    process.env['DOCKER_HOST'] = 'tcp://192.0.2.1:2375';
    await new Promise<void>((listening) => engine.listen(socket, listening));
    server = await sshServer({ engineSocket: socket });
    host = await server.connect();
  });
  afterAll(() => {
    delete process.env['DOCKER_HOST'];
    server.close();
    engine.closeAllConnections();
    engine.close();
  });

  it('is the one of the machine, whatever DOCKER_HOST says here', async () => {
    expect(await host.docker.listContainers()).toEqual([]);
    expect(process.env['DOCKER_HOST']).toBe('tcp://192.0.2.1:2375');
  });

  it('answers many calls at once', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => host.docker.listContainers()));
    expect(answers).toHaveLength(40);
  });

  it('says what it refused', async () => {
    answer = (_request, response) =>
      response.writeHead(500).end('{"message":"driver failed programming external connectivity"}');
    await expect(host.docker.startContainer('shop-web-v1')).rejects.toMatchObject({
      code: 'engine-refused',
      message: expect.stringMatching(/shop-web-v1.*driver failed programming/),
    });
  });

  it('gets credentials with the pull, and gives the digest', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    answer = (_request, response) =>
      response.end(`{"status":"Pulling from acme/shop","id":"v1"}\r\n{"status":"Digest: ${digest}"}\r\n`);
    requests.length = 0;
    const credentials = { server: 'registry.test:5000', username: 'me', password: 'päss' };
    expect(await host.docker.pullImage('registry.test:5000/acme/shop:v1', credentials)).toBe(digest);
    const [request] = requests;
    expect(request?.url).toContain(`fromImage=${encodeURIComponent('registry.test:5000/acme/shop')}&tag=v1`);
    const header = String(request?.headers['x-registry-auth']);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))).toEqual({
      username: 'me',
      password: 'päss',
      serveraddress: 'registry.test:5000',
    });
  });

  it.each([
    ['unauthorized: authentication required', 'registry-refused'],
    ['pull access denied for acme/shop', 'registry-refused'],
    ['manifest for acme/shop:v1 not found: manifest unknown', 'image-pull-failed'],
    ['dial tcp: lookup registry.test: no such host', 'image-pull-failed'],
  ])('fails a pull whose stream says %s', async (error, code) => {
    answer = (_request, response) =>
      response.end(`{"status":"Pulling"}\n{"errorDetail":{},"error":${JSON.stringify(error)}}\n`);
    await expect(host.docker.pullImage('acme/shop:v1')).rejects.toMatchObject({
      code,
      message: expect.stringContaining(error),
    });
    answer = (_request, response) => response.writeHead(404).end(JSON.stringify({ message: error }));
    await expect(host.docker.pullImage('acme/shop:v1')).rejects.toMatchObject({ code });
  });

  it('never leaves a call waiting when the connection is lost', async () => {
    const lost = await server.connect();
    // Headers arrive, then nothing: docker-modem alone would wait for ever.
    answer = (_request, response) => {
      response.writeHead(200);
      response.write(' ');
    };
    const calls = [
      lost.docker.waitForExit('shop-web-v1', new AbortController().signal),
      lost.docker.inspectContainer('shop-web-v1'),
      lost.docker.logs('shop-web-v1', { tail: 1 }),
      lost.docker.pullImage('acme/shop:v1'),
      lost.docker.readFile('kamal-proxy', '/state'),
    ];
    setTimeout(() => server.cut(), 200);
    for (const settled of await Promise.allSettled(calls)) {
      expect(settled).toMatchObject({
        status: 'rejected',
        reason: { code: 'connection-lost', message: expect.stringContaining('127.0.0.1') },
      });
    }
  });
});
