import { abbreviateVersion, type SourceTree } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import { Failure } from '../errors.ts';
import { compareWithUpstream, type UpstreamQuestion } from '../hosts/this-machine/git-upstream.ts';
import type { Run } from './run.ts';

interface Source {
  readonly run: Run;
  readonly config: Pick<Config, 'gitRequires' | 'file'>;
  readonly tree: SourceTree;
  readonly cwd: string;
}

const mostPaths = 10;

/** Whether the work tree is as `git.require` wants it. @throws Failure `source-not-clean`, `source-not-in-sync` or `git-failed` */
export async function requireSource(source: Source): Promise<void> {
  const { run, config } = source;
  if (config.gitRequires === undefined) return;
  if (run.skipGitCheck !== true) return checkSource(source, 'fetched');
  const found = await checkSource(source, 'last-seen').catch((error: unknown) => error);
  const what = found instanceof Failure ? `: ${found.message}` : '';
  run.emit({ type: 'warning', text: `git.require: ${config.gitRequires} was not enforced (--skip-git-check)${what}` });
}

/** Says what a deploy would refuse, without asking the remote. */
export async function noteSource(source: Source): Promise<void> {
  const { run, config } = source;
  if (config.gitRequires === undefined) return;
  const found = await checkSource(source, 'last-seen').catch((error: unknown) => error);
  if (!(found instanceof Failure)) return;
  run.emit({ type: 'note', text: `A deploy would refuse (git.require: ${config.gitRequires}): ${found.message}` });
}

async function checkSource({ run, config, tree, cwd }: Source, as: UpstreamQuestion['as']): Promise<void> {
  const wanted = `${config.file} says git.require: ${config.gitRequires}`;
  const emergency = 'in an emergency --skip-git-check goes on all the same';
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
      hint: `Commit, stash or ignore them; ${emergency}.`,
    });
  }
  if (config.gitRequires === 'clean') return;
  if (tree.branch === undefined) {
    throw new Failure('source-not-in-sync', `No branch is checked out, and ${wanted}`, {
      hint: `Check out a branch (git switch main); ${emergency}.`,
    });
  }
  const { branch } = tree;
  const upstream = await compareWithUpstream({ cwd, env: run.env, signal: run.signal, branch, as });
  if (upstream === undefined) {
    throw new Failure('source-not-in-sync', `The branch ${branch} follows no other, and ${wanted}`, {
      hint: `Say which: git push -u origin ${branch}, or git branch --set-upstream-to origin/${branch}; ${emergency}.`,
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
    hint: `Type ${todo}; ${emergency}.`,
  });
}

function commits(count: number): string {
  return count === 1 ? '1 commit' : `${count} commits`;
}
