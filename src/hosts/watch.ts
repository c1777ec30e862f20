import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { Failure } from '../errors.ts';
import type { Connection } from './connection.ts';
import type { DockerChannels } from './docker-channels.ts';
import { inAnyShell } from './shell-frames.ts';
import { scriptSeconds } from './shell.ts';
import type { ShellPool } from './shell-pool.ts';
import { handOverScript, isWakingScript, overScript, wakeScript, watchScript } from './watch-scripts.ts';

/**
 * Containers that take no work while they are replaced. The machine itself puts them back to work when the run that has them watched dies:
 * when its connection ends, or no sign of life comes over it for `silenceSeconds`. One file per container, `<id>.<state>.<token>`, says
 * whose it is; whoever renames that file may act, so that nobody starts an old container beside its successor.
 */
export interface Watch {
  /** From now on it is put back to work when this connection ends. Takes over what an earlier run had watched. */
  over(watched: Watched): Promise<void>;
  /** False for one that never was, and once the machine has given this connection up. */
  covers(container: string): boolean;
  /**
   * Ends the watch over a container that has stopped; or starts its successor, and watches on: should that not run when the run dies, the
   * old one is started. Neither is done beside the other. @throws Failure `run-given-up` when the old one works again
   */
  handOver(handOver: HandOver): Promise<void>;
  /** Whether a process there is putting a container back to work; one that a restart of the machine ended is not. */
  isWaking(directory: string): Promise<boolean>;
  /** Puts a container back to work that this run has watched, or a dead one had: restarted where it was quiet, started where it has stopped. */
  wake(asleep: Asleep): Promise<void>;
}

export interface Watched {
  /** Where the files lie, such as `.kamal/apps/shop/watched`. */
  readonly directory: string;
  /** Its id. */
  readonly container: string;
  /** `quiet`: it has to be restarted to work again, `working`: only started, should it have stopped. */
  readonly state: 'quiet' | 'working';
  /** Labels of those that do the same work: it is not started beside one of them. */
  readonly role: { readonly service: string; readonly role: string; readonly destination: string };
  /** What it gets to stop when it is restarted; absent: Docker's own. */
  readonly stopTimeoutSeconds?: number;
}

export interface HandOver {
  readonly directory: string;
  readonly from: string;
  /** Started; absent: its successor is ready, or on another machine. */
  readonly to?: string;
}

export interface Asleep {
  readonly directory: string;
  readonly container: string;
  readonly stopTimeoutSeconds?: number;
}

/** As long as the deploy lock's lease: a run that is silent for longer is dead. */
export const silenceSeconds = 15;
const beatMilliseconds = (silenceSeconds * 1000) / 5;
/** What a container gets to stop when nobody says otherwise, and some for the engine. */
const usualStopSeconds = 10;
const engineSeconds = 60;

export function hostWatch(connection: Connection, shells: ShellPool, channels: DockerChannels): Watch {
  const token = randomBytes(8).toString('hex');
  const covered = new Set<string>();
  let opening: Promise<Sentry> | undefined;
  let sentry: Sentry | undefined;

  /** One for the connection; another one when it was over. */
  async function stand(directory: string): Promise<void> {
    if (sentry?.isOver === true) {
      covered.clear();
      opening = sentry = undefined;
    }
    opening ??= channels
      .way()
      .then(({ command }) => watchScript(command, { directory, token, silenceSeconds }))
      .then((script) => post(connection, { token, script }))
      .finally(() => (opening = undefined));
    sentry ??= await opening;
  }
  const ask = async (what: string, script: string, seconds: number) =>
    (await shells.idle().ask(what, script, seconds)).trim();
  const secondsFor = (stopTimeoutSeconds = usualStopSeconds) => stopTimeoutSeconds + engineSeconds;

  return {
    async over(wanted) {
      const seconds = secondsFor(wanted.stopTimeoutSeconds);
      await stand(wanted.directory);
      const { command } = await channels.way();
      await ask('watch over a container', overScript(command, wanted, { token, seconds }), seconds + engineSeconds);
      covered.add(wanted.container);
    },
    covers: (container) => covered.has(container) && sentry?.isOver === false,
    async handOver(wanted) {
      const { command } = await channels.way();
      const keep = wanted.to !== undefined && covered.has(wanted.from) ? token : undefined;
      const script = handOverScript(command, wanted, keep);
      const answer = await ask('hand over to its successor', script, engineSeconds * 2);
      if (keep === undefined) covered.delete(wanted.from);
      if (answer.split('\n').at(-1) === 'done') return;
      throw givenUp(connection.name);
    },
    async isWaking(directory) {
      const { command } = await channels.way();
      return (
        (await ask('look who is put back to work', isWakingScript(command, directory), scriptSeconds)) === 'waking'
      );
    },
    async wake(wanted) {
      const { command } = await channels.way();
      const seconds = secondsFor(wanted.stopTimeoutSeconds);
      await ask('put a container back to work', wakeScript(command, wanted, { seconds }), seconds + engineSeconds);
      covered.delete(wanted.container);
    },
  };
}

export function givenUp(host: string): Failure {
  const message = `${host}: this run gave no sign of life for ${silenceSeconds} s, so the machine put the old container back to work`;
  return new Failure('run-given-up', message, { hint: 'Deploy again, from a machine that stays awake.' });
}

/** What stands on the machine until the connection ends. */
interface Sentry {
  readonly isOver: boolean;
}

/** Resolves once it stands there. */
async function post(connection: Connection, { token, script }: { token: string; script: string }): Promise<Sentry> {
  const state = { isOver: false };
  await connection.call('watch over containers', engineSeconds, async () => {
    const channel = await connection.exec(inAnyShell(script));
    const beat = setInterval(() => channel.write('alive\n'), beatMilliseconds);
    beat.unref();
    const end = () => {
      state.isOver = true;
      clearInterval(beat);
    };
    channel.on('error', end).once('close', end);
    channel.stderr.on('error', () => undefined).resume();
    await new Promise<void>((resolve, reject) => {
      hear(channel, { [`${token} stands`]: resolve, [`${token} over`]: end });
      channel.once('close', () => reject(Object.assign(new Error('the watch ended'), { code: 'ECONNRESET' })));
    });
  });
  return state;
}

function hear(channel: ClientChannel, words: Readonly<Record<string, () => void>>): void {
  let text = '';
  channel.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (const [word, act] of Object.entries(words)) if (text.includes(`${word}\n`)) act();
  });
}
