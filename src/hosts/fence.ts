import type { Docker } from './docker.ts';
import type { Host } from './host.ts';
import type { Watch } from './watch.ts';

/** Stands between a run and the machines: what changes one has to pass it first. */
export interface Fence {
  /** Whether a change may be made at this very moment, without asking anybody. */
  isOpen(): boolean;
  /** Finds out whether a change may be made. @throws Failure when it may not */
  pass(): Promise<void>;
}

/** The same machine, on which every call that changes something passes the fence right before it is made. */
export function fenced(host: Host, fence: Fence): Host {
  return {
    ...gated(host, hostCalls, fence),
    docker: gated(host.docker, dockerCalls, fence),
    watch: gated(host.watch, watchCalls, fence),
  };
}

type Effect = 'looks' | 'changes';
type CallsOf<T> = { [Name in keyof T]: T[Name] extends (...given: never[]) => unknown ? Name : never }[keyof T];

/** The lock's own calls pass by their token. */
const hostCalls = {
  readState: 'looks',
  readBootFacts: 'looks',
  describeFiles: 'looks',
  writeFile: 'changes',
  appendLines: 'changes',
  makeDirectory: 'changes',
  writeDirectory: 'changes',
  moveDirectory: 'changes',
  moveFiles: 'changes',
  removeDirectories: 'changes',
  syncAssets: 'changes',
  setAccess: 'changes',
  acquireLock: 'looks',
  takeOverLock: 'looks',
  lookAtLock: 'looks',
  leaveLine: 'looks',
  refreshLock: 'looks',
  releaseLock: 'looks',
  enlist: 'looks',
  createByCommandLine: 'changes',
  runScript: 'changes',
  execInContainer: 'changes',
  stream: 'changes',
  reachBack: 'looks',
  probe: 'looks',
  installDocker: 'changes',
  close: 'looks',
} as const satisfies Record<CallsOf<Host>, Effect>;

const dockerCalls = {
  listContainers: 'looks',
  listStopping: 'looks',
  inspectContainer: 'looks',
  createContainer: 'changes',
  startContainer: 'changes',
  stopContainer: 'changes',
  signalContainer: 'changes',
  renameContainer: 'changes',
  setRestartPolicy: 'changes',
  removeContainer: 'changes',
  waitForExit: 'looks',
  lastExitStatus: 'looks',
  logs: 'looks',
  listImages: 'looks',
  inspectImage: 'looks',
  pullImage: 'changes',
  registryDigest: 'looks',
  tagImage: 'changes',
  removeImage: 'changes',
  inspectNetwork: 'looks',
  createNetwork: 'changes',
  readFile: 'looks',
  putFiles: 'changes',
  inspectExec: 'looks',
  info: 'looks',
} as const satisfies Record<CallsOf<Docker>, Effect>;

const watchCalls = {
  over: 'changes',
  covers: 'looks',
  isWaking: 'looks',
  handOver: 'changes',
  wake: 'changes',
} as const satisfies Record<CallsOf<Watch>, Effect>;

function gated<T extends object>(object: T, calls: Readonly<Record<string, Effect>>, fence: Fence): T {
  const changing = Object.keys(calls).filter((name) => calls[name] === 'changes');
  const behind = changing.map((name) => {
    const call = object[name as keyof T] as (...given: unknown[]) => Promise<unknown>;
    return [
      name,
      async (...given: unknown[]) => {
        if (!fence.isOpen()) await fence.pass();
        return call(...given);
      },
    ];
  });
  return { ...object, ...Object.fromEntries(behind) };
}
