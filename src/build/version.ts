import { Failure } from '../errors.ts';

/** What git says about the directory that is deployed from. */
export interface SourceTree {
  readonly isRepository: boolean;
  /** Root of the work tree; the directory itself when it is no repository. */
  readonly root: string;
  /** Full hex; empty before the first commit and outside of a repository. */
  readonly headSha: string;
  /** Absent on a detached head. */
  readonly branch?: string;
  readonly dirty: boolean;
  /** Paths that differ from HEAD, untracked ones included, sorted. */
  readonly changedPaths: readonly string[];
  /** 64 hex digits over names, modes and contents of `changedPaths`; empty for a clean tree. */
  readonly diffHash: string;
  readonly userName: string;
  readonly userEmail: string;
  /** Who deploys, as Kamal says it: git's user.email, else the login name. */
  readonly performer: string;
  /** When HEAD was committed, ISO 8601. */
  readonly commitTime?: string;
}

export interface VersionQuestion {
  /** `--version` */
  readonly flag?: string | undefined;
  /** Environment variable VERSION; an empty one counts as none. */
  readonly env?: string | undefined;
  readonly tree: SourceTree;
  /** Whether `builder.context` is set, so that uncommitted changes are in the image. */
  readonly contextIsSet: boolean;
}

export interface DecidedVersion {
  readonly version: string;
  readonly source: 'flag' | 'env' | 'git';
  /** What a person should hear about it. */
  readonly note?: string;
}

/** Decides which version is deployed. @throws Failure `version-unknown` when nothing names one, `usage` when no image can be called so */
export function decideVersion({ flag, env, tree, contextIsSet }: VersionQuestion): DecidedVersion {
  if (flag) return { version: valid(flag, '--version'), source: 'flag' };
  if (env) {
    const version = valid(env, 'the environment variable VERSION');
    return { version, source: 'env', note: `Version ${version} comes from the environment variable VERSION` };
  }
  if (!tree.isRepository || tree.headSha === '') {
    throw new Failure('version-unknown', `${tree.root} ${whyNoVersion(tree)}, so no version is known`, {
      hint: 'Commit first, or name a version with --version',
    });
  }
  if (!tree.dirty) return { version: tree.headSha, source: 'git' };
  if (contextIsSet) {
    const version = `${tree.headSha}_uncommitted_${tree.diffHash.slice(0, 16)}`;
    return { version, source: 'git', note: `Building with uncommitted changes: ${listed(tree.changedPaths)}` };
  }
  return {
    version: tree.headSha,
    source: 'git',
    note: `Uncommitted changes are not in the image, which is built from a clean clone of HEAD: ${listed(tree.changedPaths)}`,
  };
}

/** How a version is said in a few characters: 7 of them, unless it is one with uncommitted changes (or any other `_`). */
export function abbreviateVersion(version: string): string {
  return version.includes('_') ? version : version.slice(0, 7);
}

function valid(version: string, from: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(version)) return version;
  throw new Failure('usage', `${from} is ${JSON.stringify(version)}, which cannot be an image's tag`, {
    hint: 'Use at most 128 letters, digits, dots, dashes and underscores, and no dot or dash first',
  });
}

function whyNoVersion(tree: SourceTree): string {
  return tree.isRepository ? 'has no commit yet' : 'is not in a git repository';
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).join(', ');
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown;
}
