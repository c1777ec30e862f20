import { execFile, execFileSync, type ExecFileException } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));
const house = mkdtempSync(join(tmpdir(), 'longshore-bin-'));

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program, from an empty directory and with nothing on stdin. */
function longshore(...argv: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    execFile(
      process.execPath,
      [join(house, 'bin/run.js'), ...argv],
      { cwd: tmpdir(), env: { PATH: process.env['PATH'] } },
      done,
    );
  });
}

beforeAll(() => {
  cpSync(join(project, 'bin'), join(house, 'bin'), { recursive: true });
  cpSync(join(project, 'package.json'), join(house, 'package.json'));
  symlinkSync(join(project, 'node_modules'), join(house, 'node_modules'));
  execFileSync(process.execPath, ['build.mjs', '--into', house], { cwd: project });
}, 60_000);

afterAll(() => rmSync(house, { recursive: true }));

describe('longshore', () => {
  test('says its version, by flag and by command', async () => {
    const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
    expect(await longshore('--version')).toEqual({ status: 0, stdout: `longshore ${version}\n`, stderr: '' });
    expect(await longshore('version')).toEqual({ status: 0, stdout: `longshore ${version}\n`, stderr: '' });
  });

  test('lists its commands, and explains each with examples', async () => {
    const { stdout } = await longshore('--help');
    for (const command of ['setup', 'deploy', 'redeploy', 'rollback', 'plan', 'status', 'version', 'build', 'lock']) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
      expect((await longshore('help', command)).status).toBe(0);
    }
    expect((await longshore('deploy', '--help')).stdout).toMatch(/EXAMPLES[\s\S]*\$ longshore deploy production/);
  });

  test.each([
    ['an unknown command', ['depoy'], 'there is no command depoy', 'longshore --help'],
    ['an unknown command of a topic', ['lock', 'brake'], 'there is no command lock brake', 'longshore --help'],
    ['an unknown flag', ['deploy', '--nope'], 'Nonexistent flag: --nope', 'longshore deploy --help'],
    ['an argument too many', ['deploy', 'a', 'b'], 'Unexpected argument: b', 'longshore deploy --help'],
    ['a missing message', ['lock', 'acquire'], 'Missing required flag message', 'longshore lock acquire --help'],
    [
      'a number that is none',
      ['plan', '--lock_wait_timeout', 'x'],
      'Expected an integer but received: x',
      'longshore plan --help',
    ],
    ['two destinations', ['deploy', 'a', '-d', 'b'], 'two destinations: a, and -d b', 'give one of them'],
  ])('refuses %s with exit status 2, shortly', async (_what, argv, message, hint) => {
    const { status, stdout, stderr } = await longshore(...argv);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toContain(`→ ${hint}`);
  });

  test('refuses with one small JSON document when it is asked for JSON', async () => {
    const { status, stdout } = await longshore('deploy', 'a', 'b', '--json');
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'usage',
        message: 'Unexpected argument: b',
        details: [],
        hint: 'longshore deploy --help',
        exit: 2,
      },
    });
  });

  test('shows what a file for fifty machines means in less than 0.3 seconds', async () => {
    const hosts = Array.from({ length: 50 }, (_, index) => `192.0.2.${index + 1}`).join(', ');
    const file = join(house, 'fifty.yml');
    writeFileSync(
      file,
      `service: shop\nimage: acme/shop\nservers: {web: [${hosts}]}\nregistry: {username: u, password: [P]}\n` +
        'builder: {arch: amd64}\nenv: {clear: {A: 1, B: 2}, secret: [C, D]}\n',
    );
    const seconds: number[] = [];
    do {
      const start = performance.now();
      expect(await longshore('config', '-c', file)).toMatchObject({ status: 0 });
      seconds.push((performance.now() - start) / 1000);
    } while (Math.min(...seconds) > 0.3 && seconds.length < 10);
    expect(Math.min(...seconds)).toBeLessThan(0.3);
  });

  test('says when it is not built', async () => {
    const bare = join(house, 'bare');
    cpSync(join(project, 'bin'), join(bare, 'bin'), { recursive: true });
    writeFileSync(join(bare, 'package.json'), '{ "type": "module" }');
    const outcome = await new Promise<string>((resolve) =>
      execFile(process.execPath, [join(bare, 'bin/run.js'), 'plan'], (_error, _stdout, stderr) => resolve(stderr)),
    );
    expect(outcome).toContain('npm run build');
  });
});

describe('what the build writes', () => {
  test('docs/commands.md is up to date (else: npm run build)', () => {
    const page = (directory: string) => readFileSync(join(directory, 'docs/commands.md'), 'utf8');
    expect(page(project)).toBe(page(house));
  });

  test('the notices name the bundled packages and not those that stay outside', () => {
    const notices = readFileSync(join(house, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    expect(notices).toMatch(/^@oclif\/core 4\.\S+ \(MIT\)$/m);
    expect(notices).toMatch(/^listr2 9\.\S+ \(MIT\)$/m);
    expect(notices).not.toMatch(/^@1password|^@grpc|^protobufjs/m);
  });
});
