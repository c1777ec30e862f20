import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parseSecrets } from './dialect.ts';
import { secretsFiles, type SecretsRequest } from './resolve.ts';

/** Every name that the secrets files define, for hooks that see all of them as in Kamal; nothing is resolved. */
export async function allSecretNames(
  request: Pick<SecretsRequest, 'path' | 'destination' | 'cwd' | 'env'>,
): Promise<string[]> {
  const files = await Promise.all(
    secretsFiles(request).map(async (file) => {
      const text = await readFile(isAbsolute(file) ? file : join(request.cwd, file), 'utf8').catch(() => '');
      return parseSecrets(text, { file, env: request.env }).entries.map(({ key }) => key);
    }),
  );
  return [...new Set(files.flat())];
}
