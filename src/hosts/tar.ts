import type { OwnedFile } from './docker.ts';

const block = 512;

/** An archive of plain files in the ustar format; names are short and plain ASCII. */
export function tarOf(files: readonly OwnedFile[]): Buffer {
  return Buffer.concat([...files.flatMap((file) => [header(file), padded(file.content)]), Buffer.alloc(2 * block)]);
}

function padded(content: string): Buffer {
  const bytes = Buffer.from(content, 'utf8');
  return Buffer.concat([bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);
}

function header({ name, content, mode, uid, gid }: OwnedFile): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (number: number, at: number, length: number) =>
    bytes.write(`${number.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  bytes.write(name, 0, 100, 'latin1');
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(Buffer.byteLength(content), 124, 12);
  octal(0, 136, 12);
  bytes.write('        0', 148, 'latin1');
  bytes.write('ustar\x0000', 257, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}
