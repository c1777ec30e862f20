/**
 * Kamal's ways of typing, in the form oclif parses: `--skip_push` is `--skip-push`, `help deploy` is `deploy --help`.
 * Nothing after `--` is touched, nor the message of a lock.
 */
export function normaliseArgv(argv: readonly string[]): string[] {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
  const end = words.indexOf('--');
  return words.map((word, index) => {
    const previous = words[index - 1];
    const isValue = previous === '-m' || previous === '--message';
    return (end === -1 || index < end) && !isValue ? withDashes(word) : word;
  });
}

export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? undefined : end).includes('--json');
}

function withDashes(word: string): string {
  return word.replace(/^--[^=]+/, (name) => name.replaceAll('_', '-'));
}
