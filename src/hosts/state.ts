import { quote } from '../processes/quote.ts';
import type { ClockOffset, HostState, StateQuery } from './host.ts';
import { parseHolder, printHolder } from './lock-holder.ts';
import type { Shell } from './shell.ts';

/** What is on the machine besides Docker's things, in one script. */
export async function readState(shell: Shell, query: StateQuery): Promise<HostState> {
  const asked = Date.now();
  const lines = (await shell.askAtOnce('read the state', stateScript(query))).split('\n');
  const answered = Date.now();
  const said = (key: string) => lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? '';
  const texts = new Map(
    lines
      .filter((line) => line.startsWith('file '))
      .map((line): [number, string] => {
        const [, index, ...encoded] = line.split(' ');
        return [Number(index), decode(encoded)];
      }),
  );
  const found = new Set(lines.filter((line) => line.startsWith('path ')).map((line) => Number(line.split(' ')[1])));
  const listed = lines.filter((line) => line.startsWith('directory ')).map((line) => line.split(' ')[1]);
  const entries = (index: number) =>
    lines.filter((line) => line.startsWith(`entry ${index} `)).map((line) => line.replace(/^entry \d+ /, ''));
  const lock = parseHolder(lines);
  const clock = clockOffset(said('clock'), { asked, answered });
  return {
    user: said('user'),
    homeDirectory: said('home'),
    architecture: said('architecture'),
    freeBytes: Number(said('free')) * 1024,
    ...(clock === undefined ? {} : { clock }),
    ...(lock === undefined ? {} : { lock }),
    releasesText: texts.get(0) ?? '',
    files: Object.fromEntries(
      query.files.flatMap((file, index) => {
        const text = texts.get(index + 1);
        return text === undefined ? [] : [[file, text]];
      }),
    ),
    existingPaths: query.paths.filter((_, index) => found.has(index)),
    directories: Object.fromEntries(
      (query.directories ?? []).flatMap((path, index) =>
        listed.includes(String(index)) ? [[path, entries(index)]] : [],
      ),
    ),
    variables: Object.fromEntries(
      lines
        .filter((line) => line.startsWith('variable '))
        .map((line): [string, string] => {
          const [, name = '', ...encoded] = line.split(' ');
          return [name, decode(encoded)];
        }),
    ),
  };
}

/**
 * From the seconds since 1970 that a machine said, with a fraction where its `date` knows one, and when it was asked and had answered
 * by the clock of this one.
 */
export function clockOffset(
  said: string,
  { asked, answered }: { asked: number; answered: number },
): ClockOffset | undefined {
  const [, whole, fraction] = /^(\d+)(\.\d+)?/.exec(said) ?? [];
  if (whole === undefined) return undefined;
  const earliest = Number(`${whole}${fraction ?? ''}`);
  const latest = fraction === undefined ? earliest + 1 : earliest;
  return { leastSeconds: earliest - answered / 1000, mostSeconds: latest - asked / 1000 };
}

/** Facts, one to a line, each behind its name; files by number and in base64, or octets where there is no base64. */
function stateScript({
  lockDirectory,
  releasesFile,
  files,
  paths,
  directories = [],
  variables = [],
}: StateQuery): string {
  return `lock=${quote(lockDirectory)}
encoded() { if command -v base64 >/dev/null 2>&1; then echo "base64 $(base64 | tr -d '\\n')"; else echo "octets $(od -An -v -tx1 | tr -d ' \\n')"; fi; }
data=$(sed -n 's/.*"data-root"[[:space:]]*:[[:space:]]*"\\([^"]*\\)".*/\\1/p' /etc/docker/daemon.json 2>/dev/null)
free=$(df -Pk "\${data:-/var/lib/docker}" 2>/dev/null || df -Pk /)
echo "user $(id -un)"
echo "home $PWD"
echo "architecture $(uname -m)"
echo "clock $(date +%s.%N)"
echo "free $(printf '%s\\n' "$free" | awk 'NR == 2 { print $4 }')"
${printHolder()}
${[releasesFile, ...files].map((file, index) => `[ -f ${quote(file)} ] && echo "file ${index} $(encoded <${quote(file)})"`).join('\n')}
${directories.map((path, index) => `[ -d ${quote(path)} ] && { echo 'directory ${index}'; ls -1 ${quote(path)} | sed 's/^/entry ${index} /'; }`).join('\n')}
${paths.map((path, index) => `[ -e ${quote(path)} ] && echo 'path ${index}'`).join('\n')}
${variables.map(printVariable).join('\n')}
:`;
}

/** Asks the login shell, which has more of them than it hands on; the dot keeps line breaks at the end. */
function printVariable(name: string): string {
  return `value=$("\${SHELL:-sh}" -c ${quote(`printf '%s.' "\${${name}?}"`)} 2>/dev/null) && echo "variable ${name} $(printf %s "\${value%.}" | encoded)"`;
}

function decode([encoding, text = '']: readonly string[]): string {
  return Buffer.from(text, encoding === 'octets' ? 'hex' : 'base64').toString('utf8');
}
