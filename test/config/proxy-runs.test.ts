import { describe, expect, test } from 'vitest';
import { load, problems, withKeys } from './load-text.ts';

describe('how the proxy is run', () => {
  test('may differ between machines', () => {
    const text = `proxy: {run: {http_port: 8080}}
servers: {web: [a, b], api: {hosts: [c], proxy: {run: {debug: true}}}, job: {hosts: [e], proxy: false}}
accessories: {search: {image: i, hosts: [a, d], proxy: {run: {http_port: 8080}}}, db: {image: i, host: e, proxy: {host: x.y}}}`;
    const runs = [...load(withKeys(text)).proxyRuns].map(([host, { httpPort, debug }]) => [host, httpPort, debug]);
    expect(runs).toEqual([
      ['a', 8080, false],
      ['b', 8080, false],
      ['c', 8080, true],
      ['d', 8080, false],
    ]);
  });

  test.each([
    [
      'two roles on a host',
      'servers: {web: {hosts: [a], proxy: {run: {debug: true}}}, api: {hosts: [a], proxy: {run: {}}}}',
      'a has one proxy, but the role web and the role api run it differently',
    ],
    [
      'an accessory’s proxy on a role’s host',
      'proxy: {run: {debug: true}}\nservers: [a, b]\naccessories: {m: {image: i, host: b, proxy: {run: {debug: false}}}}',
      'deploy.yml:3:51: b has one proxy, but the role web and the accessory m run it differently',
    ],
    [
      'a bad address of one machine',
      'servers: {web: [a], api: {hosts: [b], proxy: {run: {bind_ips: [x]}}}}',
      'this is no IP address',
    ],
  ])('is refused for %s', (_what, text, message) => {
    expect(problems(withKeys(text)).join('\n')).toContain(message);
  });
});
