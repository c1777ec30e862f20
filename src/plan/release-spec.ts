import type { Config } from '../config/config.ts';
import type { ReleaseCommand } from '../config/config-phases.ts';
import { imageOf, releaseLabel, rolePrefix, serviceOnMachine } from '../containers/names.ts';
import { runOnce } from '../containers/run-once.ts';
import type { ContainerSpec } from '../containers/spec.ts';
import { outputVariable } from '../hooks/output.ts';
import type { WantedContainer } from '../app/wanted.ts';

/** Where the release command writes what it has to say, in its container. */
export const releaseOutput = { directory: '/', name: 'longshore-output' };

/** Between the role's prefix and the version. */
export const releaseInfix = '-release-';

/** `shop-web-release-4be1`; only one of them is on a machine for one version. */
export function releaseContainerName(config: Config, { role }: ReleaseCommand, version: string): string {
  return `${rolePrefix(config, role)}${releaseInfix}${version}`;
}

/**
 * The container in which a release command is run: the role's, but for what the world knows it by. Its image says whose service it is of;
 * that is taken away, so that neither Kamal nor we count it among those that serve, or that are kept for a rollback.
 */
export function releaseSpec(
  config: Config,
  release: ReleaseCommand,
  like: WantedContainer,
  version: string,
): ContainerSpec {
  const name = releaseContainerName(config, release, version);
  const once = runOnce(like.spec, { name, words: release.words });
  const isWritable = !once.options.some((option) => option.name === 'read-only' && option.value !== 'false');
  const others = once.env.filter((variable) => variable.name !== 'KAMAL_CONTAINER_NAME');
  return {
    ...once,
    image: imageOf(config, version),
    env: [
      { name: 'KAMAL_CONTAINER_NAME', value: name },
      ...others,
      ...(isWritable ? [{ name: outputVariable, value: `${releaseOutput.directory}${releaseOutput.name}` }] : []),
    ],
    labels: { service: '', [releaseLabel]: serviceOnMachine(config) },
    volumes: like.role.volumes,
  };
}
