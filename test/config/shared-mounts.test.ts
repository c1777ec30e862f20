import { describe, expect, test } from 'vitest';
import { load, minimal, problems } from './load-text.ts';

/** The problems of `staging` over a base with these keys. */
function between(base: string, staging: string, more: Record<string, string> = {}): string[] {
  return problems({ 'deploy.yml': `${minimal}${base}\n`, 'deploy.staging.yml': `${staging}\n`, ...more }, 'staging');
}

function warnings(base: string, staging: string): readonly string[] {
  return load({ 'deploy.yml': `${minimal}${base}\n`, 'deploy.staging.yml': `${staging}\n` }, 'staging').warnings;
}

describe('two destinations of a file that would write to one place of a machine', () => {
  test('are refused, with both lines', () => {
    expect(between('volumes: ["/srv/data:/data"]', 'volumes: ["/srv/data/:/data"]')).toEqual([
      'deploy.staging.yml:1:11: it is also mounted on 192.0.2.1 by deploy.yml alone (deploy.yml:6); two destinations must not write to one place',
    ]);
    expect(between('base_destination: production\nvolumes: ["/srv:/data"]', 'volumes: ["/srv/a/../b:/data"]')).toEqual([
      'deploy.staging.yml:1:11: `/srv` is also mounted on 192.0.2.1 by destination production (deploy.yml:7); two destinations must not write to one place',
    ]);
  });

  test('also when they inherit it', () => {
    expect(between('volumes: ["/srv/data:/data"]', 'labels: {a: b}')[0]).toContain(
      'deploy.yml:6:11: it is also mounted',
    );
    const accessories = 'accessories:\n  db:\n    image: i\n    host: 192.0.2.1\n    directories: ["/tank/pg:/pg"]';
    expect(between(accessories, 'service: shop-staging')[0]).toContain('deploy.yml:10:19: it is also mounted');
  });

  test('whether roles or accessories mount it', () => {
    const accessory = (mounts: string) => `accessories: {db: {image: i, service: own, host: 192.0.2.1, ${mounts}}}`;
    const volumes = 'volumes: ["/tank/pg/wal:/wal"]';
    for (const mounts of [
      'directories: ["/tank/pg:/pg"]',
      'volumes: ["/tank/pg:/pg"]',
      'options: {volume: "/tank:/t"}',
    ]) {
      expect(between(volumes, `volumes: []\n${accessory(mounts)}`)[0]).toContain('also mounted on 192.0.2.1 by');
    }
    expect(between('volumes: ["~/x:/x"]', 'volumes: ["$PWD/x/y:/x"]')[0]).toContain('`~/x` is also mounted');
  });

  test('are refused whichever of them it is, and the others are told nothing of', () => {
    const more = {
      'deploy.demo.yml': 'volumes: ["/srv/demo:/x"]\n',
      'deploy.broken.yml': 'volumes: [',
      'deploy.ruby.yml': 'volumes: ["/srv/demo:/x"]\nlabels: {a: <%= `date` %>}\n',
    };
    const said = between('volumes: []', 'volumes: ["/srv/demo/a:/x"]', more);
    expect(said.map((line) => line.split(';')[0])).toEqual([
      'deploy.staging.yml:1:11: `/srv/demo` is also mounted on 192.0.2.1 by destination demo (deploy.demo.yml:1)',
    ]);
  });

  test('are left alone on different machines, where one only reads, and for what holds no data', () => {
    const same = 'volumes: ["/srv/data:/data"]';
    expect(warnings(same, 'servers: [192.0.2.2]')).toEqual([]);
    expect(warnings(same, 'volumes: ["/srv/database:/data"]')).toEqual([]);
    // As where a plan looks at the machine itself.
    expect(warnings(same, 'volumes: ["/:/host"]')).toEqual([]);
    expect(warnings(same, 'volumes: ["/srv/data:/data:ro,z"]')).toEqual([]);
    expect(warnings('volumes: ["/var/run/docker.sock:/s", "/dev/net:/n", "/proc:/p"]', 'labels: {a: b}')).toEqual([]);
    expect(warnings(`${same}\nrequire_destination: true`, 'labels: {a: b}')).toEqual([]);
  });

  test('are warned about a named volume', () => {
    expect(warnings('volumes: ["shop-data:/data"]', 'labels: {a: b}')).toEqual([
      'deploy.yml:6: the volume `shop-data` is also used on 192.0.2.1 by deploy.yml alone (deploy.yml:6); both write to it',
    ]);
  });

  test('are compared with what a command gave that ran anyway, and nothing is run for it', () => {
    const base = `${minimal}volumes: ["<%= \`echo once >> count; echo /srv\`.strip %>:/x"]\n`;
    const files = { 'deploy.yml': base, 'deploy.staging.yml': 'volumes: ["/srv/x:/x"]\n' };
    expect(() => load(files, 'staging', {})).toThrow('a problem');
    const others = {
      ...files,
      'deploy.staging.yml': 'volumes: ["/x:/x"]\n',
      'deploy.demo.yml': 'x-a: <%= `exit 7` %>\n',
    };
    expect(load(others, 'staging', {}).warnings).toEqual([]);
  });
});
