import { auditFile } from '../containers/names.ts';
import { Failure } from '../errors.ts';
import { timestamp } from '../execute/record.ts';
import type { Host } from '../hosts/host.ts';
import { quoteAll } from '../processes/quote.ts';
import { about, type StreamedResult } from './accessories/logs.ts';
import type { Run } from './run.ts';
import { openSession, type Session } from './session.ts';
import { onHosts, statusOfAll, streamAll, type Surroundings } from './streams.ts';

export interface ServerExecRequest {
  /** As typed: several are the command's words, one alone is a line for the machine's shell. */
  readonly words: readonly string[];
  /** On the primary machine only, as a person sits there. */
  readonly isInteractive: boolean;
}

/** Runs a command on the machines themselves, by the login's own shell; no lock is taken. @throws Failure */
export async function serverExec(
  run: Run,
  request: ServerExecRequest,
  surroundings: Surroundings,
): Promise<StreamedResult> {
  const session = await openSession(run, { changes: 'inside', hooks: ['pre-connect'], needs: [] });
  return serverExecWith(session, request, surroundings);
}

/** @throws Failure */
export async function serverExecWith(
  session: Session,
  { words, isInteractive }: ServerExecRequest,
  surroundings: Surroundings,
): Promise<StreamedResult> {
  const { run, config, selected } = session;
  const line = words.length === 1 ? (words[0] ?? '') : quoteAll(words);
  if (line.trim() === '') throw new Failure('usage', 'there is no command to run');
  const [first = config.primaryHost] = selected.allHosts;
  const primary = selected.allHosts.includes(config.primaryHost) ? config.primaryHost : first;
  const streams = await onHosts(session, isInteractive ? [primary] : selected.allHosts, async (hosts) => {
    const auditing = hosts.map((host) => audit(host, session, line));
    const targets = hosts.map((host) => ({ host, streamed: { kind: 'line', line } as const }));
    const ended = await streamAll(targets, surroundings, run.signal);
    await Promise.all(auditing);
    return ended;
  });
  return { ...about(session), streams, exitStatus: statusOfAll(streams, run.signal) };
}

/** In Kamal's words; what it says of the command is without the secrets that are known here. */
async function audit(host: Host, { run, config, tree, mask }: Session, line: string): Promise<void> {
  const tags = [timestamp(), tree.performer, ...(config.destination === undefined ? [] : [config.destination])];
  const text = `Executed cmd '${mask(line).replaceAll(/\s+/g, ' ')}' on ${host.name}`;
  await host
    .appendLines(auditFile(config), [`${tags.map((tag) => `[${tag}]`).join(' ')} ${text}`])
    .catch(() => run.emit({ type: 'warning', text: `${host.name}: the audit log could not be written` }));
}
