import type { CreateContainerBody } from '../../src/hosts/docker.ts';
import { createContainer } from './containers.ts';
import { refused } from './images.ts';
import type { MachineState } from './machine.ts';

/** The options of `docker create` that take the next word as their value in what Longshore writes. */
const withValue = [
  'name',
  'network',
  'restart',
  'hostname',
  'env',
  'log-driver',
  'log-opt',
  'volume',
  'publish',
  'label',
];

/** `docker create` with these words. @returns the id */
export function createByCommandLine(
  machine: MachineState,
  words: readonly string[],
  secretEnv: Readonly<Record<string, string>>,
): string {
  const options: [string, string][] = [];
  let index = 0;
  for (; words[index]?.startsWith('--') === true; index += 1) {
    const [name = '', ...value] = (words[index] ?? '').slice(2).split('=');
    if (value.length > 0) options.push([name, value.join('=')]);
    else options.push([name, withValue.includes(name) ? (words[(index += 1)] ?? '') : 'true']);
  }
  const [image = '', ...cmd] = words.slice(index);
  const all = (name: string) => options.filter(([option]) => option === name).map(([, value]) => value);
  if (all('unknown').length > 0) throw refused(machine, 'create a container', 'unknown flag: --unknown');
  const restart = all('restart')[0] ?? 'no';
  const [policy = 'no', retries] = restart.split(':');
  const body: CreateContainerBody = {
    Image: image,
    ...(all('hostname')[0] === undefined ? {} : { Hostname: all('hostname')[0] ?? '' }),
    ...(cmd.length === 0 ? {} : { Cmd: cmd }),
    Env: [...Object.entries(secretEnv).map(([name, value]) => `${name}=${value}`), ...all('env')],
    Labels: Object.fromEntries(
      all('label').map((label) => [label.split('=', 1)[0] ?? '', label.split('=').slice(1).join('=')]),
    ),
    HostConfig: {
      NetworkMode: all('network')[0] ?? 'bridge',
      RestartPolicy: { Name: policy, MaximumRetryCount: Number(retries ?? 0) },
      Binds: all('volume'),
      LogConfig: {
        Type: all('log-driver')[0] ?? '',
        Config: Object.fromEntries(all('log-opt').map((option) => option.split('=', 2))),
      },
    },
  };
  return createContainer(machine, all('name')[0] ?? `unnamed-${machine.callCount}`, body).id;
}
