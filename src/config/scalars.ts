/** Reads unquoted YAML words as Kamal's reader (Ruby's Psych, YAML 1.1) does, and writes values as Ruby would. */

/** A number with a fraction. Kept apart from integers because no key takes one, and because `7.0` must stay "7.0". */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A date or time, as it is written. Kamal takes none where text stands. */
export class DateWord {
  readonly word: string;

  constructor(word: string) {
    this.word = word;
  }
}

export type Scalar = string | number | boolean | Float;

export interface PlainReading {
  readonly value: Scalar | DateWord | null;
  /** Why a person might have meant something else; absent when the reading is plain. */
  readonly surprise?: string;
}

/** Begins like none of the words below. */
const ordinary = /^[a-eg-mp-su-xz]/i;

/** What an unquoted word means. */
export function readPlain(word: string): PlainReading {
  if (ordinary.test(word)) return { value: word };
  if (word === '' || word === '~' || /^null$/i.test(word)) return { value: null };
  if (/^(yes|true|on)$/i.test(word)) return { value: true };
  if (/^(no|false|off)$/i.test(word)) return { value: false };
  if (/^:./.test(word)) return readSymbol(word);
  if (/^\d{4}-\d{1,2}-\d{1,2}([Tt\s].*)?$/.test(word)) {
    return { value: new DateWord(word) };
  }
  if (/^[-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}$/.test(word)) {
    const seconds = readSexagesimal(word);
    return { value: seconds, surprise: `YAML reads this as the number ${seconds}; put it in quotes if text is meant` };
  }
  return { value: readNumber(word) ?? word };
}

export function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Float;
}

/** The text that a container, label or option gets. */
export function textOf(value: Scalar): string {
  return value instanceof Float ? floatText(value.value) : String(value);
}

function readSymbol(word: string): PlainReading {
  const value = /^:["'](.*)["']$/.exec(word)?.[1] ?? word.slice(1);
  if (/^[a-z_]+$/.test(value)) return { value };
  return { value, surprise: `YAML as Kamal reads it drops the leading colon; put it in quotes to keep it` };
}

function readSexagesimal(word: string): number {
  return word.split(':').reduce((sum, part, index) => sum + Number(part.replaceAll('_', '')) * 60 ** (2 - index), 0);
}

function readNumber(word: string): Scalar | undefined {
  const special = /^(-?)\.inf$|^\.nan$/i.exec(word);
  if (special !== null) return new Float(/nan/i.test(word) ? Number.NaN : Number(`${special[1]}Infinity`));
  const digits = word.replaceAll(/[,_]/g, '');
  if (/^[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][+-][0-9]+)?$/.test(word) && /[0-9]/.test(word)) {
    const value = Number(digits);
    return Number.isNaN(value) ? undefined : new Float(value);
  }
  if (/^[-+]?(0|[1-9]([0-9]|,[0-9]|_[0-9])*)$/.test(word)) return integer(digits, '');
  if (/^[-+]?0[0-7_]*[0-7][0-7_]*$/.test(word)) return integer(digits, '0o');
  if (/^[-+]?0b[01_]*[01][01_]*$/.test(word)) return integer(digits.replace('0b', ''), '0b');
  if (/^[-+]?0x[0-9a-fA-F_]*[0-9a-fA-F][0-9a-fA-F_]*$/.test(word)) return integer(digits.replace('0x', ''), '0x');
  return undefined;
}

/** Integers too big for JavaScript stay text, so that no digit is lost. */
function integer(digits: string, prefix: string): number | string {
  const sign = digits.startsWith('-') ? -1n : 1n;
  const value = sign * BigInt(prefix + digits.replace(/^[-+]/, ''));
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e16)) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [mantissa = '', exponent = '+0'] = value.toExponential().split('e');
  const digits = exponent.slice(1).padStart(2, '0');
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${exponent[0]}${digits}`;
}
