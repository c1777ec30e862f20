import { describe, expect, test } from 'vitest';
import { load, problems, withKeys } from './load-text.ts';

const roles = `servers:
  web: [{a: writer}, {b: [reader, slow]}]
  worker: {hosts: [c, {a: writer}]}
`;

function problemsOf(text: string): string[] {
  return problems(withKeys(`${roles}accessories: {db: {${text}}}`));
}

const refusals: [string, string, string][] = [
  ['no image', 'host: d', '4:15: `image` is missing'],
  ['an image with spaces', 'image: "a b", host: d', 'an image is written as name:tag'],
  ['an image’s capitals', 'image: ghcr.io/Acme/x, host: d', 'Docker takes lower-case image names only'],
  ['a command without words', 'image: i, host: d, before_replace: {timeout: 5}', 'say what is run: `cmd: bin/dump`'],
  ['a time that is none', 'image: i, host: d, before_replace: {cmd: x, timeout: 0}', 'this should be a whole number'],
  ['a misspelt time', 'image: i, host: d, before_replace: {cmd: x, timout: 5}', 'did you mean `timeout`?'],
  ['no place', 'image: i', 'say where it runs with one of `host`, `hosts`'],
  ['two places', 'image: i, host: d, tag: writer', '`host` says already where it runs; keep one of them'],
  ['an unknown role', 'image: i, roles: [web, jobs]', '4:43: there is no role `jobs`'],
  ['an unknown role by one', 'image: i, role: toString', 'there is no role `toString`'],
  ['an unknown tag', 'image: i, tag: write', 'no machine in `servers` carries the tag `write`'],
  ['an empty host', 'image: i, host: ', 'this is empty; it should be text'],
  ['user and host', 'image: i, host: u@d', 'write the host alone, `d`'],
  ['an unknown key', 'image: i, host: d, volums: []', 'unknown key `volums`; did you mean `volumes`?'],
  ['a reserved label', 'image: i, host: d, labels: {destination: x}', 'the label `destination` is reserved'],
  ['tags in env', 'image: i, host: d, env: {tags: {}}', 'unknown key `tags`'],
  ['a file for nowhere', 'image: i, host: d, files: [a]', 'this should be local:remote or local:remote:options'],
  ['a relative remote', 'image: i, host: d, files: ["a:b"]', '`b` is the path in the container'],
  ['a mount without local', 'image: i, host: d, directories: [{remote: /b}]', 'this needs `local` and `remote`'],
  ['a mode', 'image: i, host: d, files: [{local: a, remote: /a, mode: "0888"}]', 'a mode is written as in chmod'],
  ['an owner', 'image: i, host: d, files: [{local: a, remote: /a, owner: "a b"}]', 'an owner is a user, or user:group'],
  ['options of a mount', 'image: i, host: d, files: ["a:/b:r o"]', 'options of a mount are words such as ro'],
  ['a shell in a directory', 'image: i, host: d, directories: ["$DATA:/b"]', 'no shell expands this'],
  ['a port', 'image: i, host: d, port: web', 'this should be a port, or ports such as 127.0.0.1:5432:5432'],
  ['half a login', 'image: i, host: d, registry: {username: u}', '`accessories.db.registry.password` is missing'],
  ['a restart policy', 'image: i, host: d, options: {restart: no}', 'write "no", in quotes, for no restarts'],
  ['a shell in cmd', 'image: i, host: d, cmd: a | b', 'a pipe needs a shell'],
  ['a proxy’s key', 'image: i, host: d, proxy: {ssl: true}', 'a certificate is for a host name'],
  ['an unknown dependency', 'image: i, host: d, depends_on: [dbb]', 'there is no accessory `dbb`; did you mean `db`?'],
  ['a circle', 'image: i, host: d, depends_on: [db]', 'these wait for each other: db → db'],
  ['two checks', 'image: i, host: d, healthcheck: {tcp: 1, cmd: a}', '`cmd` and `tcp` are two checks'],
  ['a check of no port', 'image: i, host: d, healthcheck: {http: {}}', 'say which `port` of the container answers'],
  ['a signal', 'image: i, host: d, stop_signal: "no!"', 'this should be a signal such as SIGINT'],
  [
    'a signal twice',
    'image: i, host: d, stop_signal: INT, options: {stop-signal: INT}',
    'says it too; keep one of them',
  ],
  ['a proxy of true', 'image: i, host: d, proxy: true', 'this should be a map, not true'],
  ['a shell in a volume', 'image: i, host: d, volumes: ["/x/$A:/x"]', 'no shell expands this'],
  ['a container’s name', 'image: i, host: d, service: "a b"', '`a b` cannot name a container'],
];

describe('an accessory is refused, with the reason:', () => {
  test.each(refusals)('%s', (_name, text, message) => {
    expect(problemsOf(text).join('\n')).toContain(message);
  });

  test('names that a role or another accessory has too', () => {
    const named = (text: string, destination?: string) =>
      problems({ 'deploy.yml': withKeys(`${roles}accessories: {${text}}`), 'deploy.staging.yml': '' }, destination);
    expect(named('worker: {image: i, host: d}')).toEqual([
      'deploy.yml:4:23: `shop-worker` is also the name of the role worker on the machines; give it another `service`',
    ]);
    expect(named('web-staging: {image: i, host: d}', 'staging')[0]).toContain('`shop-web-staging` is also the name of');
    expect(named('a: {image: i, host: d}, b: {image: i, host: e, service: shop-a}')[0]).toContain(
      'also the name of the accessory a',
    );
    const own = withKeys(`${roles}accessories: {worker: {image: i, host: d, service: queue}}`);
    expect(load(own).accessories[0]?.service).toBe('queue');
  });

  test('a role that waits for nothing known, and a long circle once', () => {
    expect(problems(withKeys('servers: {web: {hosts: [a], depends_on: [db]}}'))[0]).toContain(
      'there is no accessory `db`',
    );
    const circle = `accessories:
  a: {image: i, host: d, depends_on: [b]}
  b: {image: i, host: d, depends_on: [c]}
  c: {image: i, host: d, depends_on: [a]}`;
    expect(problems(withKeys(circle))).toEqual(['deploy.yml:2:38: these wait for each other: a → b → c → a']);
  });
});
