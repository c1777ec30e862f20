import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, program, project } from './program.ts';

const built = program();
const { house } = built;

/** Runs the built program, from an empty directory and with nothing on stdin. */
function longshore(...argv: string[]): Promise<Outcome> {
  return longshoreIn(tmpdir(), ...argv);
}

function longshoreIn(cwd: string, ...argv: string[]): Promise<Outcome> {
  return built.run(cwd, argv);
}

/** What a run that succeeds costs, whatever else the box does meanwhile. */
function processorSeconds(...argv: string[]): number {
  const script = '"$@" >/dev/null && times';
  const words = ['-c', script, 'sh', process.execPath, join(house, 'bin/run.js'), ...argv];
  const ofChildren = execFileSync('sh', words, { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  return [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0);
}

beforeAll(() => built.build(), 60_000);
afterAll(() => built.remove());

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

  test.each([[[]], [['-']], [['--inline', '-']]])('takes a secret out of JSON on stdin: extract KEY %j', (more) => {
    const json = JSON.stringify({ 'Vault/Item/KEY': 'pa$s "x"\n' });
    const words = [join(house, 'bin/run.js'), 'secrets', 'extract', 'KEY', ...more];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { input: json, encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, 'pa$s "x"\n\n', '']);
  });

  test.each([
    ['no account', ['fetch', '-a', 'lastpass', 'KEY'], 2, 'from LastPass needs --account'],
    ['no adapter', ['fetch', 'KEY'], 2, 'Missing required flag adapter'],
    ['an unknown adapter', ['fetch', '-a', 'lastpas', 'KEY'], 2, 'Did you mean lastpass?'],
    ['no program', ['fetch', '-a', 'bitwarden', '--account', 'me', 'KEY'], 3, 'bw, which is not installed'],
    ['no such secret', ['extract', 'KEY', '{}'], 3, 'has no secret KEY'],
  ])('secrets with %s is an error', async (_what, argv, status, said) => {
    const outcome = await longshore('secrets', ...argv);
    expect([outcome.status, outcome.stdout]).toEqual([status, '']);
    expect(outcome.stderr).toContain(said);
  });

  test.each([
    ['an unknown command', ['depoy'], 'there is no command depoy', 'longshore --help'],
    ['an unknown command of a topic', ['lock', 'brake'], 'there is no command lock brake', 'longshore lock --help'],
    ['an unknown flag', ['deploy', '--nope'], 'Nonexistent flag: --nope', 'longshore deploy --help'],
    ['an argument too many', ['deploy', 'a', 'b'], 'Unexpected argument: b', 'longshore deploy --help'],
    [
      'a destination behind an accessory',
      ['accessory', 'reboot', 'db', 'b'],
      'Unexpected argument: b',
      'If it is a destination: -d b',
    ],
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

  test('takes the beginnings of commands, and aliases of the file with what follows them', async () => {
    const file = join(house, 'aliases.yml');
    writeFileSync(
      file,
      'service: shop\nimage: acme/shop\nservers: [192.0.2.1]\nregistry: {username: u, password: [P]}\nbuilder: {arch: amd64}\n' +
        'require_destination: true\naliases: {what: config --origin, jobs: "app exec -i bin/jobs"}\n',
    );
    writeFileSync(join(house, 'aliases.staging.yml'), 'service: staged\naliases: {more: what --json}\n');
    expect((await longshore('what', 'staging', '-c', file)).stdout).toMatch(
      /^service: staged +# \S*aliases.staging.yml:1$/m,
    );
    expect(JSON.parse((await longshore('more', '-d', 'staging', '-c', file)).stdout)).toMatchObject({
      settings: { service: { value: 'staged' } },
    });
    expect((await longshore('conf', 'staging', '-c', file)).stdout).toMatch(/^service: staged$/m);
    expect(await longshore('jobs', '-c', file)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${file}:7: jobs stands for: app exec -i bin/jobs`),
    });
  });

  test('help lists the aliases of the project, and says what each stands for', async () => {
    const project_ = join(house, 'project');
    mkdirSync(join(project_, 'config'), { recursive: true });
    writeFileSync(
      join(project_, 'config/deploy.yml'),
      'service: <%= `touch ran` %>shop\naliases: {jobs: app exec -i bin/jobs}\n',
    );
    expect((await longshoreIn(project_, 'help')).stdout).not.toContain('ALIASES');
    expect(existsSync(join(project_, 'ran'))).toBe(false);
    writeFileSync(join(project_, 'config/deploy.yml'), 'aliases: {jobs: app exec -i bin/jobs}\n');
    expect((await longshoreIn(project_, 'help')).stdout).toMatch(/ALIASES.*\n  jobs  app exec -i bin\/jobs\n$/);
    for (const words of [
      ['help', 'jobs'],
      ['jobs', '--help'],
    ]) {
      expect(await longshoreIn(project_, ...words)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^jobs stands for: longshore app exec -i bin\/jobs\nconfig\/deploy\.yml:1 /),
      });
    }
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
    // What else the box does counts into it, so a quieter moment is waited for.
    const until = Date.now() + 20_000;
    do seconds.push(processorSeconds('config', '-c', file));
    while (Math.min(...seconds) >= 0.3 && Date.now() < until);
    expect(Math.min(...seconds)).toBeGreaterThan(0.02);
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
