/** What to add to a hint about a registry that refused: a token of `gh` may not do anything with packages until it is asked for. */
export function tokenHint(image: string, scope: 'read:packages' | 'write:packages'): string {
  if (!image.startsWith('ghcr.io/')) return '';
  return `. A token of gh needs the scope ${scope}: gh auth refresh --scopes ${scope}`;
}
