import type { DockerOption } from '../config/config.ts';

/** The deprecated boot-config files that Kamal reads on the machine when the file has no `proxy.run`. */
export const proxyFileNames = ['options', 'image', 'image_version', 'run_command'] as const;
export const proxyDirectory = '.kamal/proxy';

const usual = '--publish 80:80 --publish 443:443 --log-opt max-size=10m';

/** What the four files say; a file that is there counts, even when it is empty (reference, section 3.7). */
export interface BootConfig {
  readonly options: readonly DockerOption[];
  readonly image?: string;
  readonly version?: string;
  readonly command: readonly string[];
}

export function readBootConfig(files: Readonly<Record<string, string>>): BootConfig {
  const [image, version] = [files['image']?.trim(), files['image_version']?.trim()];
  return {
    options: optionsOf(xargsWords(files['options'] ?? usual)),
    ...(image === undefined || image === '' ? {} : { image }),
    ...(version === undefined || version === '' ? {} : { version }),
    command: xargsWords(files['run_command'] ?? ''),
  };
}

/**
 * Words as Kamal's `echo $(cat …) | xargs docker run` makes them: the shell joins lines and spaces, xargs takes quotes off, and a backslash
 * counts outside of them only.
 */
export function xargsWords(text: string): string[] {
  const parts =
    text
      .trim()
      .replaceAll(/\s+/g, ' ')
      .match(/(?:"[^"]*"?|'[^']*'?|\\.|[^\s"'\\])+/g) ?? [];
  return parts.map((part) =>
    part.replaceAll(/"([^"]*)"?|'([^']*)'?|\\(.)/g, (_all, double?: string, single?: string, escaped?: string) => {
      return double ?? single ?? escaped ?? '';
    }),
  );
}

const longNames: Readonly<Record<string, string>> = {
  c: 'cpu-shares',
  e: 'env',
  h: 'hostname',
  l: 'label',
  m: 'memory',
  p: 'publish',
  u: 'user',
  v: 'volume',
  w: 'workdir',
};

/** `--name value`, `--name=value`, bare flags, and the short forms `-p value` and `-pvalue`. */
function optionsOf(words: readonly string[]): DockerOption[] {
  const options: DockerOption[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const short = /^-([a-z])(.*)$/s.exec(word);
    const [written = '', ...rest] = short === null ? word.replace(/^--/, '').split('=') : [short[1]];
    const name = longNames[written] ?? written;
    const joined = short === null ? rest.join('=') : (short[2] ?? '').replace(/^=/, '');
    const next = words[index + 1];
    if (rest.length > 0 || joined !== '') options.push({ name, value: joined });
    else if (next !== undefined && !next.startsWith('-')) {
      options.push({ name, value: next });
      index += 1;
    } else options.push({ name, value: true });
  }
  return options;
}
