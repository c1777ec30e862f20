/** Values that shells, YAML, JSON, env files and Docker each treat in a way of their own. */
export const nastyValues: Readonly<Record<string, string>> = {
  DOLLAR: '$',
  WORD: 'pa$word $HOME $1',
  BRACES: '${HOME} ${',
  COMMAND: '$(id)',
  BACKTICK: '`id`',
  BACKSLASH: '\\a\\\\b\\n\\t\\"\\$x',
  BACKSLASH_LAST: 'a\\',
  NEWLINE: '\na\n\nb\n',
  CRLF: 'a\r\nb\r\n',
  TAB: '\ta\tb\t',
  SINGLE: "'it''s'",
  DOUBLE: '"a" "',
  UNICODE: 'ä a\u0308 漢字 🚀 👩‍👩‍👧 \u00a0\u2028\u200b\ufeff',
  LARGE: 'x$y`\'"\\ é#'.repeat(10_000).slice(0, 100_000),
  SPACES: '  a  ',
  HASH: '#a #b c#d',
  HASH_BRACE: '#{x} #$x #@x',
  EMPTY: '',
  EQUALS: '=a=b=',
  DASH: '--rm -e X',
  SIGNS: '%s %n * ? ~ ! [a] {b,c} <>&|;()',
  CONTROL: '\u001b[31m\u0001\u007f\u0085',
  PEM: `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQ+/'.repeat(40).replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
};

/** One line of a secrets file per way of quoting that can carry the value; the key begins with that way's letter. */
export function secretLines(name: string, value: string): Readonly<Record<string, string>> {
  const isOneLine = !/[\r\n]/.test(value);
  // A carriage return is part of the file's own line ends; a backslash before a quote may keep it from closing.
  const mayBeQuoted = !value.includes('\r') && !value.endsWith('\\');
  return {
    ...(value.includes("'") || !mayBeQuoted ? {} : { [`S_${name}`]: `'${value}'` }),
    ...(!mayBeQuoted ? {} : { [`D_${name}`]: `"${value.replaceAll(/[\\"$]/g, '\\$&')}"` }),
    ...(isOneLine && value === value.trim() && !value.includes('#') && !/^['"]/.test(value)
      ? { [`U_${name}`]: value.replaceAll(/[\\$"'`() ]/g, '\\$&') }
      : {}),
    [`E_${name}`]: value === '' ? '' : `$FROM_${name}`,
    // One line break at the end of what a command prints is not of the value.
    [`C_${name}`]: value === '' ? '""' : `$(cat values/${name}; echo)`,
  };
}
