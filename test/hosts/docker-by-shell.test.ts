import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createByCommandLine } from '../../src/hosts/docker-by-shell.ts';
import type { DockerWay } from '../../src/hosts/docker-channels.ts';
import type { ShellPool } from '../../src/hosts/shell-pool.ts';

/** A `docker` that writes down its words, its env file and its environment; a `sudo` that lets through only what it is told to. */
const docker = `#!/bin/sh
printf '%s\\n' "$@" >"$seen/words"
while [ $# -gt 0 ]; do
  [ "$1" = --env-file ] && cat "$2" >"$seen/env-file"
  [ "$1" = --env ] && case $2 in *=*) ;; *) printenv "$2" >"$seen/$2" ;; esac
  shift
done
printf %064d 0
`;
const sudo = `#!/bin/sh
case $1 in --preserve-env=*) names=$(echo "\${1#*=}" | tr , ' '); shift ;; esac
shift
for name in $names; do eval "value=\\$$name"; export "kept_$name=$value"; done
exec env -i seen="$seen" PATH="$PATH" KEY="$kept_KEY" "$@"
`;

describe('docker create over the shell', () => {
  let seen: string;
  beforeEach(() => {
    seen = mkdtempSync(join(tmpdir(), 'longshore-create-'));
    for (const [name, text] of Object.entries({ docker, sudo })) {
      writeFileSync(join(seen, name), text);
      chmodSync(join(seen, name), 0o755);
    }
  });
  afterEach(() => rmSync(seen, { recursive: true }));

  const read = (name: string) => readFileSync(join(seen, name), 'utf8');
  const create = (command: string, secretEnv: Record<string, string>) => {
    const scripts: string[] = [];
    const run = async (_what: string, script: string) => {
      scripts.push(script);
      const env = { PATH: `${seen}:${process.env['PATH']}`, seen };
      const stdout = execFileSync('sh', { input: `(\n${script}\n) </dev/null\n`, env, encoding: 'utf8' });
      return { exitStatus: 0, stdout, stderr: '' };
    };
    const shells = { idle: () => ({ run }) } as unknown as ShellPool;
    return createByCommandLine(shells, { command } as DockerWay, { words: ['--name', 'x', 'image'], secretEnv });
  };

  const key = "-----BEGIN KEY-----\n\ta'b $HOME \\n \\\\\n-----END KEY-----\n";

  it.each(['docker', 'sudo -n docker'])('gives secrets exactly, and never as words: %s', async (command) => {
    expect(await create(command, { PLAIN: 'a\\b "c" $d \'e\' ', EMPTY: '', 'dotted.name': 'x', KEY: key })).toMatch(
      /^0{64}$/,
    );
    expect(read('env-file')).toBe('PLAIN=a\\b "c" $d \'e\' \nEMPTY=\ndotted.name=x\n');
    expect(read('KEY')).toBe(`${key}\n`);
    expect(read('words').split('\n')).toEqual([
      'create',
      '--env-file',
      '/dev/stdin',
      '--env',
      'KEY',
      '--name',
      'x',
      'image',
      '',
    ]);
  });

  it('gives a value that is too large for a line of an env file', async () => {
    const large = 'x'.repeat(100_000);
    await create('docker', { KEY: large, SMALL: 'x'.repeat(50_000) });
    expect(read('KEY')).toBe(`${large}\n`);
    expect(read('env-file')).toHaveLength('SMALL='.length + 50_001);
  });

  it('does without secrets', async () => {
    expect(await create('docker', {})).toMatch(/^0{64}$/);
    expect(read('env-file')).toBe('');
  });

  it('refuses what no shell could export', async () => {
    await expect(create('docker', { 'dotted.name': 'a\nb' })).rejects.toMatchObject({ code: 'config-invalid' });
  });
});
