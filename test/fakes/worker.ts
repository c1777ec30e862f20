import type { ExecResult } from '../../src/hosts/docker.ts';
import { findContainer, type FakeContainer } from './containers.ts';
import type { MachineState } from './machine.ts';

/** `docker exec` in a container of the app, which knows what the test says, or else `quiet`, `drained` and `ready`. */
export function runInWorker(machine: MachineState, id: string, words: readonly string[]): ExecResult {
  const container = findContainer(machine, id);
  const said = (exitStatus: number, stdout = '') => ({ exitStatus, stdout, stderr: '' });
  if (container === undefined) return { ...said(1), stderr: `Error: No such container: ${id}\n` };
  if (container.state !== 'running')
    return { ...said(1), stderr: `Error response from daemon: Container ${id} is not running\n` };
  if (machine.onExec !== undefined)
    return { ...said(machine.onExec(container.name, words)), stderr: `said by ${words[0]}\n` };
  switch (words[0]) {
    case 'quiet':
      container.quietSince ??= Date.now();
      return said(0);
    case 'drained': {
      const left = (container.quietSince ?? Infinity) + machine.jobSeconds * 1000 - Date.now();
      return left > 0 ? said(1, 'looking\n2 jobs in flight\n') : said(0);
    }
    case 'ready':
      return said(container.image.behaviour.kind === 'healthy' ? 0 : 1);
    default:
      return {
        ...said(126),
        stderr: `OCI runtime exec failed: exec: "${words[0]}": executable file not found in $PATH`,
      };
  }
}

/** Every signal that a test sends tells a worker to take no new jobs. */
export function signalContainer(machine: MachineState, container: FakeContainer, signal: string): void {
  if (container.state !== 'running') return;
  container.quietSince ??= Date.now();
  machine.journal.push(`signal container ${container.name} ${signal}`);
}
