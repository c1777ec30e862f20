import { randomBytes } from 'node:crypto';
import { quote, quoteAll } from '../processes/quote.ts';
import type { FileFacts } from './host.ts';
import { printText, type Shell } from './shell.ts';

/** Writes the whole file beside its place and moves it there, so that nobody reads half of it; never into a directory of that name. */
export async function writeFile(shell: Shell, path: string, content: string | Uint8Array, mode: string): Promise<void> {
  const temporary = quote(`${path}.${randomBytes(6).toString('hex')}`);
  await shell.ask(
    `write ${path}`,
    `${makeParent(path)}
umask 077
{
${typeof content === 'string' ? printText(content) : printBytes(content)}} >${temporary} && chmod ${quote(mode)} ${temporary} && { [ ! -d ${quote(path)} ] || rmdir ${quote(path)}; } && mv -f ${temporary} ${quote(path)} && exit 0
rm -f ${temporary}
exit 1`,
  );
}

export async function appendLines(shell: Shell, path: string, lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  const text = lines.map((line) => `${line}\n`).join('');
  await shell.ask(`append to ${path}`, `${makeParent(path)}\n{\n${printText(text)}} >>${quote(path)}`);
}

export async function describeFiles(shell: Shell, paths: readonly string[]): Promise<Record<string, FileFacts>> {
  if (paths.length === 0) return {};
  const said = await shell.ask('look at files', paths.map(describeScript).join('\n'));
  const facts = new Map<string, FileFacts>();
  for (const line of said.split('\n').filter((one) => one !== '')) {
    const [index = '', kind = '', mode = '', user = '', uid = '', group = '', gid = '', sha256 = ''] = line.split(' ');
    facts.set(paths[Number(index)] ?? '', {
      kind: kind === 'file' || kind === 'directory' || kind === 'hidden' ? kind : 'other',
      mode,
      owner: { user, uid, group, gid },
      ...(sha256 === '' ? {} : { sha256 }),
    });
  }
  return Object.fromEntries(facts);
}

/** `stat -c` and `sha256sum` are GNU's and busybox's alike. */
function describeScript(path: string, index: number): string {
  const file = quote(path.startsWith('-') ? `./${path}` : path);
  return `if [ -e ${file} ]; then
  kind=other; sum=
  [ -d ${file} ] && kind=directory
  [ -f ${file} ] && kind=file && sum=$(sha256sum 2>/dev/null <${file} | cut -d' ' -f1)
  echo "${index} $kind $(stat -L -c '%a %U %u %G %g' ${file}) $sum"
else
  above=${file}
  while [ ! -e "$above" ]; do case $above in /*/*|[!/]*/*) above=\${above%/*} ;; /*) above=/ ;; *) above=. ;; esac; done
  [ -x "$above" ] || echo "${index} hidden"
fi`;
}

/** @throws Failure `host-command-failed` with what the machine said */
export async function setAccess(
  shell: Shell,
  path: string,
  { mode, owner }: { mode?: string; owner?: string },
): Promise<void> {
  const way = (command: string, value: string | undefined) =>
    value === undefined
      ? ':'
      : `{ said=$(${command} ${quote(value)} ${quote(path)} 2>&1) || sudo -n ${command} ${quote(value)} ${quote(path)} 2>/dev/null || { echo "$said" >&2; exit 1; }; }`;
  await shell.ask(`give ${path} its owner and mode`, `${way('chown', owner)}\n${way('chmod', mode)}`);
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

/** Docker makes an empty directory of a file that is missing when a container with it starts: that gives way, and so does a file to it. */
export async function moveFiles(shell: Shell, moves: readonly { from: string; to: string }[]): Promise<void> {
  const lines = moves.map(
    ({ from, to }) => `if [ -e ${quote(from)} ]; then
  if [ -d ${quote(to)} ]; then rmdir ${quote(to)} || exit 1; elif [ -d ${quote(from)} ]; then rm -f ${quote(to)} || exit 1; fi
  mv -f ${quote(from)} ${quote(to)} || exit 1
fi`,
  );
  await shell.ask(`put files in place: ${moves.map(({ to }) => to).join(', ')}`, lines.join('\n'));
}

export async function removeDirectories(shell: Shell, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const words = quoteAll(paths.map((path) => (path.startsWith('-') ? `./${path}` : path)));
  await shell.ask(
    `remove ${paths.join(', ')}`,
    `rm -rf ${words} 2>/dev/null || sudo -n rm -rf ${words}`,
    removeSeconds,
  );
}

/** A database's directory may hold many files. */
const removeSeconds = 300;

function makeParent(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? ':' : `mkdir -p ${quote(path.slice(0, at))} || exit 1`;
}

/** Octets as `printf` writes them, some thousand to a word: a here-document holds no NUL. */
function printBytes(bytes: Uint8Array): string {
  const octal = [...bytes].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`);
  const words = Array.from({ length: Math.ceil(octal.length / bytesPerWord) }, (_, index) =>
    octal.slice(index * bytesPerWord, (index + 1) * bytesPerWord).join(''),
  );
  return words.length === 0 ? ':\n' : words.map((word) => `printf %b '${word}'\n`).join('');
}

const bytesPerWord = 4096;
