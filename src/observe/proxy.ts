import type { ContainerInspect, Docker } from '../hosts/docker.ts';
import { proxyContainerName } from '../containers/names.ts';
import { parseProxyState, proxyStatePath, type RecordedRoute } from '../proxy/state.ts';
import type { ObservedProxy } from './observed.ts';

/** The proxy's container, its routes, and what it is in the middle of. */
export const observeProxy = { readState, of: proxyOf };

/** kamal-proxy rewrites its record in place, so what does not parse is read once more. */
async function readState(docker: Docker): Promise<RecordedRoute[]> {
  for (let attempt = 1; ; attempt += 1) {
    const bytes = await docker.readFile(proxyContainerName, proxyStatePath);
    if (bytes === undefined) return [];
    try {
      return parseProxyState(bytes.toString('utf8'));
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
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
    container: { id: inspect.Id, image: inspect.Config.Image, state: inspect.State.Status },
    routes,
    inFlight,
  };
}
