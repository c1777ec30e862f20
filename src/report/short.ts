/** A text with whole commits cut to seven digits, as long as a person needs them. */
export function shortCommits(text: string): string {
  return text.replace(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, '$1');
}
