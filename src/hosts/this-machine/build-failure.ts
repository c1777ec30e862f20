import type { ImageBuild } from '../../build/image-build.ts';
import { Failure } from '../../errors.ts';

export interface FailedCommand {
  readonly isPush: boolean;
  /** What it said last, without secrets. */
  readonly lines: readonly string[];
}

/** Says why docker did not build or push: the registry, the engine, or the Dockerfile. */
export function failureOf(build: ImageBuild, { isPush, lines }: FailedCommand): Failure {
  const details = lines.slice(-20);
  const error = lines.findLast((line) => /error|denied|unauthorized|cannot connect/i.test(line)) ?? lines.at(-1) ?? '';
  const why = error.replace(/^(#\d+ )?ERROR: /, '');
  if (/Cannot connect to the Docker daemon|error during connect/i.test(error)) {
    return new Failure('build-failed', `Docker does not answer on this machine: ${why}`, {
      hint: 'Start Docker, then try again',
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
  if (
    /unauthorized|denied|no basic auth|authorization failed|insufficient_scope|\b40[13]\b/i.test(
      lines.slice(-8).join('\n'),
    )
  ) {
    return new Failure('registry-refused', `The registry refused the push to ${server}: ${why}`, {
      hint: 'Check registry.username and registry.password, and that this user may push there',
      details,
    });
  }
  return new Failure('push-failed', `The image was built, but not pushed to ${server}: ${why}`, {
    hint: 'Look whether the registry can be reached from here, then try again: what was built is kept',
    details,
  });
}

/** Kamal's default driver needs an image of its own, which may be out of reach. */
export function noBuilder(output: string): Failure {
  const details = output.trim().split('\n').slice(-5);
  return new Failure('build-failed', 'The builder kamal-local-docker-container cannot be started on this machine', {
    hint: 'If moby/buildkit cannot be pulled here, build with the engine itself: builder: {driver: docker} in deploy.yml',
    details,
  });
}
