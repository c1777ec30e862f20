import type { Role } from './config.ts';
import type { Findings } from './findings.ts';
import { present } from './present.ts';

interface WrittenAssets {
  readonly name: string;
  readonly own: string | undefined;
  readonly root: string | undefined;
  readonly findings: Findings;
}

/** `path` or `path:mount options`; a role's own counts before the root's. */
export function resolveAssets({ name, own, root, findings }: WrittenAssets): Role['assets'] {
  const written = own ?? root;
  if (written === undefined) return undefined;
  const where = own === undefined ? ['asset_path'] : ['servers', name, 'asset_path'];
  const [path = '', ...options] = written.split(':');
  if (!/^\/[^\s]*[^\s/]/.test(path) || options.length > 1 || path.split('/').includes('..')) {
    findings.problem(where, 'this should be a path in the image, such as /app/public/assets, or path:options');
  }
  return present({ path: path.replace(/\/+$/, ''), mountOptions: options[0] || undefined });
}

export const assetsSample = `\
# A directory of the image with files that pages ask for by a name of their version. The pages of one version find those of
# the others: of what ran before during a deploy, and of every version that is kept after a rollback. A role may have its own.
# Mount options may follow, such as :ro.
asset_path: /app/public/assets:ro
`;
