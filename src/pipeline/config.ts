import { selectRoles } from '../app/select.ts';
import { loadLayers } from '../config/load.ts';
import { settingsOf } from '../config/truth.ts';
import type { ConfigResult } from '../report/config.ts';
import { loadRequest, type Run } from './run.ts';

/** What the file means for the chosen machines; no secret is looked up, no machine is looked at. @throws Failure */
export function showConfig(run: Run): ConfigResult {
  const { config, layers } = loadLayers(loadRequest(run, process.cwd()));
  for (const text of config.warnings) run.emit({ type: 'warning', text });
  return {
    service: config.service,
    ...(config.destinationName === undefined ? {} : { destination: config.destinationName }),
    files: [config.file, config.destinationFile ?? []].flat(),
    settings: settingsOf({ config: selectRoles(config, run), layers }),
  };
}
