import * as z from 'zod';
import type { MountedDirectory, MountedFile } from './config-accessory.ts';
import { chosen, listOf, text } from './fields.ts';
import type { Findings } from './findings.ts';
import { isMap } from './layers.ts';
import { present } from './present.ts';
import type { Path } from './sheet.ts';

/** `local:remote`, `local:remote:options` or a map; Kamal takes any other key of the map, and ignores it. */
const inParts = z
  .looseObject({
    local: text.exactOptional(),
    remote: text.exactOptional(),
    mode: text.exactOptional(),
    owner: text.exactOptional(),
    options: text.exactOptional(),
  })
  .transform((written) => ({ ...written, form: 'map' as const }));
const inOneWord = text.transform((word) => {
  const [local = '', remote = '', ...options] = word.split(':');
  return present({
    form: 'word' as const,
    local,
    remote,
    options: options.length === 0 ? undefined : options.join(':'),
  });
});

export type WrittenMount = z.output<typeof inParts> | z.output<typeof inOneWord>;

export const mountsSchema = listOf(
  chosen([text, inParts], (value): z.ZodType<WrittenMount> => (isMap(value) ? inParts : inOneWord)),
);

interface Mounts {
  readonly written: readonly WrittenMount[] | undefined;
  /** Where the list is written. */
  readonly path: Path;
  /** The accessory's name on its machines, and of its directory there. */
  readonly service: string;
  readonly findings: Findings;
}

/** Files that are copied to the machines and mounted; `config/my.cnf:/etc/my.cnf` lies there at `<service>/etc/my.cnf`. */
export function resolveFiles({ written = [], path, service, findings }: Mounts): MountedFile[] {
  return written.map((entry, index) => {
    const { local, remote, ...rest } = resolveMount(entry, [...path, index], findings);
    const file = { local, isTemplate: local.endsWith('erb'), hostPath: `${service}${remote}`, remote };
    return { ...file, mode: '755', ...rest };
  });
}

/** Directories of the machines; relative ones lie below `<service>/`. */
export function resolveDirectories({ written = [], path, service, findings }: Mounts): MountedDirectory[] {
  return written.map((entry, index) => {
    const at = [...path, index];
    const { local, remote, ...rest } = resolveMount(entry, at, findings);
    const place = entry.form === 'map' ? [...at, 'local'] : at;
    if (/[$`]/.test(local)) findings.problem(place, 'no shell expands this; write the path on the machine');
    if (local.startsWith('~')) {
      findings.warning(place, `this is a directory called \`~\` in \`${service}\`, as in Kamal; no shell expands it`);
    }
    return { hostPath: local.startsWith('/') ? local : `${service}/${local}`, remote, ...rest };
  });
}

interface Mount {
  readonly local: string;
  readonly remote: string;
  readonly mode?: string;
  readonly owner?: string;
  readonly options?: string;
}

function resolveMount(written: WrittenMount, path: Path, findings: Findings): Mount {
  const { local = '', remote = '', options } = written;
  const inMap = written.form === 'map';
  const at = (key: string): Path => (inMap ? [...path, key] : path);
  const shape = inMap ? 'this needs `local` and `remote`' : 'this should be local:remote or local:remote:options';
  if (local === '' || remote === '') findings.problem(path, shape);
  else if (!remote.startsWith('/')) {
    findings.problem(at('remote'), `\`${remote}\` is the path in the container; it starts with a slash`);
  }
  if (options !== undefined && !/^[a-zA-Z]+(,[a-zA-Z]+)*$/.test(options)) {
    findings.problem(at('options'), 'options of a mount are words such as ro or ro,z');
  }
  if (!inMap) return present({ local, remote, options });
  for (const key of Object.keys(written).filter((one) => !known.includes(one))) {
    findings.warning(at(key), `\`${key}\` has no effect, as in Kamal; a mount has ${known.slice(0, 5).join(', ')}`);
  }
  const mode = written.mode === undefined ? undefined : modeOf(written.mode, at('mode'), findings);
  const { owner } = written;
  if (owner !== undefined && !/^[\w.-]+(:[\w.-]*)?$/.test(owner)) {
    findings.problem(at('owner'), 'an owner is a user, or user:group, by names or numbers');
  }
  return present({ local, remote, options, mode, owner });
}

const known = ['local', 'remote', 'mode', 'owner', 'options', 'form'];

/** `mode: 0640` without quotes is the number 416 to YAML, and Kamal sets that; what is meant is what is written. */
function modeOf(text: string, path: Path, findings: Findings): string {
  const unquoted = /^0[0-7]{3,4}(?=[\s,}]|$)/.exec(findings.textAt(path))?.[0];
  if (unquoted !== undefined) {
    findings.warning(path, `this is the mode ${unquoted} here; Kamal takes it for ${text}, so put it in quotes`);
    return unquoted;
  }
  if (!/^[0-7]{3,4}$/.test(text) && !/^[ugoa]*[-+=][rwxXst]*(,[ugoa]*[-+=][rwxXst]*)*$/.test(text)) {
    findings.problem(path, 'a mode is written as in chmod, in quotes: "0640"');
  }
  return text;
}
