import { Failure } from '../../errors.ts';
import { git, type SourceTreeQuestion } from './git.ts';

/** How a branch stands to the one it follows. */
export interface Upstream {
  /** `origin/main` */
  readonly name: string;
  /** Commits that only this machine has. */
  readonly ahead: number;
  /** Commits that only the upstream has. */
  readonly behind: number;
}

export interface UpstreamQuestion extends SourceTreeQuestion {
  readonly branch: string;
  /** `fetched`: as the remote is now; `last-seen`: as it was when git last asked it. */
  readonly as: 'fetched' | 'last-seen';
}

const fetchSeconds = 30;

/** Compares HEAD with its upstream branch. @returns undefined when the branch has none. @throws Failure `git-failed` */
export async function compareWithUpstream(question: UpstreamQuestion): Promise<Upstream | undefined> {
  const { branch } = question;
  const ask = async (...words: string[]) => {
    const { exitStatus, stdout } = await git(question, words);
    return exitStatus === 0 ? stdout.trim() : '';
  };
  const [name, remote, merge] = await Promise.all([
    ask('rev-parse', '--abbrev-ref', '--symbolic-full-name', '@{upstream}'),
    ask('config', `branch.${branch}.remote`),
    ask('config', `branch.${branch}.merge`),
  ]);
  if (remote === '' || merge === '') return undefined;
  if (question.as === 'fetched') await fetch(question, remote, merge);
  // The first fetch may have made it.
  const upstream = name || (await ask('rev-parse', '--abbrev-ref', '--symbolic-full-name', '@{upstream}'));
  const counts = await git(question, ['rev-list', '--left-right', '--count', 'HEAD...@{upstream}']);
  const [ahead = NaN, behind = NaN] = counts.stdout.split(/\s+/).map(Number);
  if (upstream === '' || counts.exitStatus !== 0 || Number.isNaN(ahead + behind)) {
    throw new Failure('git-failed', `git knows no ${merge.replace('refs/heads/', '')} of ${remote} to compare with`, {
      hint: 'Type `git fetch` to see what is wrong.',
    });
  }
  return { name: upstream, ahead, behind };
}

/** Names of the branches whose newest commit is checked out, here or as last seen of a remote; `HEAD` is none. */
export async function branchesAtHead(question: SourceTreeQuestion): Promise<string[]> {
  const words = ['for-each-ref', '--points-at=HEAD', '--format=%(refname)', 'refs/heads', 'refs/remotes'];
  const { stdout } = await git(question, words);
  const names = stdout.split('\n').map((line) => /^refs\/(?:heads|remotes\/[^/]+)\/(.+)$/.exec(line.trim())?.[1]);
  return [...new Set(names)].filter((name) => name !== undefined && name !== 'HEAD') as string[];
}

/** Never asks anybody anything: nobody may be there. */
async function fetch(question: UpstreamQuestion, remote: string, merge: string): Promise<void> {
  const env = { ...question.env, GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };
  const words = ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', remote, merge];
  const { exitStatus, stderr } = await git({ ...question, env }, words, fetchSeconds).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.code !== 'timed-out') throw error;
    return { exitStatus: 1, stderr: `no answer within ${fetchSeconds} s` };
  });
  if (exitStatus === 0) return;
  const lines = stderr.trim().split('\n');
  throw new Failure('git-failed', `git cannot fetch ${merge.replace('refs/heads/', '')} from ${remote}: ${lines[0]}`, {
    details: lines.slice(1),
    hint: 'Type `git fetch` to see what is wrong. Where there is no way to it now, --skip-git-check goes on without.',
  });
}
