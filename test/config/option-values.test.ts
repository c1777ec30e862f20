import { describe, expect, test } from 'vitest';
import { optionValues, problemWithOption } from '../../src/config/option-values.ts';

describe('values of docker options', () => {
  test.each<[string, string | true, unknown]>([
    ['memory', '256m', 268_435_456],
    ['memory', '1.5g', 1_610_612_736],
    ['memory', '1 GiB', 1_073_741_824],
    ['memory', '4096', 4096],
    ['memory-swap', '-1', -1],
    ['cpus', '.5', 500_000_000],
    ['pids-limit', '-1', -1],
    ['init', true, true],
    ['read-only', 'false', false],
    ['health-interval', '1m30s', 90_000_000_000],
    ['health-timeout', '1.5s', 1_500_000_000],
    ['ulimit', 'nofile=4096', { Name: 'nofile', Soft: 4096, Hard: 4096 }],
    ['ulimit', 'memlock=-1:-1', { Name: 'memlock', Soft: -1, Hard: -1 }],
    ['device', '/dev/x', { PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }],
    ['device', '/dev/x:rw', { PathOnHost: '/dev/x', PathInContainer: '/dev/x', CgroupPermissions: 'rw' }],
    ['device', '/dev/x:/dev/y', { PathOnHost: '/dev/x', PathInContainer: '/dev/y', CgroupPermissions: 'rwm' }],
    ['device', '/dev/x:/dev/y:r', { PathOnHost: '/dev/x', PathInContainer: '/dev/y', CgroupPermissions: 'r' }],
    ['add-host', 'db:192.0.2.7', 'db:192.0.2.7'],
    ['add-host', 'db=[2001:db8::1]', 'db:2001:db8::1'],
    ['add-host', 'me:host-gateway', 'me:host-gateway'],
    ['publish', '[::1]:8080:80/udp', '[::1]:8080:80/udp'],
    ['publish', '8000-8010:8000-8010', '8000-8010:8000-8010'],
  ])('%s: %s is read', (name, value, wanted) => {
    expect(optionValues[name]?.read(value)).toEqual(wanted);
  });

  test.each<[string, string | true]>([
    ['memory', 'lots'],
    ['memory', true],
    ['memory', '-1'],
    ['cpus', '0x10'],
    ['cpu-shares', '1.5'],
    ['oom-score-adj', '1001'],
    ['init', 'maybe'],
    ['user', true],
    ['workdir', 'app'],
    ['health-interval', '30'],
    ['health-retries', '-1'],
    ['ulimit', 'files=1'],
    ['ulimit', 'nofile=2:1'],
    ['device', '/dev/x:y'],
    ['device', '/dev/x:/dev/y:rwx'],
    ['add-host', 'db'],
    ['dns', 'one.one.one.one'],
    ['publish', 'web:80'],
    ['log-opt', 'max-size'],
    ['stop-signal', 'SIG TERM'],
  ])('%s: %s is a problem', (name, value) => {
    expect(problemWithOption({ name, value })).toMatch(/^this should be \S/);
  });

  test('of other options only Docker knows', () => {
    expect(problemWithOption({ name: 'gpus', value: 'some' })).toBeUndefined();
    expect(problemWithOption({ name: 'toString', value: true })).toBeUndefined();
  });
});
