import { randomUUID } from 'node:crypto';
import { messageOf } from '../errors.ts';
import type { Output, OutputLine } from './output.ts';

export interface Collector {
  /** Without `/v1/logs`; may hold `user:password@`. */
  readonly endpoint: string;
  /** What the whole run is about, by OpenTelemetry's names; asked for when something is sent, as some of it is known late. */
  attributes(): Readonly<Record<string, string | undefined>>;
  /** Told once, when the collector does not take what it is sent; from then on nothing is sent. */
  onTrouble(why: string): void;
}

const mostInOne = 100;
const everySeconds = 5;
/** How long the end of a command waits for the collector. */
const farewellSeconds = 3;

/** Sends lines to an OpenTelemetry collector as logs, OTLP as JSON over HTTP, in batches; between Kamal's start and end events. */
export function otelOutput({ endpoint, attributes, onTrouble }: Collector): Output {
  const { url, headers } = addressOf(endpoint);
  const runId = randomUUID();
  let batch: object[] = [];
  let sending = Promise.resolve();
  let isDown = false;
  let timer: NodeJS.Timeout | undefined;
  const controller = new AbortController();

  const add = (line: OutputLine, event?: string) => {
    if (isDown) return;
    batch.push(recordOf(line, event));
    if (batch.length >= mostInOne) flush();
    else timer ??= setTimeout(flush, everySeconds * 1000).unref();
  };

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const records = batch;
    batch = [];
    if (records.length > 0) sending = sending.then(() => send(records));
  }

  async function send(logRecords: readonly object[]): Promise<void> {
    if (isDown) return;
    const resource = { attributes: attributesOf({ ...attributes(), 'kamal.run_id': runId }) };
    const body = JSON.stringify({
      resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'longshore' }, logRecords }] }],
    });
    try {
      const signal = AbortSignal.any([controller.signal, AbortSignal.timeout(farewellSeconds * 1000)]);
      const response = await fetch(url, { method: 'POST', headers, body, signal });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`it answers with status ${response.status}`);
    } catch (error) {
      isDown = true;
      onTrouble(reasonOf(error));
    }
  }

  add({ at: new Date(), text: 'kamal.start', severity: 'info' }, 'kamal.start');
  return {
    write: (line) => add(line),
    async end({ exitStatus, seconds }) {
      const event = exitStatus === 0 ? 'kamal.complete' : 'kamal.failed';
      const text = `${event}: exit status ${exitStatus} after ${seconds.toFixed(1)} s`;
      add({ at: new Date(), text, severity: exitStatus === 0 ? 'info' : 'error' }, event);
      flush();
      const limit = setTimeout(() => controller.abort(new Error('it takes too long')), farewellSeconds * 1000);
      await sending;
      clearTimeout(limit);
    },
  };
}

const severities = { info: [9, 'INFO'], warning: [13, 'WARN'], error: [17, 'ERROR'] } as const;

function recordOf({ at, text, severity, host }: OutputLine, event: string | undefined): object {
  const [severityNumber, severityText] = severities[severity];
  return {
    timeUnixNano: `${at.getTime()}000000`,
    severityNumber,
    severityText,
    body: { stringValue: text },
    attributes: attributesOf({
      'event.name': event,
      'server.address': host,
      'log.iostream': severity === 'error' ? 'stderr' : 'stdout',
    }),
  };
}

function attributesOf(values: Readonly<Record<string, string | undefined>>): object[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: { stringValue: value } }],
  );
}

/** `fetch` takes no password in an address. */
function addressOf(endpoint: string): { url: string; headers: Record<string, string> } {
  const url = new URL(`${endpoint.replace(/\/+$/, '')}/v1/logs`);
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  [url.username, url.password] = ['', ''];
  const basic = user === '' ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  return { url: url.href, headers: { 'content-type': 'application/json', ...basic } };
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if ((error as Error).name === 'TimeoutError') return `no answer within ${farewellSeconds} s`;
  return cause instanceof Error ? cause.message || messageOf(error) : messageOf(error);
}
