import type { DockerOption } from '../config/config.ts';
import type { Comparison } from './differences.ts';

const option = 'stop-signal';

/** The options of a container that is to be stopped by this signal. */
export function withStopSignal(options: readonly DockerOption[], signal: string | undefined): readonly DockerOption[] {
  return signal === undefined ? options : [...options, { name: option, value: signal }];
}

/** The signal to stop by is Longshore's own key, so that a container which Kamal made is not unlike the file for lacking it. */
export function withoutStopSignal(comparison: Comparison, signal: string | undefined): Comparison {
  if (signal === undefined) return comparison;
  const { spec, running, imageDefaults } = comparison;
  return {
    ...comparison,
    spec: { ...spec, options: spec.options.filter(({ name }) => name !== option) },
    running: { ...running, Config: { ...running.Config, StopSignal: imageDefaults['StopSignal'] } },
  };
}
