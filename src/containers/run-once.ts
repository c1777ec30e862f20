import type { Creation } from './create-request.ts';
import type { ContainerSpec } from './spec.ts';

/** What would let a second container be taken for the first, or cannot be had twice. */
const ofTheFirst = [
  ...['name', 'hostname', 'network-alias', 'ip', 'ip6', 'link-local-ip', 'mac-address', 'cidfile'],
  ...['publish', 'publish-all', 'expose', 'restart', 'label', 'label-file', 'log-driver', 'log-opt'],
  ...['tty', 'interactive', 'detach', 'rm', 'stop-timeout', 'stop-signal', 'entrypoint'],
];

/**
 * A container like this one for a single command: with its image, environment, network, volumes and options, but without what the world
 * knows the first one by.
 */
export function runOnce(
  spec: ContainerSpec,
  { name, words }: { name: string; words: readonly string[] },
): ContainerSpec {
  const { hostname: _hostname, ...rest } = spec;
  return {
    ...rest,
    name,
    cmd: words,
    labels: {},
    publish: [],
    restartPolicy: 'no',
    logging: { options: {} },
    options: spec.options.filter((option) => !ofTheFirst.includes(option.name) && !option.name.startsWith('health-')),
  };
}

const noHealthcheck = { Healthcheck: { Test: ['NONE'] } };

/** Without the image's health check, which knows nothing of a single command. */
export function withoutHealthcheck(creation: Creation): Creation {
  if (creation.way === 'command-line') return { ...creation, words: ['--no-healthcheck', ...creation.words] };
  return { way: 'api', body: { ...creation.body, ...noHealthcheck } };
}

/** As `docker run --rm` makes it, with `--interactive` and `--tty` where there is something to read, or a terminal. */
export function madeForOnce(creation: Creation, { stdin, terminal }: { stdin: boolean; terminal: boolean }): Creation {
  if (creation.way === 'command-line') {
    const options = [...(stdin ? ['--interactive'] : []), ...(terminal ? ['--tty'] : [])];
    const words = ['--rm', '--no-healthcheck', ...options, ...creation.words];
    return { ...creation, words };
  }
  const { body } = creation;
  return {
    way: 'api',
    body: {
      ...body,
      AttachStdin: stdin,
      AttachStdout: true,
      AttachStderr: true,
      OpenStdin: stdin,
      StdinOnce: stdin,
      Tty: terminal,
      ...noHealthcheck,
      HostConfig: { ...body.HostConfig, AutoRemove: true },
    },
  };
}
