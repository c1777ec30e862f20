import type { Config } from './config.ts';
import type { Accessory } from './config-accessory.ts';
import { type Path, withoutPasswords } from './sheet.ts';
import { addEnv, addRoute, envBlocksOf } from './truth-roles.ts';
import { addHealth } from './truth-swap.ts';
import { addOptions, type Put, shownSecretly, shownText } from './truth-shown.ts';

interface AccessoriesSource {
  readonly config: Config;
  /** The merged file. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly put: Put;
}

/** What the containers beside the app get. */
export function addAccessories({ config, written, put }: AccessoriesSource): void {
  const blocks = envBlocksOf(written);
  for (const accessory of config.accessories) {
    const at = ['accessories', accessory.name];
    const add = (keys: readonly string[], value: Parameters<Put>[1], ...from: Path[]) =>
      put([...at, ...keys], value, ...from);
    addContainer(accessory, add);
    addMounts(accessory, add);
    addHealth(accessory.healthcheck, (keys, value) => put([...at, 'healthcheck', ...keys], value));
    if (accessory.proxy !== undefined) {
      addRoute({ route: accessory.proxy, at: [...at, 'proxy'], blocks: [[...at, 'proxy']], put });
    }
    const [first] = accessory.hosts;
    if (first !== undefined) addEnv({ env: first.env, at: [...at, 'env'], order: [[...at, 'env']], blocks, put });
  }
}

function addContainer(accessory: Accessory, add: Put): void {
  const { registry, logging } = accessory;
  const own = ['accessories', accessory.name];
  const places = ['hosts', 'host', 'roles', 'role', 'tags', 'tag'].map((way) => [...own, way]);
  add(['service'], accessory.service);
  add(['image'], accessory.image);
  add(['registry', 'server'], registry && (registry.server ?? 'docker.io'));
  add(['registry', 'username'], registry?.username);
  add(['registry', 'password'], shownSecretly(registry?.password));
  add(['hosts'], filled(accessory.hosts.map(({ host }) => host)), ...places);
  add(['cmd'], accessory.cmd?.map(withoutPasswords));
  add(['network'], accessory.network);
  add(['port'], filled(accessory.publish));
  for (const [name, value] of Object.entries(accessory.labels)) add(['labels', name], shownText(name, value));
  addOptions(accessory.options, (name, value) => add(['options', name], value));
  add(['options', 'restart'], accessory.restartPolicy);
  add(['logging', 'driver'], logging.driver, ['logging', 'driver']);
  for (const [name, value] of Object.entries(logging.options)) {
    add(['logging', 'options', name], shownText(name, value), ['logging', 'options', name]);
  }
  add(['depends_on'], filled(accessory.dependsOn));
  add(['stop_timeout'], accessory.stopTimeoutSeconds);
  add(['stop_signal'], accessory.stopSignal);
  const { beforeReplace } = accessory;
  const before = [...own, 'before_replace'];
  add(['before_replace', 'cmd'], beforeReplace && withoutPasswords(beforeReplace.command), before);
  add(['before_replace', 'timeout'], beforeReplace?.timeoutSeconds, before);
  add(['revert'], accessory.revert);
}

/** Each under its path in the container. */
function addMounts(accessory: Accessory, add: Put): void {
  add(['volumes'], filled(accessory.volumes));
  for (const key of ['files', 'directories'] as const) {
    for (const [index, mount] of accessory[key].entries()) {
      const from = ['accessories', accessory.name, key, index];
      const put = (part: string, value: string | undefined) => add([key, mount.remote, part], value, from);
      put('local', key === 'files' ? accessory.files[index]?.local : undefined);
      put('on_machine', mount.hostPath);
      put('mode', mount.mode);
      put('owner', mount.owner);
      put('options', mount.options);
    }
  }
}

function filled(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}
