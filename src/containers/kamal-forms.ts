import { expand, expansionPattern, parseExpansion } from '../config/expansions.ts';

/**
 * How Kamal 2.12 delivers a value to a container: as Ruby's `String#dump` and Docker, or the machine's shell, leave it. Sources:
 * `env_file.rb` (secrets) and `utils.rb`, `argumentize` and `escape_shell_value` (clear variables, labels, options); reference, sections 3.4
 * and 8.3, W36, W38 and W39.
 */

/** A secret in Kamal's env file: `"` and `#` stay, whatever stands before them. */
export function envFileForm(value: string): string {
  const dump = value.replaceAll(/["\\]|#(?=[${@])|\p{Cc}/gu, (char) =>
    /["\\#]/.test(char) ? `\\${char}` : dumped(char),
  );
  return dump.replaceAll('\\"', '"').replaceAll('\\#', '#');
}

/** Variables of the login session on a machine. */
export type Variables = Readonly<Record<string, string>>;

/**
 * A value in double quotes on the machine's command line, where the shell fills in `${…}`; what only a shell can work out stays as it
 * is written.
 */
export function shellForm(value: string, variables: Variables): string {
  return value.replaceAll(shellChanges, (text) => {
    if (text === '#') return '\\#';
    if (!text.startsWith('${')) return dumped(text);
    const expansion = parseExpansion(text);
    return expansion === undefined ? text : expand(expansion, variables);
  });
}

const shellChanges = new RegExp(`${expansionPattern.source}|#(?=[\${@])|\\p{Cc}`, 'gu');

/** A clear variable; undefined for one that the container does not have at all, whatever its image says. */
export function clearForm(name: string, value: string, variables: Variables): string | undefined {
  // `--env NAME` copies the variable of the session.
  if (isBlank(value)) return Object.hasOwn(variables, name) ? variables[name] : undefined;
  return shellForm(value, variables);
}

/** `--label NAME` is an empty one. */
export function labelForm(value: string, variables: Variables): string {
  return isBlank(value) ? '' : shellForm(value, variables);
}

/** What Kamal delivers otherwise in a secret, in words; undefined when nothing. */
export function secretReason(value: string): string | undefined {
  if (envFileForm(value) === value) return undefined;
  return sentence([...controlReasons(value), value.includes('\\') && 'a backslash is doubled']);
}

/** The same in a clear variable, label or option. */
export function shellReason(value: string): string | undefined {
  return sentence([
    value.match(expansionPattern) && 'the machine’s shell fills in ${…}',
    ...controlReasons(value),
    /#[${@]/.test(value) && 'a # before $, { or @ gains a backslash',
  ]);
}

/** The same in a clear variable. */
export function clearReason(value: string): string | undefined {
  return isBlank(value) ? 'an empty value is none, or the machine’s own of that name' : shellReason(value);
}

/** The same in a label. */
export function labelReason(value: string): string | undefined {
  if (!isBlank(value)) return shellReason(value);
  return value === '' ? undefined : 'a blank value is empty';
}

/** Names of the machine's variables that Kamal's way of delivering a text looks at. */
export function variablesIn(value: string): string[] {
  return (value.match(expansionPattern) ?? []).flatMap((text) => parseExpansion(text)?.name ?? []);
}

/** As Ruby sees it. */
export function isBlank(value: string): boolean {
  return /^\p{White_Space}*$/u.test(value);
}

function sentence(parts: readonly (string | false | null)[]): string | undefined {
  const said = parts.filter((part) => typeof part === 'string');
  return said.length === 0 ? undefined : said.join(' and ');
}

function controlReasons(value: string): (string | false)[] {
  return [
    value.includes('\n') && 'a line break is \\n',
    value.includes('\t') && 'a tab is \\t',
    /[^\P{Cc}\n\t\x80-\x9f]/u.test(value) && 'a control character is written out',
  ];
}

/** A control character inside Ruby's `String#dump`; Kamal keeps what is not ASCII away from it. */
function dumped(char: string): string {
  if (char > '\x7f') return char;
  return named[char] ?? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const named: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\v': '\\v',
  '\b': '\\b',
  '\x07': '\\a',
  '\x1b': '\\e',
};
