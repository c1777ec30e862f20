import { describe, expect, test } from 'vitest';
import { failure, load, minimal, problems } from './load-text.ts';

describe('base and destination file', () => {
  const files = {
    'deploy.yml': `${minimal}env:\n  clear: {A: 1, B: 1}\n  secret: [S]\nboot: {limit: 1, wait: 5}\nvolumes: [a:/a]\n`,
    'deploy.staging.yml':
      'env:\n  clear: {B: 2}\n  secret: [T]\nboot: {limit: 2}\nvolumes: [b:/b]\nservers: {web: [192.0.2.9]}\n',
  };

  test('maps recurse; lists and scalars are replaced', () => {
    const config = load(files, 'staging');
    const [web] = config.roles;
    expect(web?.hosts).toEqual([{ host: '192.0.2.9', env: { clear: { A: '1', B: '2' }, secret: { T: 'T' } } }]);
    expect(web?.volumes).toEqual(['b:/b']);
    expect(config.boot).toEqual({ limit: 2, waitSeconds: 5 });
    expect(config).toMatchObject({
      destination: 'staging',
      destinationName: 'staging',
      destinationFile: 'deploy.staging.yml',
    });
  });

  test('an explicit null replaces, and is then refused where it stands', () => {
    const over = { ...files, 'deploy.staging.yml': 'boot:\n' };
    expect(failure(over, 'staging').details[0]).toBe(
      'deploy.staging.yml:1:6: this is empty; it should be a map, or the key should go',
    );
  });

  test('an empty destination file changes nothing but the destination', () => {
    const config = load({ ...files, 'deploy.staging.yml': '# all as in deploy.yml\n' }, 'staging');
    expect(config).toMatchObject({ service: 'shop', destination: 'staging', boot: { limit: 1 } });
  });

  test('without a destination the base file alone counts', () => {
    const config = load(files);
    expect(config).not.toHaveProperty('destination');
    expect(config).not.toHaveProperty('destinationName');
    expect(config.boot.limit).toBe(1);
  });

  test('an unknown destination is named, with those that exist, and is never the base', () => {
    const { code, message, hint } = failure(files, 'stagin');
    expect(code).toBe('destination-unknown');
    expect(message).toBe('`stagin` is no destination: there is no deploy.stagin.yml');
    expect(hint).toBe('The destinations are: staging.');
  });

  test.each(['../deploy', 'a/b', '', '-d'])('%j is no destination', (destination) => {
    expect(failure(files, destination).code).toBe('destination-unknown');
  });

  test('require_destination refuses to go without', () => {
    const required = { ...files, 'deploy.yml': `${files['deploy.yml']}require_destination: true\n` };
    expect(failure(required)).toMatchObject({ code: 'usage', hint: 'Name one: staging.' });
    expect(load(required, 'staging').destination).toBe('staging');
  });

  test('the base file may lack what every destination has', () => {
    const parts = minimal.split('\n');
    const without = parts.filter((line) => !line.startsWith('servers')).join('\n');
    const config = load({ 'deploy.yml': without, 'deploy.world.yml': parts[2] ?? '' }, 'world');
    expect(config.hosts).toEqual(['192.0.2.1']);
  });
});

describe.each([
  ['in its place', 'base_destination: production\n'],
  ['under x-longshore', 'x-longshore: {base_destination: production}\n'],
])('base_destination %s', (_place, key) => {
  const files = { 'deploy.yml': minimal + key, 'deploy.staging.yml': 'boot: {limit: 1}\n' };

  test('makes its word and no word the same: the base file', () => {
    for (const config of [load(files), load(files, 'production')]) {
      expect(config).not.toHaveProperty('destination');
      expect(config).not.toHaveProperty('destinationFile');
      expect(config.destinationName).toBe('production');
    }
    expect({ ...load(files) }).toEqual({ ...load(files, 'production') });
  });

  test('refuses a file of that name beside it, whichever way it is called', () => {
    const twice = { ...files, 'deploy.production.yml': '' };
    expect(failure(twice).message).toContain('production is said twice: deploy.production.yml exists');
    expect(failure(twice, 'production').code).toBe('config-invalid');
    expect(load(twice, 'staging').destination).toBe('staging');
  });

  test('may not be longer than the name of a file', () => {
    const long = key.replace('production', 'x'.repeat(10_000));
    expect(problems(minimal + long)[0]).toContain('a destination’s name is made of');
  });

  test('is not inherited by a destination’s file', () => {
    expect(load(files, 'staging')).toMatchObject({ destination: 'staging', destinationName: 'staging' });
  });

  test('has no effect in a destination’s file, with a warning', () => {
    const config = load({ ...files, 'deploy.staging.yml': 'base_destination: other\n' }, 'staging');
    expect(config.destinationName).toBe('staging');
    expect(config.warnings[0]).toContain('deploy.staging.yml:1: `base_destination` has no effect');
  });

  test('does not make an unknown word the base', () => {
    expect(failure(files, 'prod').hint).toBe('The destinations are: production, staging.');
  });

  test('is listed with the others', () => {
    const asking = { ...files, 'deploy.yml': `${files['deploy.yml']}require_destination: true\n` };
    expect(failure(asking).hint).toBe('Name one: production, staging.');
  });
});

describe('own keys under x-longshore', () => {
  test('go over both files', () => {
    const files = {
      'deploy.yml': `${minimal}x-longshore:\n  hooks: {pre-deploy: {run_on: hosts}}\n  boot: {limit: 3}\n`,
      'deploy.staging.yml': 'x-longshore: {hooks: {pre-deploy: {timeout: 5}}}\nboot: {limit: 1}\n',
    };
    const config = load(files, 'staging');
    expect(config.hooks).toEqual({ 'pre-deploy': { runOn: ['hosts'], roles: [], timeoutSeconds: 5 } });
    expect(config.boot.limit).toBe(3);
  });

  test('are checked like all others, at their place', () => {
    expect(failure(`${minimal}x-longshore:\n  hocks: {}\n`).details[0]).toBe(
      'deploy.yml:7:3: unknown key `hocks`; did you mean `hooks`?',
    );
  });
});
