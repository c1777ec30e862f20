/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line of these words. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
