import type { ContainerInspect, Docker } from '../hosts/docker.ts';
import { proxyContainerName } from '../containers/names.ts';
import { parseProxyState, proxyStatePath, type RecordedRoute } from '../proxy/state.ts';
import { Failure } from '../errors.ts';
import { errorOf } from './summary.ts';
import type { ObservedProxy } from './observed.ts';

const readAttempts = 5;
const readPauseMilliseconds = 100;

/** The proxy's container, its routes, and what it is in the middle of. */
export const observeProxy = { readState, of: proxyOf };

/** kamal-proxy rewrites its record in place, so what does not parse is read again. @throws Failure when it stays so */
async function readState(docker: Docker, hostName: string): Promise<RecordedRoute[]> {
  for (let attempt = 1; attempt <= readAttempts; attempt += 1) {
    const bytes = await docker.readFile(proxyContainerName, proxyStatePath);
    if (bytes === undefined) return [];
    try {
      return parseProxyState(bytes.toString('utf8'));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, readPauseMilliseconds));
    }
  }
  throw new Failure('engine-refused', `${hostName}: the proxy's record of its routes cannot be read`, {
    hint: `Is the disk of ${hostName} full? It is ${proxyStatePath} in the container ${proxyContainerName}; deploying any service there writes it anew.`,
  });
}

async function proxyOf(
  docker: Docker,
  inspect: ContainerInspect | undefined,
  routes: RecordedRoute[],
): Promise<ObservedProxy> {
  if (inspect === undefined) return { routes: [], inFlight: [] };
  const execs = await Promise.all((inspect.ExecIDs ?? []).map((id) => docker.inspectExec(id)));
  const inFlight = execs.flatMap((exec) => {
    if (exec?.Running !== true) return [];
    const [command = '', service = ''] = exec.ProcessConfig.arguments;
    return ['deploy', 'remove', 'stop'].includes(command) ? [service] : [];
  });
  return {
    container: {
      id: inspect.Id,
      image: inspect.Config.Image,
      state: inspect.State.Status,
      ...errorOf(inspect),
    },
    routes,
    inFlight,
  };
}
