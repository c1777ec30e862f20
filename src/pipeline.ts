import { deployWith, type DeployOptions } from './pipeline/deploy.ts';
import { rollbackWith, type RollbackOptions } from './pipeline/rollback.ts';
import type { DeployResult } from './report/results.ts';
import type { Run } from './pipeline/run.ts';
import { openSession } from './pipeline/session.ts';

export type { Run } from './pipeline/run.ts';
export type { PlanResult, StatusResult } from './report/results.ts';
export { accessoryDetails } from './pipeline/accessories/details.ts';
export { execInAccessory } from './pipeline/accessories/exec.ts';
export { accessoryLogs } from './pipeline/accessories/logs.ts';
export { changeAccessories } from './pipeline/accessories/change.ts';
export { history } from './pipeline/history.ts';
export { init } from './pipeline/init.ts';
export { acquireLock, lockStatus, releaseLock } from './pipeline/lock-commands.ts';
export { checkDrift, planDeployment } from './pipeline/preview.ts';
export {
  buildDetails,
  createBuilder,
  deliverBuild,
  dockerNow,
  pullBuild,
  pushBuild as buildAndPush,
  removeBuilder,
} from './pipeline/build-commands.ts';
export { buildDev } from './pipeline/build-dev.ts';
export { registryLogin, registryLogout, registryRemove, registrySetup } from './pipeline/registry.ts';
export { extractSecret } from './secrets/fetch.ts';
export { fetchSecrets, showSecrets } from './pipeline/secrets.ts';
export { serverBootstrap } from './pipeline/server.ts';
export { serverExec } from './pipeline/server-exec.ts';
export { status } from './pipeline/status.ts';

const bootHooks = ['pre-deploy', 'pre-app-boot', 'post-app-boot', 'post-deploy', 'deploy-failed'] as const;
const deployHooks = ['pre-connect', 'pre-build', ...bootHooks] as const;

/**
 * Builds, pushes and swaps. In this order: connect and look, failing at once if somebody deploys; build and push; then under the lock
 * observe, plan and execute; then the post-deploy hook. @throws Failure
 */
export async function deploy(
  command: 'setup' | 'deploy' | 'redeploy',
  run: Run,
  options: DeployOptions = {},
): Promise<DeployResult> {
  const withAccessories = command === 'setup' || options.accessories === true;
  const hooks = command === 'setup' ? (['docker-setup', ...deployHooks] as const) : deployHooks;
  const session = await openSession(run, {
    changes: command === 'setup' ? 'setup' : 'machines',
    hooks,
    source: 'made-from',
    needs: [
      'containers',
      'registry',
      ...(run.skipPush ? [] : (['build'] as const)),
      ...(withAccessories ? (['accessories', 'accessory-routes'] as const) : []),
    ],
    ...(withAccessories ? {} : { wishes: ['accessories'] as const }),
  });
  return deployWith(session, command, options);
}

/** Starts what served before, or the version named by any unique prefix. @throws Failure */
export async function rollback(
  wanted: string | undefined,
  run: Run,
  options: RollbackOptions = {},
): Promise<DeployResult> {
  const session = await openSession(run, {
    changes: 'machines',
    hooks: deployHooks,
    needs: ['containers', 'registry'],
  });
  return rollbackWith(session, wanted, options);
}
