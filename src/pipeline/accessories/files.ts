import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { WantedAccessory } from '../../accessories/wanted.ts';
import type { MountedFile } from '../../config/config-accessory.ts';
import { renderTemplate } from '../../config/load-templates.ts';
import { Failure, messageOf } from '../../errors.ts';
import type { UploadedFile } from '../../execute/execution.ts';
import { environmentOf } from '../../containers/delivery.ts';
import { loadRequest } from '../run.ts';
import type { Session } from '../session.ts';

/** What the files of accessories hold here, templates rendered with the accessory's environment, by `host:path` on the machine. */
export async function readFiles(
  session: Session,
  wanted: readonly WantedAccessory[],
): Promise<ReadonlyMap<string, readonly UploadedFile[]>> {
  const read = wanted.flatMap((one) =>
    one.accessory.files.map(
      async (file) => [`${one.host}:${file.hostPath}`, await readMounted(session, one, file)] as const,
    ),
  );
  return new Map(await Promise.all(read));
}

/** The same of those that can be read here, and whose templates need no secret that this run does not have. */
export async function filesAtHand(
  session: Session,
  wanted: readonly WantedAccessory[],
): Promise<ReadonlyMap<string, readonly UploadedFile[]>> {
  const hasSecrets = ({ spec }: WantedAccessory) =>
    spec.env.every(({ value }) => typeof value === 'string' || session.secrets.has(value.secret));
  const read = wanted.flatMap((one) =>
    one.accessory.files
      .filter(({ isTemplate }) => !isTemplate || hasSecrets(one))
      .map(async (file) => {
        try {
          return [[`${one.host}:${file.hostPath}`, await readMounted(session, one, file)] as const];
        } catch (error) {
          if (error instanceof Failure) return [];
          throw error;
        }
      }),
  );
  return new Map((await Promise.all(read)).flat());
}

/** SHA-256 in hex of each, by `host:path`. */
export function digestsOf(files: ReadonlyMap<string, readonly UploadedFile[]>): Map<string, string> {
  return new Map(
    [...files].flatMap(([key, parts]) =>
      parts.map(
        ({ below, content }) => [`${key}${below}`, createHash('sha256').update(content).digest('hex')] as const,
      ),
    ),
  );
}

async function readMounted(session: Session, wanted: WantedAccessory, file: MountedFile): Promise<UploadedFile[]> {
  const path = resolve(file.local.replace(/^~(?=\/)/, homedir()));
  try {
    if ((await stat(path)).isDirectory()) return await readDirectory(path);
    const content = await readFile(path);
    return [
      { below: '', content: file.isTemplate ? render(session, wanted, file, content.toString('utf8')) : content },
    ];
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(
      'config-invalid',
      `${file.local}, a file of ${wanted.accessory.name}, cannot be read: ${messageOf(error)}`,
      {
        hint: `It is named in accessories.${wanted.accessory.name}.files.`,
      },
    );
  }
}

async function readDirectory(path: string): Promise<UploadedFile[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.toSorted().map(async (file) => ({ below: file.slice(path.length), content: await readFile(file) })),
  );
}

/** Kamal gives a template the accessory's variables, over those of the shell. */
function render(
  { run, secrets, secretsByKamal }: Session,
  { spec }: WantedAccessory,
  { local }: MountedFile,
  text: string,
): Buffer {
  const env = { ...run.env, ...environmentOf(spec.env, { secrets, secretsByKamal, variables: {} }, 'exact') };
  return Buffer.from(renderTemplate({ ...loadRequest(run, process.cwd()), env, file: local, text }), 'utf8');
}
