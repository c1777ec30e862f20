import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const secret = 'correct-horse-battery';

const file = `service: shop
image: acme/shop
servers: [192.0.2.1]
registry: {username: u, password: [PASSWORD]}
builder: {arch: amd64}
`;

/** A repository in which `build push` gets as far as its first hook: pre-connect, which says something and then fails. */
export interface HookedProject {
  readonly directory: string;
  put(path: string, text: string, mode?: number): void;
  /** Writes and commits it; these keys stand below the least file's. */
  make(keys: string, hook?: string): void;
  remove(): void;
}

export function hookedProject(): HookedProject {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-around-'));
  const put = (path: string, text: string, mode = 0o644) => {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text, { mode });
  };
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...words], { cwd: directory });
  return {
    directory,
    put,
    make(keys, hook = `echo "one $PASSWORD"; printf '\\033[31mtwo\\033[0m\\n'; exit 7`) {
      put('config/deploy.yml', file + keys);
      put('.kamal/secrets', `PASSWORD=${secret}\n`);
      put('.kamal/hooks/pre-connect', `#!/bin/sh\n${hook}\n`, 0o755);
      git('init', '--quiet', '--initial-branch=main');
      git('add', '--all');
      git('commit', '--quiet', '--message', 'First');
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}
