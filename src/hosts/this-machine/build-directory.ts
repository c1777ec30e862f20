import { access } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { ImageBuild } from '../../build/image-build.ts';
import { Failure } from '../../errors.ts';
import { ensureCleanClone } from './source-clone.ts';

/** The directory that an image is built in: a clean clone's, or the one that was typed in. @throws Failure `build-failed` or `git-failed` */
export async function buildDirectory({
  build,
  cwd,
  env,
  signal,
}: {
  readonly build: ImageBuild;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { context, dockerfile, service, setup } = build;
  const directory =
    context.kind === 'clone'
      ? await ensureCleanClone({ service, cwd, root: context.root, sha: context.sha, env, signal })
      : cwd;
  const isRemote = /^(https?:|git@|git:|ssh:|-$)/.test(context.path);
  if (isRemote || setup.kind === 'pack') return directory;
  await access(isAbsolute(dockerfile) ? dockerfile : join(directory, dockerfile)).catch(() => {
    throw new Failure('build-failed', `Missing ${dockerfile}: there is no such file in ${directory}`, {
      hint:
        context.kind === 'clone'
          ? 'Commit it: the image is built from a clean clone of HEAD. Its name can be set with builder: {dockerfile: …}'
          : 'Write one, or set its name with builder: {dockerfile: …}',
    });
  });
  return directory;
}
