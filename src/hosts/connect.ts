import { syncAssets } from './assets.ts';
import { readBootFacts } from './boot-facts.ts';
import { connectionOf } from './connection.ts';
import { createByCommandLine, execInContainer } from './docker-by-shell.ts';
import { dockerChannels } from './docker-channels.ts';
import { dockerOverSsh } from './docker-over-ssh.ts';
import {
  appendLines,
  describeFiles,
  makeDirectory,
  moveDirectory,
  moveFiles,
  removeDirectories,
  setAccess,
  writeDirectory,
  writeFile,
} from './files.ts';
import type { Host } from './host.ts';
import { installDocker } from './install-docker.ts';
import type { AskSecret } from './keys.ts';
import { hostLock } from './lock.ts';
import { logIn } from './login.ts';
import { reachBack } from './reach-back.ts';
import { probe } from './probe.ts';
import { enlist } from './roster.ts';
import { runScript } from './run-script.ts';
import { openShell } from './shell.ts';
import { shellPool } from './shell-pool.ts';
import type { Asked } from './ssh-settings.ts';
import { readState } from './state.ts';
import { stream } from './stream.ts';
import { hostWatch } from './watch.ts';

export interface ConnectRequest {
  /** As written in the config. */
  name: string;
  ssh: Asked & { readonly user: string; readonly port: number };
  acceptNewHostKeys: boolean;
  env: Readonly<Record<string, string | undefined>>;
  askSecret?: AskSecret | undefined;
  signal: AbortSignal;
}

/**
 * Opens the one connection to a machine, with a shell and channels to its Docker Engine opened ahead. Whether Docker is there
 * shows at the first call on `docker`, which fails with `host-without-docker`.
 * @throws Failure `host-unreachable`, `host-key-unknown`, `host-key-changed`, `host-login-refused` or `interrupted`
 */
export async function connect(request: ConnectRequest): Promise<Host> {
  const { client, way, settings } = await logIn(request);
  const connection = connectionOf({
    name: request.name,
    user: settings.user,
    client,
    way,
    forwardsAgent: settings.forwardsAgent,
  });
  const shell = openShell(connection);
  const longShells = shellPool(connection);
  const channels = dockerChannels(connection, shell);
  const lock = hostLock(shell, request.name);
  return {
    name: request.name,
    docker: dockerOverSsh(connection, channels),
    watch: hostWatch(connection, longShells, channels),
    readState: (query) => readState(shell, query),
    readBootFacts: () => readBootFacts(shell),
    writeFile: (path, content, mode) => writeFile(shell, path, content, mode),
    appendLines: (path, lines) => appendLines(shell, path, lines),
    makeDirectory: (path) => makeDirectory(shell, path),
    writeDirectory: (path, files) => writeDirectory(shell, path, files),
    moveDirectory: (from, to) => moveDirectory(shell, from, to),
    moveFiles: (moves) => moveFiles(shell, moves),
    removeDirectories: (paths) => removeDirectories(longShells.idle(), paths),
    syncAssets: async (sync) => syncAssets(longShells, await channels.way(), { name: request.name, sync }),
    setAccess: (path, access) => setAccess(shell, path, access),
    describeFiles: (paths) => describeFiles(longShells.idle(), paths),
    acquireLock: lock.acquire,
    takeOverLock: lock.takeOver,
    lookAtLock: lock.look,
    leaveLine: lock.leaveLine,
    refreshLock: lock.refresh,
    releaseLock: lock.release,
    enlist: (enlistment) => enlist(longShells.idle(), request.name, enlistment),
    createByCommandLine: async (words, secretEnv) =>
      createByCommandLine(longShells, await channels.way(), { words, secretEnv }),
    execInContainer: async (container, words, timeoutSeconds) =>
      execInContainer(longShells, await channels.way(), { container, words, timeoutSeconds }),
    stream: (run) => stream(connection, () => channels.way(), run),
    runScript: (run) => runScript(connection, run),
    reachBack: (port) => reachBack(connection, port),
    probe: (wanted) => probe(connection, shell, wanted),
    installDocker: (onLine) => installDocker(connection, onLine),
    closed: connection.closed,
    close: () => connection.close(),
  };
}
