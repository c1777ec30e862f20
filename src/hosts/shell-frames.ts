import { randomBytes } from 'node:crypto';
import type { ClientChannel } from 'ssh2';

/** A script as it is written to a shell, and the mark by which its answer is known. */
export interface Frame {
  readonly mark: string;
  readonly text: string;
}

export interface ShellResult {
  readonly exitStatus: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A script with marks before and after it on both outputs; the first says which process begins it, the last its exit status. One that
 * waited for its turn is not begun when the connection has ended meanwhile: that is the end of the shell's parent, where this user may
 * ask about it; nor when the shell was told by `letGo` to begin nothing more.
 */
export function frameOf(script: string): Frame {
  const mark = `longshore-${randomBytes(12).toString('hex')}`;
  const say = (format: string, word: string) => `printf '${format}' ${word}; printf '${format}' ${word} >&2\n`;
  // What the login shell's own start-up files print comes before the first mark.
  const [begin, end] = [say(`${mark} begins %s\\n`, '$$'), say(`\\n${mark} ends %s\\n`, '"$1"')];
  return { mark, text: `${beginNothingMore}${begin}(\n${script}\n) </dev/null\nset -- $?\n${end}` };
}

const beginNothingMore = `: "\${parent:=$(kill -0 $PPID 2>/dev/null && echo seen || echo unseen)}"
[ "$parent" = unseen ] || kill -0 $PPID 2>/dev/null || exit
[ -z "\${isLeft-}" ] || exit
trap isLeft=yes USR1
`;

/** Run in another shell of the connection, lets one begin nothing more; fails where that is not possible. */
export function letGo(shell: number): string {
  return `read -r _ _ _ parent _ </proc/${shell}/stat && [ "$parent" = $PPID ] && kill -USR1 ${shell}`;
}

/** A command that runs a frame and goes on as a shell, in characters that mean the same to every login shell. */
export function commandOf({ text }: Frame): string {
  return `exec sh -c 'eval "$(printf %b "${octal(text)}")"; [ -n "$isLeft" ] || exec sh'`;
}

/** A command that runs a script, and leaves its stdin to that, in characters that mean the same to every login shell. */
export function inAnyShell(script: string): string {
  return `exec sh -c 'eval "$(printf %b "${octal(script)}")"'`;
}

function octal(text: string): string {
  return [...Buffer.from(text, 'utf8')].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
}

/** What comes back for one script. */
export interface Answer {
  hasBegun(): boolean;
  /** Rejected when the shell ends before. */
  readonly result: Promise<ShellResult>;
}

/** By channel, as scripts that were begun there say it. */
const shells = new WeakMap<ClientChannel, number>();

/** The process that runs scripts there; undefined before the first one. */
export function shellOf(channel: ClientChannel): number | undefined {
  return shells.get(channel);
}

export function answerOf(channel: ClientChannel, { mark }: Frame): Answer {
  let hasBegun = false;
  const onBegin = (shell: number) => {
    hasBegun = true;
    shells.set(channel, shell);
  };
  const result = new Promise<ShellResult>((resolve, reject) => {
    const lost = () => reject(Object.assign(new Error('the shell ended'), { code: 'ECONNRESET' }));
    channel.once('close', lost);
    const outputs = [channel, channel.stderr].map((stream) => between(stream, mark, onBegin));
    void Promise.all(outputs).then(([stdout, stderr]) => {
      channel.removeListener('close', lost);
      resolve({ exitStatus: Number(stdout?.after), stdout: stdout?.text ?? '', stderr: stderr?.text ?? '' });
    });
  });
  return { hasBegun: () => hasBegun, result };
}

/** The text between two lines of marks, and what the second line says after its mark. */
function between(
  stream: NodeJS.ReadableStream,
  mark: string,
  onBegin: (shell: number) => void,
): Promise<{ text: string; after: string }> {
  const begin = Buffer.from(`${mark} begins `);
  const end = Buffer.from(`\n${mark} ends `);
  const chunks: Buffer[] = [];
  let tail: Buffer = Buffer.alloc(0);
  return new Promise((resolve) => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      // A mark's line is short, so it lies in what was just received and a little of what came before.
      const window = Buffer.concat([tail, chunk]);
      tail = window.subarray(-(begin.length + 16));
      const begun = lineAfter(window, begin);
      if (begun !== undefined) onBegin(Number(begun));
      if (lineAfter(window, end) === undefined) return;
      stream.removeListener('data', onData);
      const all = Buffer.concat(chunks);
      const to = all.indexOf(end);
      const from = all.indexOf('\n', all.indexOf(begin)) + 1;
      const text = all.subarray(from, Math.max(from, to)).toString('utf8');
      resolve({ text, after: lineAfter(all, end) ?? '' });
    };
    stream.on('data', onData);
  });
}

/** The rest of the line, once all of it is there. */
function lineAfter(text: Buffer, start: Buffer): string | undefined {
  const at = text.indexOf(start);
  const end = at === -1 ? -1 : text.indexOf('\n', at + start.length);
  return end === -1 ? undefined : text.subarray(at + start.length, end).toString('utf8');
}
