import { readSecretsFiles, type SecretsLocation } from './files.ts';

/** Every name that the secrets files define, for hooks that see all of them as in Kamal; nothing is resolved. */
export async function allSecretNames(location: SecretsLocation): Promise<string[]> {
  const files = await readSecretsFiles(location);
  return [...new Set(files.flatMap((file) => file.entries.map(({ key }) => key)))];
}
