/** One file as text, and places in it. */

export type Path = readonly (string | number)[];

export interface Sheet {
  readonly file: string;
  readonly lines: readonly string[];
}

export interface Place {
  readonly sheet: Sheet;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The file as a whole; no line of it is meant. */
  readonly whole?: true;
}

/** `config/deploy.yml:12` */
export function lineOf(place: Place): string {
  return `${place.sheet.file}:${place.line}`;
}

/** `config/deploy.yml:12:3` */
export function positionOf(place: Place): string {
  return `${lineOf(place)}:${place.column}`;
}

/** The line and a caret under the place, with everything hidden that looks like a secret. */
export function excerptOf(place: Place): string[] {
  const line = place.sheet.lines[place.line - 1] ?? '';
  if (place.whole || line.trim() === '') return [];
  const number = String(place.line);
  const start = place.column > widest ? place.column - widest / 2 : 0;
  const shown = hideSecrets(line)
    .slice(start, start + widest)
    .replaceAll(/[^\P{C}\t]/gu, '?');
  const caret = line.slice(start, place.column - 1).replaceAll(/[^\t]/g, ' ');
  return [`  ${number} | ${shown}`, `  ${' '.repeat(number.length)} | ${caret}^`];
}

const widest = 160;

const secretWord = /pas+w|pwd|secret|token|credential|private|key|auth/i;

/** Whether what is called so is likely to be kept from others. */
export function soundsSecret(name: string): boolean {
  return secretWord.test(name);
}

/** Without the passwords in addresses and after options that sound like one. */
export function withoutPasswords(text: string): string {
  return text
    .replaceAll(/(:\/\/[^\s:/@]*:)[^\s@]+@/g, '$1…@')
    .replaceAll(/(--?[\w-]*(?:pas+|pwd|secret|token)[\w-]*(?:=|\s+))(?!-)\S+/gi, '$1…');
}

/** Values under keys that sound secret, and passwords in addresses. Lengths before the value stay, so carets fit. */
function hideSecrets(line: string): string {
  const key = new RegExp(`([\\w-]*(?:${secretWord.source})[\\w-]*["']?\\s*:\\s+)([^\\s[{*&][^,}\\]]*)`, 'gi');
  return withoutPasswords(line.replaceAll(key, '$1…'));
}
