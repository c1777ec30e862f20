/**
 * How a value arrives in a container that Kamal 2.12 made: as it stands, or as `dump` and the shell leave it. The first is the value
 * itself; undefined stands for a variable that is not there. Sources: `env_file.rb` (secrets) and `utils.rb`, `argumentize` and
 * `escape_shell_value` (clear variables and labels); reference, sections 3.4 and 8.3, W36, W38 and W39. What the machine's shell makes of
 * `${…}` nobody can know here, so that has no other form.
 */
export function kamalForms(value: string, kind: 'secret' | 'clear' | 'label'): readonly (string | undefined)[] {
  if (kind === 'secret') return [value, envFileForm(value)];
  // `--env NAME` copies the variable of the shell, which has none; `--label NAME` is an empty one.
  if (value.trim() === '') return [value, kind === 'label' ? '' : undefined];
  return [value, shellForm(value)];
}

/** A secret in Kamal's env file: `"` and `#` stay, whatever stands before them. */
export function envFileForm(value: string): string {
  return dumped(value).replaceAll('\\"', '"').replaceAll('\\#', '#');
}

/** A clear value in double quotes, which the shell takes off: only there it undoes what `dump` did to backslashes and quotes. */
function shellForm(value: string): string {
  return dumped(value).replaceAll(/\\([\\"])/g, '$1');
}

/** The inside of Ruby's `String#dump`; Kamal keeps what is not ASCII away from it. */
function dumped(value: string): string {
  return value.replaceAll(/["\\]|#(?=[${@])|\p{Cc}/gu, (char) => {
    if (char > '\x7f') return char;
    if (char === '"' || char === '\\' || char === '#') return `\\${char}`;
    return named[char] ?? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
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
