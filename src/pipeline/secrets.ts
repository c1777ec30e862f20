import { loadConfig } from '../config/load.ts';
import { type Fetch, fetchAsJson } from '../secrets/fetch.ts';
import { createProviders } from '../secrets/providers.ts';
import { lookAtSecrets } from '../secrets/resolve.ts';
import type { SecretsResult } from '../report/secrets.ts';
import { loadRequest, type Run } from './run.ts';

/** What is in a vault, as the JSON that `secrets extract` reads; the config file is not looked at. @throws Failure */
export function fetchSecrets(request: Fetch, { env, askSecret }: Run): Promise<string> {
  const ask = askSecret === undefined ? {} : { ask: askSecret };
  return fetchAsJson(request, createProviders({ cwd: process.cwd(), env, ...ask }));
}

/** Every secret of the file's destination, with its value or what is wrong with it. @throws Failure */
export async function showSecrets(run: Run): Promise<SecretsResult> {
  const cwd = process.cwd();
  const config = loadConfig(loadRequest(run, cwd));
  const secrets = await lookAtSecrets({
    path: config.secretsPath,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    cwd,
    env: run.env,
    onWarning: (text: string) => run.emit({ type: 'warning', text }),
    ...(run.askSecret === undefined ? {} : { ask: run.askSecret }),
  });
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    secrets,
  };
}
