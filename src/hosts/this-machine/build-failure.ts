import type { BuilderSetup } from '../../build/builder-setup.ts';
import type { ImageBuild } from '../../build/image-build.ts';
import { tokenHint } from '../../build/registry-hint.ts';
import { Failure } from '../../errors.ts';

export interface FailedCommand {
  readonly isPush: boolean;
  /** What it said last, without secrets. */
  readonly lines: readonly string[];
}

const silent = /Cannot connect to the Docker daemon|error during connect|docker daemon is not running/i;
const refused = /unauthorized|denied|no basic auth|authorization failed|insufficient_scope|\b40[13]\b/i;

/** Says why docker did not build or push: the registry, the engine, the disk, or the Dockerfile. */
export function failureOf(build: ImageBuild, { isPush, lines }: FailedCommand): Failure {
  const details = lines.slice(-20);
  const error = lines.findLast((line) => /error|denied|unauthorized|cannot connect/i.test(line)) ?? lines.at(-1) ?? '';
  const why = error.replace(/^(#\d+ )?ERROR: /, '');
  if (silent.test(error)) return engineSilent(why);
  if (lines.some((line) => /no space left on device/i.test(line))) {
    return new Failure('build-failed', `There is no space left to build ${build.image}: ${why}`, {
      hint: 'Look with `docker system df`; `docker builder prune` and `docker image prune -a` make room',
      details,
    });
  }
  const wasPushing =
    isPush || lines.some((line) => /^ > (pushing |exporting to image)/.test(line)) || /failed to push/.test(error);
  if (!wasPushing) {
    return new Failure('build-failed', `The image ${build.image} could not be built: ${why}`, {
      hint: 'Look at the lines above, then try again',
      details,
    });
  }
  const server = build.image.slice(0, build.image.lastIndexOf(':'));
  const last = lines.slice(-8).join('\n');
  if (refused.test(last)) {
    const isLogin = /unauthorized|no basic auth|\b401\b/i.test(last);
    return new Failure('registry-refused', `The registry refused the push to ${server}: ${why}`, {
      hint: isLogin
        ? 'Check registry.username and registry.password: the registry does not know them'
        : `Check that registry.username may push there, and that \`image\` names a repository of theirs${tokenHint(server, 'write:packages')}`,
      details,
    });
  }
  return new Failure('push-failed', `The image was built, but not pushed to ${server}: ${why}`, {
    hint: 'Look whether the registry can be reached from here, then try again: what was built is kept',
    details,
  });
}

/** Docker is installed here, and nobody answers. */
export function engineSilent(why: string): Failure {
  return new Failure('build-failed', `Docker does not answer on this machine: ${why}`, {
    hint: 'Start Docker, then try again',
  });
}

/** Kamal's default driver needs an image of its own, which may be out of reach; another machine may be too. */
export function noBuilder({ name, nodes, kind }: BuilderSetup, output: string): Failure {
  const details = output.trim().split('\n').slice(-5);
  const last = details.at(-1)?.replace(/^ERROR: /, '') ?? '';
  const endpoint = nodes.find(({ context }) => context !== undefined)?.context?.endpoint;
  if (endpoint !== undefined && /ssh|dial|connect|lookup|permission denied/i.test(last)) {
    const address = endpoint.replace(/^ssh:\/\//, '').replace(/:(\d+)$/, ' -p $1');
    return new Failure('build-failed', `builder.remote ${endpoint} cannot be used: ${last}`, {
      hint: endpoint.startsWith('ssh:')
        ? `Docker logs in there by the command ssh, with its settings. Try: ssh ${address} docker version`
        : `Is a Docker engine listening there? Try: docker -H ${endpoint} version`,
      details,
    });
  }
  if (silent.test(output)) return engineSilent(last);
  return new Failure('build-failed', `The builder ${name} cannot be started: ${last}`, {
    hint:
      kind === 'cloud'
        ? 'Docker Build Cloud needs Docker’s own buildx and a `docker login` of the organisation'
        : 'If moby/buildkit cannot be pulled here, build with the engine itself: builder: {driver: docker} in deploy.yml',
    details,
  });
}
