import { describe, expect, test } from 'vitest';
import { load, minimal, problems } from './load-text.ts';

const roles = minimal.replace(
  'servers: [192.0.2.1]',
  'servers: {web: [192.0.2.1], worker: {hosts: [192.0.2.2], smoke: [{cmd: bin/check}]}, cron: {hosts: [192.0.2.3]}}',
);

describe('release', () => {
  test('is of the primary role, has ten minutes and asks nobody, unless it says otherwise', () => {
    expect(load(`${roles}release: {cmd: bin/migrate --all}\n`).release).toEqual({
      role: 'web',
      words: ['bin/migrate', '--all'],
      timeoutSeconds: 600,
      approve: [],
      irreversible: false,
    });
    const full = '{role: worker, cmd: m, timeout: 5, approve: production, irreversible: true}';
    const config = load({ 'deploy.yml': roles, 'deploy.production.yml': `release: ${full}\n` }, 'production');
    expect(config.release).toMatchObject({ role: 'worker', timeoutSeconds: 5, approve: ['production'] });
    expect(config.release?.irreversible).toBe(true);
    expect(config.warnings).toEqual([]);
    expect(load(`${roles}x-longshore: {release: {cmd: m, approve: [a, b]}}\n`).release?.approve).toEqual(['a', 'b']);
  });

  test('is refused with its line when it has no command, or no role or machine to run in', () => {
    expect(problems(`${roles}release:\n  timeout: 5\n`)).toEqual([
      'deploy.yml:6:1: say what is run: `cmd: bin/migrate`',
    ]);
    expect(problems(`${roles}release: {cmd: m, role: wroker}\n`)).toEqual([
      'deploy.yml:6:25: there is no role `wroker`; did you mean `worker`?',
    ]);
    expect(problems(`${roles}release: {cmd: a | b, tiemout: 5}\n`)).toEqual([
      expect.stringContaining('deploy.yml:6:16: '),
      'deploy.yml:6:23: unknown key `tiemout`; did you mean `timeout`?',
    ]);
    const empty = roles.replace('cron: {hosts: [192.0.2.3]}', 'cron: {hosts: []}');
    expect(problems(`${empty}allow_empty_roles: true\nrelease: {cmd: m, role: cron}\n`)).toEqual([
      'deploy.yml:7:25: role cron has no machine to run it on',
    ]);
  });

  test('says that nobody is asked where there is no destination', () => {
    expect(load(`${roles}release: {cmd: m, approve: production}\n`).warnings).toEqual([
      expect.stringContaining('so nobody is asked for a yes'),
    ]);
  });
});

describe('smoke', () => {
  const smoke =
    'smoke:\n  - path: /login\n  - {path: /, host: www.example.com, status: 302, timeout: 5}\n  - cmd: bin/check -q\n';
  const checks = [
    { kind: 'request', path: '/login', timeoutSeconds: 30 },
    { kind: 'request', path: '/', host: 'www.example.com', status: 302, timeoutSeconds: 5 },
    { kind: 'command', words: ['bin/check', '-q'], timeoutSeconds: 30 },
  ];

  test('of the root is of roles with traffic; a role’s own stands instead', () => {
    const all = load(roles + smoke).roles.map(({ name, smoke: own }) => [name, own]);
    expect(all).toEqual([
      ['web', checks],
      ['cron', []],
      ['worker', [{ kind: 'command', words: ['bin/check'], timeoutSeconds: 30 }]],
    ]);
    expect(load(`${roles}x-longshore:\n  ${smoke.replaceAll('\n', '\n  ')}\n`).roles[0]?.smoke).toEqual(checks);
  });

  test('is refused with its line where a check is neither or both, or nothing can be requested', () => {
    expect(
      problems(`${roles}smoke:\n  - {}\n  - {path: /, cmd: a}\n  - path: login\n  - {cmd: a, status: 200}\n`),
    ).toEqual([
      'deploy.yml:7:5: a check is a request (`path`) or a command (`cmd`), one of the two',
      'deploy.yml:8:5: a check is a request (`path`) or a command (`cmd`), one of the two',
      'deploy.yml:9:11: a path starts with a slash and has no spaces',
      'deploy.yml:10:5: `host` and `status` are of a request',
    ]);
    expect(problems(roles.replace('[{cmd: bin/check}]', '[{path: /up}]'))).toEqual([
      'deploy.yml:3:73: worker gets no traffic, so nothing can be requested: say `cmd`',
    ]);
  });
});
