import { globPattern } from '../app/select.ts';
import { abbreviateVersion, type SourceTree } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import { Failure } from '../errors.ts';
import { branchesAtHead, compareWithUpstream, type UpstreamQuestion } from '../hosts/this-machine/git-upstream.ts';
import type { Run } from './run.ts';

interface Source {
  readonly run: Run;
  readonly config: Pick<Config, 'gitRequires' | 'gitBranches' | 'file'>;
  readonly tree: SourceTree;
  readonly cwd: string;
}

const mostPaths = 10;
const inAnEmergency = 'in an emergency --skip-git-check goes on all the same';

/**
 * Whether the work tree is as `git.require` wants it, and of a branch that `git.branches` names.
 * @throws Failure `source-not-clean`, `source-not-in-sync`, `branch-not-allowed` or `git-failed`; both problems together
 */
export async function requireSource(source: Source): Promise<void> {
  const { run, config } = source;
  if (asksNothing(config)) return;
  const problem = await problemOf(source, run.skipGitCheck === true ? 'last-seen' : 'fetched');
  if (run.skipGitCheck !== true) {
    if (problem !== undefined) throw problem;
    return;
  }
  const what = problem === undefined ? '' : `: ${problem.message}`;
  run.emit({ type: 'warning', text: `${wishes(config)} was not enforced (--skip-git-check)${what}` });
}

/** Says what a deploy would refuse, without asking the remote. */
export async function noteSource(source: Source): Promise<void> {
  const { run, config } = source;
  if (asksNothing(config)) return;
  const problem = await problemOf(source, 'last-seen');
  if (problem === undefined) return;
  run.emit({ type: 'note', text: `A deploy would refuse (${wishes(config)}): ${problem.message}` });
}

function asksNothing({ gitRequires, gitBranches }: Source['config']): boolean {
  return gitRequires === undefined && gitBranches === undefined;
}

function wishes({ gitRequires, gitBranches }: Source['config']): string {
  const require = gitRequires === undefined ? [] : [`git.require: ${gitRequires}`];
  return [...require, ...(gitBranches === undefined ? [] : [`git.branches: ${gitBranches.join(', ')}`])].join(', ');
}

async function problemOf(source: Source, as: UpstreamQuestion['as']): Promise<Failure | undefined> {
  const problems: Failure[] = [];
  for (const check of [checkBranch, checkSource]) {
    await check(source, as).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      problems.push(error);
    });
  }
  const [first, second] = problems;
  if (first === undefined || second === undefined) return first;
  return new Failure(first.code, `${first.message}; ${second.message}`, {
    details: problems.flatMap(({ details }) => details),
    hint: problems.flatMap(({ hint }) => hint ?? []).join(' '),
  });
}

async function checkBranch({ run, config, tree, cwd }: Source): Promise<void> {
  if (config.gitBranches === undefined) return;
  const allowed = config.gitBranches.map(globPattern);
  const isAllowed = (branch: string) => allowed.some((pattern) => pattern.test(branch));
  const at =
    tree.branch === undefined ? await branchesAtHead({ cwd, env: run.env, signal: run.signal }) : [tree.branch];
  if (at.some(isAllowed)) return;
  const what =
    tree.branch === undefined ? 'What is checked out is of no branch' : `The branch ${tree.branch} is not one`;
  throw new Failure(
    'branch-not-allowed',
    `${what} that ${config.file} allows (git.branches: ${config.gitBranches.join(', ')})`,
    {
      hint: `Check out one of them; ${inAnEmergency}.`,
    },
  );
}

async function checkSource({ run, config, tree, cwd }: Source, as: UpstreamQuestion['as']): Promise<void> {
  if (config.gitRequires === undefined) return;
  const wanted = `${config.file} says git.require: ${config.gitRequires}`;
  if (!tree.isRepository || tree.headSha === '') {
    const what = tree.isRepository ? 'has no commit yet' : 'is not in a git repository';
    throw new Failure('source-not-clean', `${tree.root} ${what}, and ${wanted}`, { hint: 'Commit first.' });
  }
  if (tree.dirty) {
    const { changedPaths: paths } = tree;
    const what = paths.length === 1 ? '1 file is not as' : `${paths.length} files are not as`;
    throw new Failure('source-not-clean', `${what} in commit ${abbreviateVersion(tree.headSha)}, and ${wanted}`, {
      details: [
        ...paths.slice(0, mostPaths),
        ...(paths.length > mostPaths ? [`and ${paths.length - mostPaths} more`] : []),
      ],
      hint: `Commit, stash or ignore them; ${inAnEmergency}.`,
    });
  }
  if (config.gitRequires === 'clean') return;
  if (tree.branch === undefined) {
    throw new Failure('source-not-in-sync', `No branch is checked out, and ${wanted}`, {
      hint: `Check out a branch (git switch main); ${inAnEmergency}.`,
    });
  }
  const { branch } = tree;
  const upstream = await compareWithUpstream({ cwd, env: run.env, signal: run.signal, branch, as });
  if (upstream === undefined) {
    throw new Failure('source-not-in-sync', `The branch ${branch} follows no other, and ${wanted}`, {
      hint: `Say which: git push -u origin ${branch}, or git branch --set-upstream-to origin/${branch}; ${inAnEmergency}.`,
    });
  }
  const { name, ahead, behind } = upstream;
  if (ahead + behind === 0) return;
  const counted = [
    ...(ahead === 0 ? [] : [`${commits(ahead)} that ${name} has not`]),
    ...(behind === 0 ? [] : [`not the ${commits(behind)} that ${name} has`]),
  ];
  const todo = [...(behind === 0 ? [] : ['git pull']), ...(ahead === 0 ? [] : ['git push'])].join(' and ');
  throw new Failure('source-not-in-sync', `${branch} has ${counted.join(', and ')}; ${wanted}`, {
    hint: `Type ${todo}; ${inAnEmergency}.`,
  });
}

function commits(count: number): string {
  return count === 1 ? '1 commit' : `${count} commits`;
}
