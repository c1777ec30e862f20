import { imageOf } from '../containers/names.ts';
import { buildAndPush } from './build.ts';
import { runHookHere } from './hooks.ts';
import type { Run } from './run.ts';
import { openSession, versionOfRun } from './session.ts';

/** `build push`: builds and pushes, and touches no machine. */
export async function pushBuild(
  run: Run,
): Promise<{ version: string; image: string; digest: string; seconds: number }> {
  const started = Date.now();
  const session = await openSession(run, {
    changes: 'registry',
    hooks: ['pre-connect', 'pre-build'],
    needs: ['build', 'registry'],
    source: 'made-from',
  });
  const version = versionOfRun(session);
  await runHookHere(session, { hook: 'pre-connect', version, hosts: session.config.hosts, lockHeld: false });
  const digest = await buildAndPush(session, version);
  return { version, image: imageOf(session.config, version), digest, seconds: (Date.now() - started) / 1000 };
}
