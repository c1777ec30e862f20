import type { Readable } from 'node:stream';

/** Everything a stream says, to its end. @throws when it breaks off, or is longer than `limitBytes` */
export async function readAll(stream: Readable, limitBytes = 64 << 20): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > limitBytes) throw new Error(`the answer is longer than ${limitBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

export interface Frame {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

/** Takes apart what Docker sends of a container without a terminal; of one with a terminal all is stdout. */
export function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at + 8 <= bytes.length) {
    const kind = bytes[at] ?? 0;
    if (kind > 2 || bytes.readUIntBE(at + 1, 3) !== 0) return [{ stream: 'stdout', bytes }];
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    frames.push({ stream: kind === 2 ? 'stderr' : 'stdout', bytes: bytes.subarray(at + 8, end) });
    at = end;
  }
  if (at === 0 && bytes.length > 0) return [{ stream: 'stdout', bytes }];
  return frames;
}

/** Lines in the order they were written; a line that one stream writes in pieces stays one line. */
export function linesOf(frames: readonly Frame[]): string[] {
  const lines: string[] = [];
  const open: Record<Frame['stream'], string> = { stdout: '', stderr: '' };
  for (const { stream, bytes } of frames) {
    const pieces = (open[stream] + bytes.toString('utf8')).split('\n');
    open[stream] = pieces.pop() ?? '';
    lines.push(...pieces.map((line) => line.replace(/\r$/, '')));
  }
  return [...lines, ...Object.values(open).filter((line) => line !== '')];
}

/** Each object of a stream that has one JSON object per line, wherever the pieces are cut. */
export async function* jsonLines(stream: Readable): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as Record<string, unknown>;
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as Record<string, unknown>;
}

/** The first plain file in a tar archive. */
export function fileInTar(archive: Buffer): Buffer | undefined {
  let at = 0;
  while (at + 512 <= archive.length) {
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136).replace(/[^0-7].*$/s, ''), 8) || 0;
    const type = archive.toString('latin1', at + 156, at + 157);
    if (type === '0' || type === '\0')
      return size === 0 && archive[at] === 0 ? undefined : archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}
