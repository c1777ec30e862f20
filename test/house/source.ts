/** One `import`, `export … from`, `import()` or `typeof import()` of a source file. */
export interface Import {
  readonly from: string;
  /** Nothing of it is there at run time. */
  readonly typeOnly: boolean;
  /** What is named between the braces; empty for the whole module. */
  readonly names: readonly string[];
}

/** Source text without its comments, and without what its strings, templates and regular expressions say. */
export interface Bare {
  readonly withoutComments: string;
  readonly withoutStrings: string;
}

export function importsOf(text: string): Import[] {
  const { withoutComments, withoutStrings } = bare(text);
  return [...statements(withoutComments, withoutStrings), ...calls(withoutComments, withoutStrings)];
}

function statements(code: string, mask: string): Import[] {
  const pattern = /\b(?:import|export)\s+(type\s+)?((?:[\w$*{][^'";()=]*?)?)\s*(?:\bfrom\s*)?(['"])([^'"\n]+)\3/g;
  return [...code.matchAll(pattern)]
    .filter((match) => /\b(import|export)\b/.test(mask.slice(match.index, match.index + 6)))
    .filter((match) => match[0].startsWith('import') || /\bfrom\b/.test(match[0]))
    .map(([, type, clause = '', , from = '']) => {
      const names = namesIn(clause);
      const allTypes =
        names.length > 0 && names.every((name) => name.startsWith('type ')) && clause.trim().startsWith('{');
      return { from, typeOnly: type !== undefined || allTypes, names: names.map((name) => name.replace(/^type /, '')) };
    });
}

function namesIn(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  return braces
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function calls(code: string, mask: string): Import[] {
  return [...code.matchAll(/(\btypeof\s+)?\bimport\(\s*([^)]*?)\s*,?\s*\)/g)]
    .filter((match) => mask.slice(match.index).startsWith(match[0].slice(0, 6)))
    .map(([, type, what = '']) => {
      const literal = /^(['"])([^'"]+)\1$/.exec(what)?.[2];
      return { from: literal ?? `(computed: ${what})`, typeOnly: type !== undefined, names: [] };
    });
}

/** Enough of a lexer for this: it knows strings, templates with code in them, comments and regular expressions. */
export function bare(text: string): Bare {
  const comments = [...text];
  const strings = [...text];
  const templates: number[] = [];
  let braces = 0;
  let last = '';
  let at = 0;

  function blank(target: string[], from: number, to: number): void {
    for (let index = from; index < to; index += 1) if (target[index] !== '\n') target[index] = ' ';
  }

  function skip(pattern: RegExp, { targets, edge }: { targets: string[][]; edge: number }): void {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length ?? 1;
    for (const target of targets) blank(target, at + edge, at + length - edge);
    at += length;
  }

  /** From a backtick, or from the brace that ends code in a template. */
  function template(): void {
    const start = at + 1;
    const pattern = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(`|\$\{)/y;
    pattern.lastIndex = start;
    const match = pattern.exec(text);
    at = match === null ? text.length : start + match[0].length;
    blank(strings, start, at - (match?.[1]?.length ?? 0));
    if (match?.[1] === '${') templates.push(braces);
  }

  while (at < text.length) {
    const here = text[at] ?? '';
    const two = text.slice(at, at + 2);
    if (two === '//') skip(/.*/y, { targets: [comments, strings], edge: 0 });
    else if (two === '/*') skip(/\/\*[\s\S]*?\*\//y, { targets: [comments, strings], edge: 0 });
    else if (here === "'" || here === '"') skip(/(['"])(?:\\.|(?!\1).)*\1/y, { targets: [strings], edge: 1 });
    else if (here === '/' && startsRegex(last, text.slice(0, at))) {
      skip(/\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\[])+\//y, { targets: [strings], edge: 1 });
      last = '/';
      continue;
    } else if (here === '`') template();
    else if (here === '}' && templates.at(-1) === braces) {
      templates.pop();
      template();
    } else {
      if (here === '{') braces += 1;
      if (here === '}') braces -= 1;
      at += 1;
    }
    if (here.trim() !== '' && two !== '//' && two !== '/*') last = here;
  }
  return { withoutComments: comments.join(''), withoutStrings: strings.join('') };
}

function startsRegex(last: string, before: string): boolean {
  return last === '' || '(,=:[!&|?{};+-*%<>~^'.includes(last) || /\b(return|typeof|case|in|of)\s*$/.test(before);
}
