import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../../errors.ts';

/** The pages that the proxy takes, `4xx.html` and `5xx.html`, by file name. @throws Failure `config-invalid` */
export async function readErrorPages(path: string, cwd: string): Promise<ReadonlyMap<string, string>> {
  const directory = resolve(cwd, path);
  const names = await readdir(directory).catch(() => {
    throw problem(`error_pages_path: there is no directory ${path}`);
  });
  const pages = names.filter((name) => /^[45]..\.html$/.test(name)).toSorted();
  if (pages.length === 0) throw problem(`error_pages_path: ${path} holds no page such as 404.html or 503.html`);
  return new Map(await Promise.all(pages.map(async (name) => [name, await readPage(join(directory, name))] as const)));
}

async function readPage(file: string): Promise<string> {
  const bytes = await readFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw problem(`${file} is not in UTF-8, and the proxy sends it as that`);
  }
}

function problem(message: string): Failure {
  return new Failure('config-invalid', message, {
    hint: 'error_pages_path names a directory of this machine; a page for each status, such as 503.html.',
  });
}
