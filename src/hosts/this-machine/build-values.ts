import { writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { SecretSource } from '../../build/build-command.ts';
import type { ImageBuild } from '../../build/image-build.ts';
import { Failure } from '../../errors.ts';

/** Linux takes no longer variable or word (MAX_ARG_STRLEN, 128 KiB with its name). */
const longestVariable = 120_000;

/** Secrets by name, the longest of them as files in a directory that nobody else can look into. */
export async function secretSources(
  values: Readonly<Record<string, string>>,
  directory: string,
): Promise<Record<string, SecretSource>> {
  const sources = Object.entries(values).map(async ([name, value], index) => {
    if (Buffer.byteLength(value) < longestVariable) return [name, { value }] as const;
    const file = join(directory, `secret-${index}`);
    await writeFile(file, value, { mode: 0o600 });
    return [name, { value, file }] as const;
  });
  return Object.fromEntries(await Promise.all(sources));
}

/** The build with what only this machine knows filled in. @throws Failure `build-failed` that names the key of the file */
export function filledIn(
  build: ImageBuild,
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): ImageBuild {
  const long = Object.entries(build.args).find(([, value]) => Buffer.byteLength(value ?? '') >= longestVariable);
  if (long !== undefined) {
    throw new Failure(
      'build-failed',
      `builder.args.${long[0]} is longer than the 120 kB that a build argument can have`,
      {
        hint: 'Put it into a file of the build context, or make it a build secret',
      },
    );
  }
  const output = build.output.replace(/((?:^|,)dest=)([^,]+)/, (all, key: string, path: string) =>
    path === '-' || isAbsolute(path) ? all : `${key}${join(cwd, path)}`,
  );
  if (build.ssh === undefined) return { ...build, output };
  const ssh = build.ssh.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) => {
    const value = env[braced ?? bare ?? ''];
    if (value) return value;
    throw new Failure('build-failed', `builder.ssh names $${braced ?? bare}, which is not set here`, {
      hint: 'Is an ssh agent running? Start one (`eval "$(ssh-agent)"; ssh-add`), or name a key: ssh: default=PATH',
    });
  });
  return { ...build, output, ssh };
}
