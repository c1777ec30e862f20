import { Failure } from '../../src/errors.ts';
import type { Host, ScriptRun } from '../../src/hosts/host.ts';
import { syncAssets } from './assets.ts';
import { createByCommandLine } from './command-line.ts';
import { probe } from './probe.ts';
import { fakeDocker } from './docker.ts';
import {
  appendLines,
  describeFiles,
  makeDirectory,
  readState,
  moveDirectory,
  moveFiles,
  removeDirectories,
  setAccess,
  writeDirectory,
  writeFile,
} from './files.ts';
import { acquireLock, enlist, lookAtLock, refreshLock, releaseLock, takeOverLock } from './lock.ts';
import type { Call, FakeConnection, MachineState } from './machine.ts';
import { leaveLine } from './lock-line.ts';
import { runInProxy } from './proxy.ts';
import { stream } from './stream.ts';
import { fakeWatch } from './watch.ts';
import { runInWorker } from './worker.ts';

/** How calls reach the machine: over a connection that may be cut, before, during or after the change. */
export interface Line {
  /** Only looks. */
  look<T>(work: () => T | Promise<T>): Promise<T>;
  /** Changes something, and lets the machine's `onCall` hear of it. */
  change<T>(
    name: string,
    args: readonly unknown[],
    work: (hear: (moment: Call['moment']) => void) => T | Promise<T>,
  ): Promise<T>;
}

/** One connection to a machine in memory. */
export function fakeHost(machine: MachineState, onClosed: () => void): { host: Host; cut: () => void } {
  if (machine.isDown) throw new Failure('host-unreachable', `${machine.name} cannot be reached: connection refused.`);
  let isClosed = false;
  const unanswered = new Set<() => void>();
  let end: () => void = () => undefined;
  let giveUp: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    end = () => {
      isClosed = true;
      for (const lose of unanswered) lose();
      onClosed();
      giveUp();
      resolve();
    };
  });
  const lost = (what: string) => new Failure('connection-lost', `The connection to ${machine.name} was lost: ${what}.`);
  /** Every reply that has not come is lost once the connection has ended; the work goes on. */
  const answered = <T>(what: string, work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const lose = () => reject(lost(what));
      unanswered.add(lose);
      work.then(resolve, reject).finally(() => unanswered.delete(lose));
    });
  const line: Line = {
    async look(work) {
      if (isClosed) throw lost('look');
      return answered('look', (async () => work())());
    },
    async change(name, args, work) {
      if (isClosed) throw lost(name);
      machine.callCount += 1;
      const number = machine.callCount;
      const hear = (moment: Call['moment']) => {
        if (machine.onCall?.({ name, args, moment, number }) === 'cut') end();
      };
      const doing = (async () => {
        hear('before');
        if (isClosed) throw lost(name);
        const answer = await work(hear);
        hear('after');
        return answer;
      })();
      return answered(name, doing);
    },
  };
  const watching = fakeWatch(machine, line);
  giveUp = watching.giveUp;
  const { watch } = watching;
  return {
    host: { ...hostOver(machine, line, { closed, end: () => end(), isOpen: () => !isClosed }), watch },
    cut: () => end(),
  };
}

function hostOver(
  machine: MachineState,
  line: Line,
  connection: FakeConnection & { closed: Promise<void> },
): Omit<Host, 'watch'> {
  return {
    name: machine.name,
    docker: fakeDocker(machine, line),
    closed: connection.closed,
    close: async () => connection.end(),
    readState: (query) => line.look(() => readState(machine, query)),
    readBootFacts: () =>
      line.look(() => ({
        ...machine.bootFacts,
        addresses: machine.bootFacts.addresses.filter(({ address }) => !machine.missingAddresses.has(address)),
      })),
    writeFile: (path, content, mode) =>
      line.change('writeFile', [path, content, mode], () => writeFile(machine, path, content, mode)),
    appendLines: (path, lines) => line.change('appendLines', [path, lines], () => appendLines(machine, path, lines)),
    describeFiles: (paths) => line.look(() => describeFiles(machine, paths)),
    setAccess: (path, access) => line.change('setAccess', [path, access], () => setAccess(machine, path, access)),
    makeDirectory: (path) => line.change('makeDirectory', [path], () => makeDirectory(machine, path)),
    writeDirectory: (path, files) =>
      line.change('writeDirectory', [path, files], () => writeDirectory(machine, path, files)),
    moveDirectory: (from, to) => line.change('moveDirectory', [from, to], () => moveDirectory(machine, from, to)),
    moveFiles: (moves) => line.change('moveFiles', [moves], () => moveFiles(machine, moves)),
    removeDirectories: (paths) => line.change('removeDirectories', [paths], () => removeDirectories(machine, paths)),
    syncAssets: (sync) => line.change('syncAssets', [sync], () => syncAssets(machine, sync)),
    acquireLock: (request) => line.change('acquireLock', [request], () => acquireLock(machine, request, connection)),
    takeOverLock: (request) => line.change('takeOverLock', [request], () => takeOverLock(machine, request, connection)),
    lookAtLock: (request) => line.change('lookAtLock', [request], () => lookAtLock(machine, request)),
    leaveLine: (place) => line.change('leaveLine', [place], () => leaveLine(machine, place)),
    refreshLock: (directory, token) =>
      line.change('refreshLock', [directory, token], () => refreshLock(machine, directory, token)),
    releaseLock: (request) => line.change('releaseLock', [request], () => releaseLock(machine, request)),
    enlist: (enlistment) => line.change('enlist', [enlistment], () => enlist(machine, enlistment, connection)),
    createByCommandLine: (words, secretEnv) =>
      line.change('createByCommandLine', [words, secretEnv], () => createByCommandLine(machine, words, secretEnv)),
    execInContainer: (container, words, timeoutSeconds) =>
      line.change('execInContainer', [container, words, timeoutSeconds], (hear) =>
        words[0] === 'kamal-proxy'
          ? runInProxy(machine, container, words, () => hear('during'))
          : runInWorker(machine, container, words),
      ),
    stream: (run) => line.change('stream', [run.streamed], () => stream(machine, run)),
    runScript: (run) => line.change('runScript', [run.name], () => runScript(machine, run)),
    reachBack: (port) =>
      line.change('reachBack', [port], () => {
        if (!machine.forwardsPorts) {
          throw new Failure(
            'forwarding-refused',
            `${machine.name}: its sshd does not lead localhost:${port} back here.`,
          );
        }
        machine.reachedBack.add(port);
        return () => void machine.reachedBack.delete(port);
      }),
    probe: (wanted) => line.look(() => probe(machine, wanted)),
    installDocker: (onLine) =>
      line.change('installDocker', [], () => {
        if (machine.hasDocker) return [];
        machine.hasDocker = true;
        onLine('installed Docker');
        machine.journal.push('install Docker');
        return ['installed Docker'];
      }),
  };
}

async function runScript(machine: MachineState, run: ScriptRun): Promise<number> {
  const { name, script, env, secretEnv, signal } = run;
  if (signal.aborted) throw new Failure('interrupted', `${machine.name}: ${name} was interrupted and stopped.`);
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(new Failure('interrupted', `${machine.name}: ${name} was interrupted and stopped.`)),
    );
  });
  machine.journal.push(`run ${name}`);
  const said = [...script.matchAll(/^echo (\S+) >>"\$LONGSHORE_OUTPUT"$/gm)].map(([, line]) => `${line}\n`).join('');
  const earlier = isStillAtWork(machine, run);
  const work = (async () => ((await earlier) ? 126 : (machine.onScript?.(script, { ...env, ...secretEnv }) ?? 0)))();
  if (run.start !== undefined) machine.starts.set(run.start, work);
  return Promise.race([interrupted, work]).finally(() => said !== '' && run.onOutput?.(said));
}

/** The same start as one that is not over is taken for that one, of which nobody heard any more. */
async function isStillAtWork({ starts }: MachineState, { start = '' }: ScriptRun): Promise<boolean> {
  const isOver = starts.get(start)?.then(
    () => false,
    () => false,
  );
  const waited = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 20_000));
  return isOver === undefined ? false : Promise.race([isOver, waited]);
}
