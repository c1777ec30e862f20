import type { Accessory, Healthcheck } from '../config/config-accessory.ts';
import type { Config } from '../config/config.ts';

/** How an accessory is found healthy; `check` absent: by its image's own check, else a connection to its port, else by staying up. */
export interface AccessoryHealth extends Healthcheck {
  readonly network: string;
  /** The port to connect to when nothing else says how to ask; absent: the first that the image exposes. */
  readonly port?: number;
  /** How long it has to stay up when there is no port either. */
  readonly readinessDelaySeconds: number;
}

export function healthOf(
  { healthcheck, publish, network }: Accessory,
  { readinessDelaySeconds }: Pick<Config, 'readinessDelaySeconds'>,
): AccessoryHealth {
  const port = /(\d+)(?:\/tcp)?$/.exec(publish.find((one) => !one.endsWith('/udp')) ?? '')?.[1];
  return { ...healthcheck, network, ...(port === undefined ? {} : { port: Number(port) }), readinessDelaySeconds };
}

/** A new container that is started again and again has failed after so many crashes, where the one before it waits to come back. */
export const crashesAllowed = 3;

/** The time in which failures do not count, and that of as many failures in a row as count. */
export function budgetSeconds({ startPeriodSeconds, retries, intervalSeconds, timeoutSeconds }: Healthcheck): number {
  return startPeriodSeconds + retries * (intervalSeconds + timeoutSeconds);
}
