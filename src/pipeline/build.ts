import { planImageBuild, type ImageBuild } from '../build/image-build.ts';
import { thisMachine } from '../plan/plan.ts';
import { runHookHere } from './hooks.ts';
import type { Session } from './session.ts';

/** Runs the pre-build hook, builds here and pushes. @returns the digest that every machine's pull must answer with */
export async function buildAndPush(session: Session, version: string): Promise<string> {
  const { run, config, secrets, credentials, mask } = session;
  await runHookHere(session, { hook: 'pre-build', version, hosts: config.hosts, lockHeld: false });
  const { buildAndPushImage } = await import('../hosts/this-machine/image-builder.ts');
  const build = imageBuildOf(session, version);
  const task = `build and push ${build.image}`;
  const started = Date.now();
  let outcome: 'done' | 'failed' = 'failed';
  run.emit({ type: 'task-started', task });
  try {
    const { digest } = await buildAndPushImage({
      build,
      cwd: process.cwd(),
      env: run.env,
      ...(credentials === undefined ? {} : { login: loginOf(credentials) }),
      secretValues: Object.fromEntries(build.secrets.map((name) => [name, secrets.get(name) ?? ''])),
      mask,
      onLine: (line) => run.emit({ type: 'output', host: thisMachine, source: 'build', line: mask(line) }),
      signal: run.signal,
    });
    outcome = 'done';
    return digest;
  } finally {
    run.emit({ type: 'task-ended', task, seconds: (Date.now() - started) / 1000, outcome });
  }
}

export function imageBuildOf({ run, config, tree }: Session, version: string): ImageBuild {
  return planImageBuild({ config, version, tree, useCache: !run.noCache });
}

function loginOf({ server, username, password }: NonNullable<Session['credentials']>): {
  server?: string;
  username: string;
  password: string;
} {
  return { ...(server === 'docker.io' ? {} : { server }), username, password };
}
