import type { DockerOption } from '../config/config.ts';
import type { Comparison } from './differences.ts';

/** How a container is to be stopped by whoever stops it: Longshore, or the engine when its machine is switched off. */
export interface Stopping {
  readonly stopSignal?: string | undefined;
  readonly stopTimeoutSeconds?: number | undefined;
}

/** The options of a container that is to be stopped so; what the file says among them is left as it is. */
export function withStopping(
  options: readonly DockerOption[],
  { stopSignal, stopTimeoutSeconds }: Stopping,
): readonly DockerOption[] {
  const own: DockerOption[] = [
    ...(stopSignal === undefined ? [] : [{ name: 'stop-signal', value: stopSignal }]),
    ...(stopTimeoutSeconds === undefined ? [] : [{ name: 'stop-timeout', value: String(stopTimeoutSeconds) }]),
  ];
  return [...options, ...own.filter(({ name }) => !options.some((option) => option.name === name))];
}

/**
 * These are Longshore's own keys, so that a container which Kamal made is not unlike the file for lacking them. What it has as a signal may
 * be its image's, so that a changed one is not seen; a changed time-out is.
 */
export function withoutStopping(comparison: Comparison, { stopSignal, stopTimeoutSeconds }: Stopping): Comparison {
  const { spec, running, imageDefaults } = comparison;
  // No engine takes one from the image.
  const lacksTimeout = (running.Config.StopTimeout ?? undefined) === undefined;
  const left = [
    ...(stopSignal === undefined ? [] : ['stop-signal']),
    ...(stopTimeoutSeconds === undefined || !lacksTimeout ? [] : ['stop-timeout']),
  ];
  const { StopSignal } = stopSignal === undefined ? running.Config : imageDefaults;
  return {
    ...comparison,
    spec: { ...spec, options: spec.options.filter(({ name }) => !left.includes(name)) },
    running: { ...running, Config: { ...running.Config, StopSignal } },
  };
}
