import type { DockerOption, Value } from './config.ts';
import { type Path, soundsSecret, withoutPasswords } from './sheet.ts';

/** A value as it may be shown to anybody: secrets by their names, and what must not be seen as `hidden`. */
export type Shown =
  string | number | boolean | readonly string[] | { readonly secret: string } | { readonly hidden: true };

export interface Setting {
  /** In the words of the file, such as `roles`, `web`, `stop_timeout`. */
  readonly path: readonly string[];
  readonly value: Shown;
  /** `config/deploy.yml:12`, or `default`. */
  readonly origin: string;
}

/** Puts down a value, and the places where it can come from, the first that was written counts. Undefined is left out. */
export type Put = (path: readonly string[], value: Shown | undefined, ...from: readonly Path[]) => void;

/** A text that may be shown under its name. */
export function shownText(name: string, text: string): Shown {
  return soundsSecret(name) && text !== '' ? { hidden: true } : withoutPasswords(text);
}

/** A login's part: the secret's name, and nothing of what stands in the file. */
export function shownSecretly(value: Value | undefined): Shown | undefined {
  return typeof value === 'string' ? { hidden: true } : value;
}

/** Options by name; one that is repeated has a list. */
export function addOptions(options: readonly DockerOption[], put: (name: string, value: Shown) => void): void {
  for (const name of new Set(options.map((option) => option.name))) {
    const values = options.flatMap((option) => (option.name === name ? [option.value] : []));
    const [only = true] = values;
    put(name, values.length > 1 ? values.map(String) : typeof only === 'string' ? shownText(name, only) : only);
  }
}
