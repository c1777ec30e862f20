import { decideVersion } from '../build/version.ts';
import type { DevBuildResult } from '../report/results.ts';
import { buildHere, imageBuildOf } from './build.ts';
import type { Run } from './run.ts';
import { openSession } from './session.ts';

const mostListed = 100;

/** `build dev`: builds the working directory as it lies there, says what of it is not committed, and pushes nothing. @throws Failure */
export async function buildDev(output: string, run: Run): Promise<DevBuildResult> {
  const started = Date.now();
  const session = await openSession(run, { changes: 'this-machine', hooks: [], needs: ['build'] });
  const { config, tree } = session;
  const contextIsSet = config.builder.context !== undefined;
  const { version } = decideVersion({ flag: run.version, env: run.env['VERSION'], tree, contextIsSet });
  const build = await imageBuildOf(session, version, { output, dirty: true });
  const { contextChanges } = await import('../hosts/this-machine/context-changes.ts');
  const { env, signal } = run;
  const question = { cwd: process.cwd(), context: build.context.path, dockerfile: build.dockerfile, env, signal };
  const changes =
    tree.isRepository && tree.headSha !== '' ? await contextChanges(question) : { uncommitted: [], untracked: [] };
  list(run, 'Files with uncommitted changes go into the image', changes.uncommitted);
  list(run, 'Untracked files go into the image', changes.untracked);
  await buildHere(session, build);
  return { version, tags: build.tags, output, ...changes, seconds: (Date.now() - started) / 1000 };
}

function list({ emit }: Run, title: string, paths: readonly string[]): void {
  if (paths.length === 0) return;
  emit({ type: 'warning', text: `${title}:` });
  for (const path of paths.slice(0, mostListed)) emit({ type: 'note', text: `  ${path}` });
  if (paths.length > mostListed) emit({ type: 'note', text: `  and ${paths.length - mostListed} more` });
}
