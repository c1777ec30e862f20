import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hookedProject, type HookedProject, secret } from './hooked-project.ts';
import { program } from './program.ts';

const longshore = program();
let app: HookedProject;

beforeAll(() => longshore.build(), 60_000);
afterAll(() => longshore.remove());
beforeEach(() => {
  app = hookedProject();
  return () => app.remove();
});

const push = (...flags: string[]) =>
  longshore.run(app.directory, ['build', 'push', ...flags], { HOME: app.directory, PATH_OF_MINE: 'not-for-the-log' });

describe('output.file', () => {
  test('gets every line, plain, with its time and without secrets, in a file that only its owner reads', async () => {
    app.make('output: {file: {path: log/deploys}}\nhooks_output: quiet\n');
    const { status, stderr } = await push();
    expect(status).toBe(3);
    const [name = '', ...others] = readdirSync(join(app.directory, 'log/deploys'));
    expect(others).toEqual([]);
    expect(name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_build_push\.log$/);
    expect(stderr).toContain(`Everything that was said is in log/deploys/${name}\n`);
    const path = join(app.directory, 'log/deploys', name);
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
    const said = lines.map((line) => line.slice(25));
    expect(said[0]).toContain('build push shop from config/deploy.yml');
    expect(said).toContain('[this machine pre-connect] | one [secret]');
    expect(said).toContain('[this machine pre-connect] | two');
    expect(said).toContain('error: The hook pre-connect ended with status 7');
    expect(said.at(-1)).toMatch(/^exit status 3 after \d/);
    expect(lines.join('\n')).not.toContain(secret);
    expect(lines.join('\n')).not.toContain('not-for-the-log');
  });

  test('has the destination in its name, and is not written by commands that only look', async () => {
    app.make('output: {file: {path: log}}\n');
    app.put('config/deploy.staging.yml', 'retain_containers: 2\n');
    app.put('.kamal/secrets.staging', `PASSWORD=${secret}\n`);
    await longshore.run(app.directory, ['config', 'staging']);
    expect(existsSync(join(app.directory, 'log'))).toBe(false);
    await push('staging');
    expect(readdirSync(join(app.directory, 'log'))[0]).toMatch(/_staging_build_push\.log$/);
  });

  test('that cannot be written is an error before anything', async () => {
    app.make('output: {file: {path: config/deploy.yml/log}}\n', 'touch ran');
    const { status, stderr } = await push();
    expect(status).toBe(2);
    expect(stderr).toContain('error: No log can be written (output.file.path)');
    expect(existsSync(join(app.directory, 'ran'))).toBe(false);
  });
});

describe('output.otel', () => {
  const servers: Server[] = [];
  afterAll(() => servers.map((server) => server.close()));

  // What is sent is untyped JSON.
  /* oxlint-disable typescript/no-explicit-any */
  async function collector(
    status = 200,
  ): Promise<{ endpoint: string; got: { url: string; body: any; auth?: string }[] }> {
    const got: { url: string; body: unknown; auth?: string }[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        const { authorization: auth } = request.headers;
        got.push({ url: request.url ?? '', body: JSON.parse(body), ...(auth === undefined ? {} : { auth }) });
        response.writeHead(status).end('{}');
      });
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((listening) => server.once('listening', listening));
    return { endpoint: `127.0.0.1:${(server.address() as AddressInfo).port}`, got };
  }

  test('gets the same lines in batches, between the events of the start and the end', async () => {
    const { endpoint, got } = await collector();
    const manyLines = `echo "$PASSWORD"; i=0; while [ $i -lt 250 ]; do echo "line $i"; i=$((i+1)); done; exit 7`;
    app.make(`output: {otel: {endpoint: "http://me:pw@${endpoint}/in/"}}\n`, manyLines);
    expect(await push()).toMatchObject({ status: 3 });
    expect(got.map(({ url, auth }) => [url, auth])).toEqual(
      got.map(() => ['/in/v1/logs', `Basic ${Buffer.from('me:pw').toString('base64')}`]),
    );
    const resources = got.flatMap(({ body }) => body.resourceLogs);
    const records = resources.flatMap(({ scopeLogs }) => scopeLogs[0].logRecords);
    expect(resources.map(({ scopeLogs }) => scopeLogs[0].logRecords.length).slice(0, 2)).toEqual([100, 100]);
    const bodies = records.map(({ body }) => body.stringValue);
    expect(bodies[0]).toBe('kamal.start');
    expect(bodies.at(-1)).toMatch(/^kamal\.failed: exit status 3 after /);
    expect(bodies.filter((text) => /\| line \d+$/.test(text))).toHaveLength(250);
    expect(bodies).toContain('[this machine pre-connect] | [secret]');
    const attributes = Object.fromEntries(
      resources
        .at(-1)
        .resource.attributes.map(({ key, value }: never) => [key, (value as { stringValue: string }).stringValue]),
    );
    const sha = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: app.directory, encoding: 'utf8' }).trim();
    expect(attributes).toMatchObject({
      'service.namespace': 'shop',
      'kamal.deploy_version': sha,
      'kamal.run_id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'kamal.performer': expect.any(String),
    });
    const last = records.at(-1);
    expect(last).toMatchObject({ severityText: 'ERROR', timeUnixNano: expect.stringMatching(/^\d{19}$/) });
    expect(last.attributes).toContainEqual({ key: 'event.name', value: { stringValue: 'kamal.failed' } });
    expect(JSON.stringify(got)).not.toContain(secret);
  });

  test('that takes nothing is one warning, and changes nothing else', async () => {
    const { endpoint } = await collector(503);
    app.make(`output: {otel: {endpoint: "http://${endpoint}"}}\n`);
    const { status, stderr } = await push();
    expect(status).toBe(3);
    expect(stderr.match(/warning: .*collector.*status 503/g)).toHaveLength(1);
  });

  test('that never answers is not waited for longer than some seconds', async () => {
    const silent = createTcpServer().listen(0, '127.0.0.1');
    await new Promise((listening) => silent.once('listening', listening));
    app.make(`output: {otel: {endpoint: "http://127.0.0.1:${(silent.address() as AddressInfo).port}"}}\n`);
    const started = performance.now();
    const { status, stderr } = await push();
    silent.close();
    expect(status).toBe(3);
    expect(stderr.match(/warning: .*collector/g)).toHaveLength(1);
    expect((performance.now() - started) / 1000).toBeLessThan(15);
  }, 20_000);
});
