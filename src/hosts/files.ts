import { randomBytes } from 'node:crypto';
import { quote, quoteAll } from '../processes/quote.ts';
import { printText, type Shell } from './shell.ts';

/** Writes the whole file beside its place and moves it there, so that nobody reads half of it. */
export async function writeFile(shell: Shell, path: string, content: string, mode: string): Promise<void> {
  const temporary = quote(`${path}.${randomBytes(6).toString('hex')}`);
  await shell.ask(
    `write ${path}`,
    `${makeParent(path)}
umask 077
{
${printText(content)}} >${temporary} && chmod ${quote(mode)} ${temporary} && mv -f ${temporary} ${quote(path)} && exit 0
rm -f ${temporary}
exit 1`,
  );
}

export async function appendLines(shell: Shell, path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const text = lines.map((line) => `${line}\n`).join('');
  await shell.ask(`append to ${path}`, `${makeParent(path)}\n{\n${printText(text)}} >>${quote(path)}`);
}

export async function makeDirectory(shell: Shell, path: string): Promise<void> {
  await shell.ask(`make directory ${path}`, `umask 022\nmkdir -p ${quote(path)}`);
}

export async function writeDirectory(shell: Shell, path: string, files: ReadonlyMap<string, string>): Promise<void> {
  const beside = `${path.slice(0, path.lastIndexOf('/') + 1)}.${path.slice(path.lastIndexOf('/') + 1)}`;
  const digits = randomBytes(6).toString('hex');
  const [made, before] = [quote(`${beside}.${digits}`), quote(`${beside}.${digits}.before`)];
  const writes = [...files].map(([name, text]) => `{\n${printText(text)}} >${made}/${quote(name)} || exit 1`);
  await shell.ask(
    `write the directory ${path}`,
    `trap 'rm -rf ${made} ${before}' EXIT
umask 022
mkdir -p ${made} || exit 1
${writes.join('\n')}
[ ! -e ${quote(path)} ] || mv ${quote(path)} ${before} || exit 1
mv ${made} ${quote(path)}`,
  );
}

export async function moveDirectory(shell: Shell, from: string, to: string): Promise<void> {
  const [source, target] = [quote(from), quote(to)];
  await shell.ask(
    `move ${from} to ${to}`,
    `if [ -e ${target} ]; then rm -rf ${source}; else mv ${source} ${target}; fi`,
  );
}

export async function removeDirectories(shell: Shell, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await shell.ask(`remove ${paths.join(', ')}`, `rm -rf ${quoteAll(paths)}`);
}

function makeParent(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? ':' : `mkdir -p ${quote(path.slice(0, at))} || exit 1`;
}
