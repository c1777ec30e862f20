import { describe, expect, test } from 'vitest';
import { failure, load, minimal, problems, withKeys } from './load-text.ts';

describe('a file that cannot be used', () => {
  test('is told about every line at once, with position, the line and a caret', () => {
    const text = `service: my shop
imagee: acme/shop
servers:
  web:
    hosts: [deploy@192.0.2.1]
    option: {memory: 1g}
registry: {username: u, password: p}
builder: {arch: amd64}
readiness_delay: "7"
`;
    const { code, exitStatus, message, details } = failure(text);
    expect({ code, exitStatus, message }).toEqual({
      code: 'config-invalid',
      exitStatus: 2,
      message: 'deploy.yml cannot be used: it has 6 problems',
    });
    expect(details.join('\n')).toBe(`\
deploy.yml:1:1: \`image\` is missing: the image’s name without registry and tag, such as acme/shop
deploy.yml:1:10: a service’s name is made of letters, digits, \`-\` and \`_\`, and starts with a letter or digit
  1 | service: my shop
    |          ^
deploy.yml:2:1: unknown key \`imagee\`; did you mean \`image\`?
  2 | imagee: acme/shop
    | ^
deploy.yml:5:13: write the host alone, \`192.0.2.1\`, and the rest as \`ssh: {hosts: {192.0.2.1: {user: deploy}}}\`, or for all machines as \`ssh: {user: deploy}\`
  5 |     hosts: [deploy@192.0.2.1]
    |             ^
deploy.yml:6:5: unknown key \`option\`; did you mean \`options\`?
  6 |     option: {memory: 1g}
    |     ^
deploy.yml:9:18: this should be a whole number from 0; remove the quotes
  9 | readiness_delay: "7"
    |                  ^`);
  });

  test('shows no value that looks like a secret', () => {
    const text = `${minimal}env: {clear: {A: [x]}, API_TOKEN: hunter2}\nproxy: {pasword: hunter2, url: "http://u:hunter2@h/"}\n`;
    const { details } = failure(text);
    expect(details).toContain('  6 | env: {clear: {A: [x]}, API_TOKEN: …}');
    expect(details.join('\n')).not.toContain('hunter2');
  });

  test('says which of the two files a problem is in', () => {
    const files = { 'deploy.yml': `${minimal}boot: {limit: 0}\n`, 'deploy.staging.yml': 'proxy:\n  app_prot: 3000\n' };
    expect(problems(files, 'staging')).toEqual([
      'deploy.staging.yml:2:3: unknown key `app_prot`; did you mean `app_port`?',
      'deploy.yml:6:15: this should be a number of machines from 1, without quotes, or a percentage such as 25%',
    ]);
  });

  test('points at the use of an anchor, and into what it stands for', () => {
    const text = `x-web: &web\n  proxi: {}\n${minimal.replace('servers: [192.0.2.1]', 'servers:\n  web: {<<: *web, hosts: [192.0.2.1]}')}`;
    expect(problems(text)).toEqual(['deploy.yml:2:3: unknown key `proxi`; did you mean `proxy`?']);
  });

  test('shows the first hundred problems, and counts the others', () => {
    const { message, details } = failure(`${minimal}${Array.from({ length: 150 }, (_, at) => `a${at}: 1\n`).join('')}`);
    expect(message).toBe('deploy.yml cannot be used: it has 150 problems');
    expect(details).toHaveLength(301);
    expect(details.at(-1)).toBe('and 50 more');
  });

  test('is named when it does not exist', () => {
    expect(failure({}).code).toBe('config-missing');
    expect(failure({}).message).toBe('deploy.yml does not exist');
  });
});

const cases: [string, string, string][] = [
  ['no servers', 'servers: []', 'deploy.yml:1:10: `servers` is missing: list the machines to deploy to'],
  ['null servers', 'servers:', 'this is empty; it should be a map, or the key should go'],
  [
    'host and port',
    'servers: ["h:2222"]',
    'write the host alone, `h`, and the rest as `ssh: {hosts: {h: {port: 2222}}}`',
  ],
  ['two hosts in one entry', 'servers: [{a: x, b: y}]', 'several hosts in one entry'],
  ['a number for a host', 'servers: [5]', 'this should be a host, `host: tag` or `host: [tags]`, not the number 5'],
  [
    'an empty role',
    'servers: {web: [a], job: []}',
    'role job has no hosts; say `allow_empty_roles: true` if that is meant',
  ],
  [
    'an empty primary',
    'allow_empty_roles: true\nservers: {web: [], job: [a]}',
    'role web has no hosts, and the primary role needs one',
  ],
  ['no primary role', 'servers: {app: [a]}', 'there is no role `web`; say which is first with `primary_role`: app'],
  ['an unknown primary role', 'primary_role: jobs', 'there is no role `jobs`'],
  ['host and hosts', 'proxy: {host: a.b, hosts: [a.b]}', '`host` and `hosts` say the same thing; keep one of them'],
  ['ssl without host', 'proxy: {ssl: true}', 'a certificate is for a host name: say which with `host` or `hosts`'],
  [
    'ssl on two machines',
    'proxy: {ssl: true, host: a.b}\nservers: [a, b]',
    'web has 2 machines, but Let’s Encrypt works for one',
  ],
  [
    'half a certificate',
    'proxy: {host: a.b, ssl: {private_key_pem: K}}',
    '`private_key_pem` needs `certificate_pem` beside it',
  ],
  ['a root proxy of false', 'proxy: false', 'this should be a map, not false'],
  [
    'one certificate twice',
    'proxy: {ssl: true, host: a.b}\nservers: {web: [a], api: {hosts: [b], proxy: true}}',
    'web and api both want the certificate for a.b',
  ],
  ['assets somewhere', 'asset_path: public/assets', 'this should be a path in the image, such as'],
  ['assets with two options', 'asset_path: /a:ro:z', 'or path:options'],
  ['no containers kept', 'retain_containers: 0', 'this should be a whole number from 1, not the number 0'],
  ['a reserved root label', 'labels: {service: x}', 'the label `service` is reserved'],
  ['a reserved role label', 'servers: {web: {hosts: [a], labels: {role: x}}}', 'the label `role` is reserved'],
  ['a group of none', 'boot: {limit: 0}', 'this should be a number of machines from 1'],
  ['a quoted group', 'boot: {limit: "3"}', 'without quotes, or a percentage such as 25%'],
  ['a float for an integer', 'deploy_timeout: 1.5', 'this should be a whole number from 0, not the number 1.5'],
  ['nested x-', 'boot: {x-limit: 1}', 'unknown key `x-limit`'],
  ['tags in a role', 'servers: {web: {hosts: [a], env: {tags: {}}}}', 'unknown key `tags`'],
  ['null in env', 'env: {A: }', 'this is empty; it should be text, or the key should go'],
  ['a bad secret', 'env: {secret: ["A:B:C"]}', 'this should be NAME, or VARIABLE:NAME of the secret'],
  ['no processor', 'builder: {dockerfile: x}', '`builder.arch` is missing: say amd64, arm64 or both'],
  [
    'two for the docker driver',
    'builder: {arch: [amd64, arm64], driver: docker}',
    'the driver `docker` builds for one `arch` only',
  ],
  ['a driver', 'builder: {arch: amd64, driver: podman}', 'this should be docker-container, docker, or'],
  [
    'a registry here and a remote by TCP',
    'image: a/b\nregistry: {server: localhost:5000}\nbuilder: {arch: amd64, remote: tcp://b:2375}',
    'with a registry on this machine this should be ssh://…',
  ],
  ['sbom as text', 'builder: {arch: amd64, sbom: x}', 'this should be true or false, not text'],
  ['binary text', 'env: {A: !!binary aGk=}', 'the tag `!!binary` is not read here'],
  ['a remote missing', 'builder: {arch: amd64, local: false}', 'nothing is left to build on'],
  ['no password', 'registry: {username: u}', '`registry.password` is missing'],
  ['two secrets', 'registry: {username: u, password: [a, b]}', 'or a list with the name of one secret'],
  ['an image with a tag', 'image: acme/shop:1', 'write the image without a tag; each deploy adds its version'],
  ['a restart of no', 'servers: {web: {hosts: [a], options: {restart: no}}}', 'write "no", in quotes, for no restarts'],
  [
    'a restart policy',
    'servers: {web: {hosts: [a], options: {restart: sometimes}}}',
    'should be no, always, unless-stopped',
  ],
  [
    'an option’s value',
    'servers: {web: {hosts: [a], options: {memory: lots}}}',
    'deploy.yml:1:47: this should be a size such as 256m or 1g',
  ],
  [
    'one of an option’s values',
    'servers: {web: {hosts: [a], options: {ulimit: ["nofile=1:2", "files=1"]}}}',
    'deploy.yml:1:62: this should be a limit such as nofile=4096:8192',
  ],
  [
    'an option of the proxy',
    'proxy: {run: {options: {cpus: two}}}',
    'this should be a number of processors such as 1.5',
  ],
  [
    'an underscored option',
    'servers: {web: {hosts: [a], options: {cap_add: [X]}}}',
    'Docker has no option `--cap_add`; write `cap-add`',
  ],
  [
    'a shell in cmd',
    'servers: {web: {hosts: [a], cmd: a && b}}',
    "needs a shell, and none runs this; write: sh -c 'a && b'",
  ],
  ['a bad address', 'proxy: {run: {bind_ips: ["1.2.3.4; rm"]}}', 'this is no IP address'],
  ['a port unpublished', 'proxy: {run: {publish: false, http_port: 8080}}', '`http_port` needs `publish: true`'],
  ['a newer Kamal', 'minimum_version: 2.12.1', 'this file is for Kamal 2.12.1; files of Kamal 2.12.0 are read here'],
  ['an alias’s name', 'aliases: {"a b": x}', 'an alias is made of a-z, 0-9, `-` and `_`'],
  ['a hook’s name', 'hooks: {pre-depoly: {}}', 'unknown hook `pre-depoly`; did you mean `pre-deploy`?'],
  ['a hook’s role', 'hooks: {pre-deploy: {roles: [x]}}', 'there is no role `x`'],
  [
    'a hook before connecting',
    'hooks: {pre-connect: {run_on: hosts}}',
    'pre-connect runs before any machine is connected',
  ],
  ['a wish for git', 'git: {require: pure}', 'this should be clean or in-sync, not text'],
  ['a hook’s output', 'hooks_output: loud', 'this should be quiet or verbose, not text'],
  ['a volume for the shell', 'volumes: ["$DATA/a:/a"]', 'no shell expands this; write the path on the machine in full'],
  ['user, host and port', 'servers: ["u@h:2222"]', '`ssh: {hosts: {h: {user: u, port: 2222}}}`'],
  ['an unknown machine', 'ssh: {hosts: {192.0.2.2: {user: u}}}', 'called `192.0.2.2`; did you mean `192.0.2.1`?'],
  ['no user of a machine', 'ssh: {hosts: {192.0.2.1: {user: a b}}}', 'this is no user name'],
  ['no port of a machine', 'ssh: {hosts: {192.0.2.1: {port: 0}}}', 'this should be a port from 1 to 65535'],
  ['no key', 'ssh: {key_data: ["two words"]}', 'this should be the name of a secret that holds a private key'],
  ['an alias by the name of a command', 'aliases: {deploy: redeploy}', '`deploy` is a command'],
  ['an alias without its quote', `aliases: {x: 'app exec "y'}`, 'a quote in this command is not closed'],
  ['an empty alias', 'aliases: {x: ""}', 'this is empty; it should be a command'],
  ['a log without a directory', 'output: {file: {}}', '`path` is missing: a directory for logs'],
  [
    'a collector that is none',
    'output: {otel: {endpoint: "collector:4317"}}',
    'an address such as http://collector:4318',
  ],
  ['a jump host', 'ssh: {proxy: "a b"}', 'a jump host is written as host, user@host or user@host:port'],
  ['accessories as a list', 'accessories: [db]', 'this should be a map, not a list'],
];

describe('refused, with the reason:', () => {
  test.each(cases)('%s', (_name, text, message) => {
    expect(problems(withKeys(text)).join('\n')).toContain(message);
  });

  test('a file without any of the keys it needs', () => {
    expect(problems('x-none: 1').map((line) => line.split(' ')[1])).toEqual([
      '`servers`',
      '`registry`',
      '`image`',
      '`service`',
      '`builder.arch`',
    ]);
  });

  test('an unknown key far from every known one names none', () => {
    expect(problems(`${minimal}zebra: 1\n`)).toEqual(['deploy.yml:6:1: unknown key `zebra`']);
  });

  test('a key of another section says where it stands', () => {
    expect(problems(`${minimal}healthcheck: {path: /up}\n`)).toEqual([
      'deploy.yml:6:1: unknown key `healthcheck`; it stands under `proxy`',
    ]);
  });

  test('accepted are an empty role, when that is said, and an older minimum version', () => {
    const text = minimal.replace('[192.0.2.1]', '{web: [a], job: []}');
    const config = load(`${text}allow_empty_roles: true\nminimum_version: 2.3.0\n`);
    expect(config.roles.map((role) => [role.name, role.hosts.length])).toEqual([
      ['web', 1],
      ['job', 0],
    ]);
  });
});
