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

/** The last value that one of these flags has: `-c FILE`, `--config-file FILE` or `--config-file=FILE`. */
export function valueOf(argv: readonly string[], flags: readonly string[]): string | undefined {
  const end = argv.indexOf('--');
  const words = argv.slice(0, end === -1 ? undefined : end);
  return words
    .flatMap((word, index) => {
      const [flag = '', ...value] = word.split('=');
      if (!flags.includes(flag)) return [];
      return value.length > 0 ? [value.join('=')] : (words[index + 1] ?? []);
    })
    .at(-1);
}

function withDashes(word: string): string {
  return word.replace(/^--[^=]+/, (name) => name.replaceAll('_', '-'));
}
