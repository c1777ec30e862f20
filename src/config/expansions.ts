/**
 * `${…}` in clear values, labels and options, which Kamal leaves to the shell of the machine (reference, section 8.3, W38): a `$` before
 * a brace that is closed, with nothing but ASCII between.
 */
export const expansionPattern = /\$\{[^}\P{ASCII}]*\}/gu;

export interface Expansion {
  readonly name: string;
  /** Empty in `${NAME}`. */
  readonly operator: '' | '-' | ':-' | '+' | ':+';
  /** What stands behind the operator. */
  readonly word: string;
}

/** Undefined for what only a shell can work out, such as `${NAME%.*}`. */
export function parseExpansion(text: string): Expansion | undefined {
  const [, name, operator = '', word = ''] = /^\$\{([A-Za-z_]\w*)(?:(:?[-+])([^$`"'\\#\p{Cc}]*))?\}$/u.exec(text) ?? [];
  return name === undefined ? undefined : { name, operator: operator as Expansion['operator'], word };
}

/** What a shell makes of it; a variable that is not set is empty. */
export function expand({ name, operator, word }: Expansion, variables: Readonly<Record<string, string>>): string {
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  const counts = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  if (operator.endsWith('+')) return counts ? word : '';
  return counts || operator === '' ? (value ?? '') : word;
}
