import { describe, expect, test } from 'vitest';
import { wantedContainers } from '../../src/app/wanted.ts';
import { load, problems, withKeys } from './load-text.ts';

const servers = (worker: string) => withKeys(`servers:\n  web: [a]\n  worker: {hosts: [a], ${worker}}`);
const worker = (text: string) => load(servers(text)).roles[1];

describe('how a role’s old container makes room', () => {
  test('says nothing of its own by default', () => {
    const role = worker('cmd: work');
    expect(role).toMatchObject({ mayOverlap: true, isSingleton: false, stopTimeoutSeconds: 30 });
    expect(role).not.toHaveProperty('quiet');
    expect(role).not.toHaveProperty('stopSignal');
    expect(role).not.toHaveProperty('healthcheck');
  });

  test('quiet: a signal or a command, and what tells that no job is left', () => {
    expect(worker('quiet: {signal: TSTP}')?.quiet).toEqual({ by: { kind: 'signal', signal: 'TSTP' } });
    expect(worker('quiet: {cmd: bin/quiet --now, drained: bin/idle "all queues"}')?.quiet).toEqual({
      by: { kind: 'cmd', words: ['bin/quiet', '--now'] },
      drained: { words: ['bin/idle', 'all queues'], timeoutSeconds: 60 },
    });
    expect(worker('quiet: {signal: SIGUSR1, drained: idle, timeout: 300}')?.quiet?.drained?.timeoutSeconds).toBe(300);
  });

  test('a singleton never overlaps, nor does a role with overlap: none', () => {
    expect(worker('overlap: none')).toMatchObject({ mayOverlap: false, isSingleton: false });
    expect(worker('singleton: true')).toMatchObject({ mayOverlap: false, isSingleton: true });
    expect(worker('overlap: allowed, singleton: false')).toMatchObject({ mayOverlap: true, isSingleton: false });
  });

  test('a health check as of an accessory; of a role with traffic it asks where that arrives', () => {
    expect(worker('healthcheck: {tcp: 7433}')?.healthcheck).toEqual({
      check: { kind: 'tcp', port: 7433 },
      intervalSeconds: 1,
      timeoutSeconds: 5,
      startPeriodSeconds: 30,
      retries: 3,
    });
    const web = load(
      withKeys('servers: {web: {hosts: [a], healthcheck: {http: {path: /deep}}}}\nproxy: {app_port: 3000}'),
    );
    expect(web.roles[0]?.healthcheck?.check).toEqual({ kind: 'http', path: '/deep', port: 3000 });
  });

  test('the signal to stop by is an option of its container', () => {
    const container = wantedContainers(load(servers('stop_signal: INT')), 'v1')[1];
    expect(container?.spec.options).toEqual([{ name: 'stop-signal', value: 'INT' }]);
  });

  test('all of it may stand under x-longshore', () => {
    const text = `${servers('cmd: work')}
x-longshore:
  servers:
    worker: {quiet: {signal: TSTP}, stop_signal: TERM, overlap: none, healthcheck: {cmd: ready}}
`;
    expect(load(text).roles[1]).toMatchObject({
      cmd: ['work'],
      quiet: { by: { signal: 'TSTP' } },
      stopSignal: 'TERM',
      mayOverlap: false,
      healthcheck: { check: { words: ['ready'] } },
    });
  });
});

const refusals: [string, string, string][] = [
  ['nothing that quiets', 'quiet: {drained: idle}', '3:31: say what quiets it: `signal`, such as TSTP, or `cmd`'],
  ['two ways to quiet', 'quiet: {signal: TSTP, cmd: a}', '3:46: `signal` and `cmd` are two ways to quiet it'],
  ['a signal that is none', 'quiet: {signal: TSPT}', 'a signal by its name, such as TSTP; did you mean `TSTP`?'],
  ['a signal nobody hears', 'quiet: {signal: SIGKILL}', 'no program can hear KILL'],
  ['a time for nothing', 'quiet: {signal: TSTP, timeout: 5}', '`timeout` is how long `drained` is waited for'],
  ['a pipe', 'quiet: {cmd: "a | b"}', 'a pipe needs a shell'],
  ['a key', 'quiet: {signal: TSTP, draind: a}', 'unknown key `draind`; did you mean `drained`?'],
  ['a stop signal', 'stop_signal: "no!"', 'this should be a signal such as SIGINT'],
  ['a stop signal twice', 'stop_signal: INT, options: {stop-signal: INT}', 'says it too; keep one of them'],
  ['an overlap', 'overlap: false', 'this should be allowed or none, not false'],
  ['a contradiction', 'singleton: true, overlap: allowed', 'two of a `singleton` never run'],
  ['a singleton on two machines', 'hosts: [a, b], singleton: true', 'a singleton has one machine, and this role 2'],
  ['quiet with traffic', 'proxy: true, quiet: {signal: TSTP}', '`quiet` is for roles without traffic'],
  ['one at a time with traffic', 'proxy: true, overlap: none', '`overlap` is for roles without traffic'],
  ['a check of no port', 'healthcheck: {http: {}}', 'say which `port` of the container answers'],
];

test.each(refusals)('refuses %s', (_what, text, message) => {
  const yaml = text.startsWith('hosts:') ? servers(text).replace('hosts: [a], hosts', 'hosts') : servers(text);
  expect(problems(yaml).join('\n')).toContain(message);
});
