import { describe, expect, test } from 'vitest';
import { load, minimal, problems } from './load-text.ts';

const roles = minimal.replace(
  'servers: [192.0.2.1]',
  'servers: {web: [192.0.2.1], worker: {hosts: [192.0.2.2], smoke: [{cmd: bin/check}]}, cron: {hosts: [192.0.2.3]}}',
);

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
