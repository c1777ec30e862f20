import { randomBytes } from 'node:crypto';
import { wantedAccessories, type WantedAccessory } from '../../accessories/wanted.ts';
import { splitWords } from '../../config/words.ts';
import { creationOf } from '../../containers/create-request.ts';
import { delivered, variablesOf } from '../../containers/delivery.ts';
import { auditFile, lockDirectory, releasesFile } from '../../containers/names.ts';
import { madeForOnce, runOnce } from '../../containers/run-once.ts';
import { Failure } from '../../errors.ts';
import { timestamp } from '../../execute/record.ts';
import type { Host } from '../../hosts/host.ts';
import type { Streamed } from '../../hosts/stream.ts';
import { quoteAll } from '../../processes/quote.ts';
import { isAt } from '../execution.ts';
import type { Run } from '../run.ts';
import { openSession, type Session } from '../session.ts';
import { onHosts, refuseMissing, statusOfAll, streamAll, type Surroundings } from '../streams.ts';
import { about, type StreamedResult } from './logs.ts';

export interface ExecRequest {
  readonly name: string;
  /** As typed: several are the command's words, one alone is a line for a shell. */
  readonly words: readonly string[];
  /** On the first machine only, as a person sits there. */
  readonly isInteractive: boolean;
  /** In the container that runs, not in one of its own. */
  readonly reuse: boolean;
}

/** Runs a command in an accessory's container, or in a new one like it, on each of its machines. @throws Failure */
export async function execInAccessory(
  run: Run,
  request: ExecRequest,
  surroundings: Surroundings,
): Promise<StreamedResult> {
  if (request.name === 'all') {
    throw new Failure('usage', 'a command runs in one accessory, not in all', { hint: 'Name the accessory.' });
  }
  const session = await openSession(run, {
    changes: 'inside',
    hooks: ['pre-connect'],
    needs: request.reuse ? [] : ['accessories', 'registry'],
    accessories: [request.name],
  });
  return execWith(session, request, surroundings);
}

/** @throws Failure */
export async function execWith(
  session: Session,
  request: ExecRequest,
  surroundings: Surroundings,
): Promise<StreamedResult> {
  const { run, selected } = session;
  const words = commandWords(request.words);
  const all = wantedAccessories(selected).filter(({ accessory }) => accessory.name === request.name);
  const wanted = request.isInteractive ? all.slice(0, 1) : all;
  const [first] = wanted;
  if (request.isInteractive && all.length > 1) {
    run.emit({ type: 'note', text: `on ${first?.host}, the first of ${all.length} machines; -h chooses another` });
  }
  const streams = await onHosts(
    session,
    wanted.map(({ host }) => host),
    async (hosts) => {
      const targets = await Promise.all(
        wanted.map(async (one) => {
          const host = hosts.find(({ name }) => name === one.host);
          if (host === undefined) throw new Error(`no connection to ${one.host}`);
          const { stdin, terminal } = surroundings;
          const having = { stdin: stdin !== undefined, terminal: terminal !== undefined };
          return { host, ...(await target({ host, one, words, reuse: request.reuse, having, session })) };
        }),
      );
      refuseMissing(
        targets.map(({ problem }) => problem),
        `${session.typed(`accessory boot ${request.name}`)}, or without --reuse for a container of its own`,
      );
      const auditing = targets.map(({ host }) => audit(host, session, request));
      const ended = await streamAll(targets, surroundings, run.signal);
      await Promise.all(auditing);
      return ended;
    },
  );
  return { ...about(session), streams, exitStatus: statusOfAll(streams, run.signal) };
}

/**
 * Several words are the command as it stands. One alone is what somebody would type: its words, and where it needs a shell for a pipe, a
 * variable or a pattern, that of the container. @throws Failure `usage`
 */
export function commandWords(typed: readonly string[]): readonly string[] {
  const [line = '', ...others] = typed;
  if (others.length > 0) return typed;
  if (line.trim() === '') throw new Failure('usage', 'there is no command to run');
  const { words, problem, remark } = splitWords(line);
  return problem === undefined && remark === undefined ? words : ['sh', '-c', line];
}

interface Having {
  readonly stdin: boolean;
  readonly terminal: boolean;
}

interface Place {
  readonly host: Host;
  readonly one: WantedAccessory;
  readonly words: readonly string[];
  readonly reuse: boolean;
  readonly having: Having;
  readonly session: Session;
}

async function target({ reuse, ...place }: Place): Promise<{ streamed: Streamed; problem?: string }> {
  const { host, one, words } = place;
  const { name: container } = one.spec;
  if (!reuse) return { streamed: await inNewContainer(place) };
  const inspect = await host.docker.inspectContainer(container);
  const problem =
    inspect === undefined
      ? `${host.name}: there is no container ${container}`
      : inspect.State.Running
        ? undefined
        : `${host.name}: ${container} does not run (${inspect.State.Status})`;
  return { streamed: { kind: 'exec', container, words }, ...(problem === undefined ? {} : { problem }) };
}

async function inNewContainer({ host, one, words, having, session }: Omit<Place, 'reuse'>): Promise<Streamed> {
  const { config, logins, secrets, secretsByKamal, run } = session;
  const name = `${one.spec.name}-exec-${randomBytes(6).toString('hex')}`;
  const spec = runOnce(one.spec, { name, words });
  const [{ homeDirectory, variables }, image] = await Promise.all([
    host.readState({
      lockDirectory: lockDirectory(config),
      releasesFile: releasesFile(config),
      files: [],
      paths: [],
      variables: variablesOf(spec),
    }),
    host.docker.inspectImage(spec.image),
  ]);
  if (image === undefined) {
    run.emit({ type: 'note', text: `${host.name}: pulling ${spec.image}` });
    await host.docker.pullImage(
      spec.image,
      logins.find(({ server }) => isAt(spec.image, server)),
    );
  }
  const sources = { secrets, secretsByKamal, variables };
  const creation = madeForOnce(creationOf({ ...delivered(spec, sources), homeDirectory }), having);
  return {
    kind: 'start',
    container: name,
    prepare: () =>
      creation.way === 'api'
        ? host.docker.createContainer(name, creation.body)
        : host.createByCommandLine(creation.words, creation.secretEnv),
  };
}

/** In Kamal's words; what it says of the command is without the secrets that are known here. */
async function audit(host: Host, { run, config, tree, mask }: Session, request: ExecRequest): Promise<void> {
  const command = request.words.length === 1 ? (request.words[0] ?? '') : quoteAll(request.words);
  const tags = [timestamp(), tree.performer, ...(config.destination === undefined ? [] : [config.destination])];
  const text = `Executed cmd '${mask(command).replaceAll(/\s+/g, ' ')}' on ${request.name} accessory`;
  await host
    .appendLines(auditFile(config), [`${tags.map((tag) => `[${tag}]`).join(' ')} ${text}`])
    .catch(() => run.emit({ type: 'warning', text: `${host.name}: the audit log could not be written` }));
}
