import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What people read and copy from. */
export interface Document {
  /** Relative to the checkout. */
  readonly path: string;
  readonly text: string;
}

export const root = join(import.meta.dirname, '../..');

/** README, docs, examples and what explains the tests. */
export function allDocuments(): Document[] {
  const below = ['docs', 'examples', 'test'].flatMap((folder) => filesBelow(join(root, folder)));
  return ['README.md', 'CONTRIBUTING.md', ...below.map((file) => relative(root, file))]
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** The text of fenced blocks in these languages; of a document's indented blocks and spans too where '' is among them. */
export function codeIn({ text }: Document, ...languages: readonly string[]): string[] {
  const fence = /^```(\w*)[^\n]*\n(.*?)^```/gms;
  const fenced = [...text.matchAll(fence)].flatMap(([, language = '', code = '']) =>
    languages.includes(language) ? [code] : [],
  );
  if (!languages.includes('')) return fenced;
  const prose = text.replaceAll(fence, '');
  const spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll(/\s+/g, ' '));
  const indented = prose.split('\n').filter((line) => line.startsWith('    '));
  return [...fenced, ...spans, ...indented];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
