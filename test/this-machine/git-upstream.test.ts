import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../src/execute/events.ts';
import { readSourceTree } from '../../src/hosts/this-machine/git.ts';
import type { Run } from '../../src/pipeline/run.ts';
import { noteSource, requireSource } from '../../src/pipeline/source.ts';
import { commitAll, emptyRepository, git, gitEnv, temporaryDirectory } from './repository.ts';

interface Asked {
  readonly require?: 'clean' | 'in-sync';
  readonly branches?: readonly string[];
  readonly skip?: boolean;
  readonly env?: Record<string, string>;
}

async function source(cwd: string, { require, branches, skip, env = gitEnv }: Asked) {
  const events: Event[] = [];
  const run = {
    env,
    emit: (event: Event) => events.push(event),
    signal: new AbortController().signal,
  } as unknown as Run;
  const config = {
    file: 'config/deploy.yml',
    ...(require === undefined ? {} : { gitRequires: require }),
    ...(branches === undefined ? {} : { gitBranches: branches }),
  };
  const tree = await readSourceTree({ cwd, env });
  return { events, question: { run: skip ? { ...run, skipGitCheck: true } : run, config, tree, cwd } };
}

/** What it says of a work tree; nothing when it has no objection. */
async function objection(cwd: string, asked: Asked): Promise<string> {
  const { question } = await source(cwd, asked);
  const said = await requireSource(question).catch((error: unknown) => error);
  return said === undefined ? '' : (said as Error).message.replace(/[,;] (and )?config.*/, '');
}

/** A clone of a repository with one commit; `push` adds one there from elsewhere. */
function cloned(): { directory: string; push(): void } {
  const origin = join(temporaryDirectory(), 'origin.git');
  const first = emptyRepository();
  writeFileSync(join(first, 'app.js'), 'one\n');
  commitAll(first);
  git(first, 'clone', '--quiet', '--bare', first, origin);
  const clone = (): string => {
    const directory = join(temporaryDirectory(), 'work');
    git(first, 'clone', '--quiet', origin, directory);
    git(directory, 'config', 'user.name', 'Ada');
    git(directory, 'config', 'user.email', 'ada@example.com');
    return directory;
  };
  const elsewhere = clone();
  return {
    directory: clone(),
    push() {
      git(elsewhere, 'commit', '--quiet', '--allow-empty', '--message', 'Elsewhere');
      git(elsewhere, 'push', '--quiet');
    },
  };
}

test('without a wish nothing is asked', async () => {
  expect(await objection(temporaryDirectory(), {})).toBe('');
});

test('clean: untracked files count, in the whole repository; ignored ones do not', async () => {
  const { directory } = cloned();
  mkdirSync(join(directory, 'web'));
  writeFileSync(join(directory, '.git/info/exclude'), '*.log\n');
  writeFileSync(join(directory, 'web/a.log'), '');
  expect(await objection(join(directory, 'web'), { require: 'clean' })).toBe('');
  writeFileSync(join(directory, 'new.js'), '');
  expect(await objection(join(directory, 'web'), { require: 'clean' })).toMatch(
    /^1 file is not as in commit [0-9a-f]{7}$/,
  );
  expect(await objection(directory, { require: 'in-sync' })).toMatch(/^1 file is not as in commit/);
  git(directory, 'add', 'new.js');
  const { question } = await source(directory, { require: 'clean' });
  await expect(requireSource(question)).rejects.toMatchObject({
    code: 'source-not-clean',
    exitStatus: 3,
    details: ['new.js'],
    hint: expect.stringContaining('--skip-git-check'),
  });
});

test('clean: there is a commit to be clean at', async () => {
  expect(await objection(temporaryDirectory(), { require: 'clean' })).toContain('is not in a git repository');
  expect(await objection(emptyRepository(), { require: 'clean' })).toContain('has no commit yet');
});

test('in-sync: the remote is asked, and told apart are what it has and what it lacks', async () => {
  const { directory, push } = cloned();
  expect(await objection(directory, { require: 'in-sync' })).toBe('');
  push();
  expect(await objection(directory, { require: 'in-sync' })).toBe('main has not the 1 commit that origin/main has');
  git(directory, 'commit', '--quiet', '--allow-empty', '--message', 'Here');
  git(directory, 'commit', '--quiet', '--allow-empty', '--message', 'Here too');
  const { question } = await source(directory, { require: 'in-sync' });
  await expect(requireSource(question)).rejects.toMatchObject({
    code: 'source-not-in-sync',
    message: expect.stringContaining(
      'main has 2 commits that origin/main has not, and not the 1 commit that origin/main has',
    ),
    hint: expect.stringMatching(/^Type git pull and git push; /),
  });
});

test('in-sync: no branch, none that is followed, and a remote that is gone are each said', async () => {
  const { directory } = cloned();
  git(directory, 'switch', '--quiet', '--create', 'topic');
  expect(await objection(directory, { require: 'in-sync' })).toBe('The branch topic follows no other');
  git(directory, 'switch', '--quiet', '--detach');
  expect(await objection(directory, { require: 'in-sync' })).toBe('No branch is checked out');
  git(directory, 'switch', '--quiet', 'main');
  git(directory, 'remote', 'set-url', 'origin', '/nowhere/at/all.git');
  const { question } = await source(directory, { require: 'in-sync' });
  await expect(requireSource(question)).rejects.toMatchObject({
    code: 'git-failed',
    message: expect.stringContaining('git cannot fetch main from origin'),
    hint: expect.stringContaining('--skip-git-check'),
  });
});

test('in-sync: a remote that does not answer is no reason to wait for ever, and can be interrupted', async () => {
  const { directory } = cloned();
  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => silent.once('listening', listening));
  git(directory, 'remote', 'set-url', 'origin', `git://127.0.0.1:${(silent.address() as AddressInfo).port}/x`);
  const { question } = await source(directory, {
    require: 'in-sync',
    env: { ...gitEnv, GIT_ALLOW_PROTOCOL: 'git:file' },
  });
  const signal = AbortSignal.timeout(300);
  await expect(requireSource({ ...question, run: { ...question.run, signal } })).rejects.toMatchObject({
    code: 'interrupted',
  });
  silent.close();
});

test('--skip-git-check goes on, without the network, and says what it went over', async () => {
  const { directory } = cloned();
  git(directory, 'remote', 'set-url', 'origin', '/nowhere/at/all.git');
  git(directory, 'commit', '--quiet', '--allow-empty', '--message', 'Here');
  const { events, question } = await source(directory, { require: 'in-sync', skip: true });
  await requireSource(question);
  expect(events).toEqual([
    {
      type: 'warning',
      text: expect.stringContaining(
        'git.require: in-sync was not enforced (--skip-git-check): main has 1 commit that origin/main has not',
      ),
    },
  ]);
});

test('a plan says what a deploy would refuse', async () => {
  const { directory } = cloned();
  const clean = await source(directory, { require: 'in-sync' });
  await noteSource(clean.question);
  expect(clean.events).toEqual([]);
  writeFileSync(join(directory, 'new.js'), '');
  const dirty = await source(directory, { require: 'clean' });
  await noteSource(dirty.question);
  expect(dirty.events).toMatchObject([{ type: 'note', text: expect.stringContaining('A deploy would refuse') }]);
});

test('branches: only those that the file names, by name or glob; a detached head is of the branches that end there', async () => {
  const { directory } = cloned();
  git(directory, 'switch', '--quiet', '--create', 'release/2');
  expect(await objection(directory, { branches: ['main', 'release/*'] })).toBe('');
  expect(await objection(directory, { branches: ['main'] })).toMatch(/^The branch release\/2 is not one that/);
  git(directory, 'switch', '--quiet', '--detach');
  expect(await objection(directory, { branches: ['main'] })).toBe('');
  git(directory, 'commit', '--quiet', '--allow-empty', '--message', 'Nowhere');
  expect(await objection(directory, { branches: ['main'] })).toMatch(/^What is checked out is of no branch that/);
});

test('all that is wrong with the work tree is told at once, and skipped at once', async () => {
  const { directory } = cloned();
  git(directory, 'switch', '--quiet', '--create', 'try');
  writeFileSync(join(directory, 'new.js'), '');
  const asked = { require: 'clean', branches: ['main'] } as const;
  const { question } = await source(directory, asked);
  await expect(requireSource(question)).rejects.toMatchObject({
    code: 'branch-not-allowed',
    message: expect.stringMatching(/^The branch try is not one.*; 1 file is not as in commit/),
    details: ['new.js'],
  });
  const skipped = await source(directory, { ...asked, skip: true });
  await requireSource(skipped.question);
  expect(skipped.events).toEqual([
    {
      type: 'warning',
      text: expect.stringMatching(/^git.require: clean, git.branches: main was not enforced .*try.*1 file/),
    },
  ]);
});
