/**
 * Which files of a build context a .dockerignore leaves out, by Docker's rules: patterns count from the context's root, later ones win,
 * `!` takes back, and what is in a directory that matches matches too.
 */
export function ignoredBy(text: string): (path: string) => boolean {
  const patterns = text.split(/\r?\n/).flatMap((line) => {
    if (line.startsWith('#')) return [];
    const trimmed = line.trim();
    const isException = trimmed.startsWith('!');
    const pattern = cleaned(isException ? trimmed.slice(1).trim() : trimmed);
    return pattern === '' ? [] : [{ isException, matches: new RegExp(`^${regularExpression(pattern)}$`, 's') }];
  });
  return (path) => {
    const parts = path.split('/');
    const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    return patterns.reduce(
      (ignored, { isException, matches }) => (prefixes.some((prefix) => matches.test(prefix)) ? !isException : ignored),
      false,
    );
  };
}

/** Without `.`, `..` and slashes that say nothing. */
function cleaned(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function regularExpression(pattern: string): string {
  let expression = '';
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern.charAt(index);
    if (char === '*' && pattern.charAt(index + 1) === '*') {
      index += pattern.charAt(index + 2) === '/' ? 2 : 1;
      expression += index + 1 >= pattern.length ? '.*' : '(.*/)?';
    } else if (char === '*') expression += '[^/]*';
    else if (char === '?') expression += '[^/]';
    else if (char === '\\') expression += escaped(pattern.charAt(++index));
    else if (char === '[' && pattern.includes(']', index)) {
      const end = pattern.indexOf(']', index);
      expression += pattern.slice(index, end + 1);
      index = end;
    } else expression += escaped(char);
  }
  return expression;
}

function escaped(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
}
