import { describe, expect, test } from 'vitest';
import { load, minimal, problems } from './load-text.ts';

describe('without, in a destination’s file', () => {
  const base = `${minimal}labels: {debug: 1, team: a, www.example.com: x}
accessories:
  sftp: {image: sftp}
env: {clear: {A: 1, B: 2}}
x-longshore:
  hooks: {pre-deploy: {run_on: hosts}, pre-build: {timeout: 5}}
`;
  const staging = (text: string) => ({ 'deploy.yml': base, 'deploy.staging.yml': text });

  test('drops what the destination would inherit', () => {
    const config = load(
      staging('without: [accessories.sftp, env.clear.B, hooks.pre-build, labels.www.example.com]\nlabels: {b: c}\n'),
      'staging',
    );
    expect(config.roles[0]).toMatchObject({ hosts: [{ env: { clear: { A: '1' } } }] });
    expect(config.roles[0]?.labels).toEqual({ debug: '1', team: 'a', b: 'c' });
    expect(Object.keys(config.hooks)).toEqual(['pre-deploy']);
    expect(load(staging('without: [accessories.sftp]'), 'staging').hosts).toEqual(['192.0.2.1']);
  });

  test('drops before the destination’s own is merged', () => {
    const config = load(
      staging('without: [labels]\nlabels: {b: c}\nx-longshore: {without: [accessories]}\n'),
      'staging',
    );
    expect(config.roles[0]?.labels).toEqual({ b: 'c' });
  });

  test('is checked', () => {
    expect(problems(staging('without: [accessories.sftp, accessories.ftp, [a]]\n'), 'staging')).toEqual([
      'deploy.staging.yml:1:29: `accessories.ftp` is not in deploy.yml, so it cannot be left out',
      'deploy.staging.yml:1:46: this is not in deploy.yml, so it cannot be left out',
    ]);
    expect(problems(`${minimal}without: [labels]\n`)).toEqual([
      'deploy.yml:6:1: `without` stands in a destination’s file: what it does not inherit',
    ]);
    expect(problems(staging('without: [service]\n'), 'staging')[0]).toContain('`service` is missing');
  });
});

describe('env.required', () => {
  const base = `${minimal.replace('servers: [192.0.2.1]', 'servers: {web: [192.0.2.1], worker: {hosts: [192.0.2.2], env: {B: 1}}}')}`;

  test('is content with clear and secret variables', () => {
    const text = `${base}env: {clear: {A: 1}, secret: [S], required: [A, S]}\n`;
    expect(load(text).roles[0]?.hosts[0]?.env).toEqual({ clear: { A: '1' }, secret: { S: 'S' } });
    expect(load(`${base}env: {A: 1, required: [A]}\n`).roles[0]?.hosts[0]?.env.clear).toEqual({ A: '1' });
    expect(load(`${base}env: {A: 1}\nx-longshore: {env: {required: [A]}}\n`).hosts).toHaveLength(2);
  });

  test('names who does not get a variable', () => {
    expect(problems(`${base}env:\n  clear: {A: ''}\n  required: [A, B]\n`)).toEqual([
      'deploy.yml:8:14: `A` is required, and web does not get it on 192.0.2.1',
      'deploy.yml:8:14: `A` is required, and worker does not get it on 192.0.2.2',
      'deploy.yml:8:17: `B` is required, and web does not get it on 192.0.2.1',
    ]);
  });

  test('leaves a variable of that name alone', () => {
    expect(load(`${base}env: {required: 'yes'}\n`).roles[0]?.hosts[0]?.env.clear).toEqual({ required: 'yes' });
  });
});
