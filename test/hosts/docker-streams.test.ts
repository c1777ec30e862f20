import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fileInTar, framesOf, jsonLines, linesOf } from '../../src/hosts/docker-streams.ts';

const frame = (kind: number, text: string) => {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
};

describe('what an engine streams', () => {
  it('is taken apart into stdout and stderr', () => {
    const frames = framesOf(Buffer.concat([frame(1, 'one\ntw'), frame(2, 'err\n'), frame(1, 'o\nthree')]));
    expect(frames.map(({ stream, bytes }) => [stream, bytes.toString()])).toEqual([
      ['stdout', 'one\ntw'],
      ['stderr', 'err\n'],
      ['stdout', 'o\nthree'],
    ]);
    expect(linesOf(frames)).toEqual(['one', 'err', 'two', 'three']);
  });

  it('is all stdout when the container has a terminal', () => {
    expect(linesOf(framesOf(Buffer.from('hello\r\nworld\r\n')))).toEqual(['hello', 'world']);
    expect(framesOf(Buffer.alloc(0))).toEqual([]);
  });

  it('may be a hundred thousand frames', () => {
    const many = Buffer.concat(Array.from({ length: 100_000 }, () => frame(1, 'line\n')));
    expect(linesOf(framesOf(many))).toHaveLength(100_000);
  });

  it('is read as JSON wherever it is cut', async () => {
    const bytes = Buffer.from('{"status":"é"}\r\n{"a":1}\n\n{"b":2}');
    for (let size = 1; size < bytes.length; size += 1) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      const objects = [];
      for await (const object of jsonLines(Readable.from(pieces))) objects.push(object);
      expect(objects).toEqual([{ status: 'é' }, { a: 1 }, { b: 2 }]);
    }
  });

  it('gives the file of a tar archive', () => {
    const header = Buffer.alloc(512);
    header.write('state.json', 0);
    header.write('00000000005\0', 124);
    header.write('0', 156);
    const body = Buffer.alloc(512);
    body.write('hello');
    expect(fileInTar(Buffer.concat([header, body, Buffer.alloc(1024)]))?.toString()).toBe('hello');
    expect(fileInTar(Buffer.alloc(1024))).toBeUndefined();
  });
});
