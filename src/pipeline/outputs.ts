import type { Config } from '../config/config.ts';
import { logFile } from '../report/log-file.ts';
import type { Run } from './run.ts';

/** What turns out only after the outputs were opened. */
export interface KnownLater {
  mask: (text: string) => string;
  performer?: string;
  version?: string;
}

/** Opens what `output` in the file asks for, so that it hears of everything from now on. @throws Failure `log-not-writable` */
export async function openOutputs(run: Run, config: Config, known: KnownLater): Promise<void> {
  const { directory, otelEndpoint: endpoint } = config.output;
  const { destinationName: destination } = config;
  const mask = (text: string) => known.mask(text);
  if (directory !== undefined) {
    const at = { now: new Date(), ...(destination === undefined ? {} : { destination }) };
    run.addOutput?.(logFile({ directory, command: run.command, ...at }), mask);
  }
  if (endpoint === undefined || run.addOutput === undefined) return;
  const { otelOutput } = await import('../report/otel.ts');
  const collector = otelOutput({
    endpoint,
    attributes: () => ({
      'service.name': 'longshore',
      'service.namespace': config.service,
      'kamal.command': run.command,
      'kamal.deploy_version': known.version,
      'kamal.performer': known.performer,
      'deployment.environment.name': destination,
    }),
    onTrouble: (why) =>
      run.emit({ type: 'warning', text: `The collector of output.otel got nothing more: ${known.mask(why)}` }),
  });
  run.addOutput(collector, mask);
}
