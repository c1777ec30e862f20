/** Defence in depth: takes secret values out of text that other programs wrote. Nothing of Longshore's own relies on it. */

const replacement = '[secret]';
const shortest = 4;
const shortestLine = 8;

/**
 * A function that replaces each of these values in a text by `[secret]`: as it is, JSON-escaped, URL-encoded and in base64 (also inside
 * longer base64, such as `user:password`). Of a value with several lines each line of 8 characters or more counts too, because output
 * comes line by line. Values shorter than 4 characters are left alone: they would take ordinary words apart.
 */
export function createMasker(values: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const value of values) {
    for (const form of formsOf(value)) forms.add(form);
    const lines = value.split(/\r\n|\n|\r/);
    if (lines.length > 1) {
      for (const line of lines) if (line.length >= shortestLine) for (const form of formsOf(line)) forms.add(form);
    }
  }
  const sorted = [...forms].sort((one, other) => other.length - one.length);
  return (text) => (sorted.length === 0 ? text : replaceRanges(text, rangesOf(text, sorted)));
}

function formsOf(value: string): readonly string[] {
  if (value.length < shortest) return [];
  const json = JSON.stringify(value).slice(1, -1);
  const forms = [value, value.trim(), json, json.replaceAll('/', '\\/'), ascii(json)];
  const url = encodeUrl(value);
  forms.push(
    url,
    url.replaceAll('%20', '+'),
    url.replace(/[!'()*]/g, percent),
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  );
  return [...forms, ...base64Forms(value)].filter((form) => form.length >= shortest);
}

/** Base64 of the value at each of the three places it can have in a longer text, without the characters that its neighbours decide. */
function base64Forms(value: string): readonly string[] {
  const forms: string[] = [];
  const bytes = Buffer.from(value);
  for (const before of [0, 1, 2]) {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const bits = all.length * 8;
    const core = all.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
    if (core.length >= shortestLine || before === 0) forms.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [bytes.toString('base64'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url'), ...forms];
}

/** By way of bytes, because half a surrogate pair cannot be encoded. */
function encodeUrl(value: string): string {
  return encodeURIComponent(Buffer.from(value).toString());
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function ascii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

type Range = [start: number, end: number];

function rangesOf(text: string, forms: readonly string[]): readonly Range[] {
  const ranges: Range[] = [];
  for (const form of forms) {
    if (form.length > text.length) continue;
    for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + form.length))
      ranges.push([at, at + form.length]);
  }
  return ranges.sort((one, other) => one[0] - other[0]);
}

function replaceRanges(text: string, ranges: readonly Range[]): string {
  let result = '';
  let done = 0;
  for (const [start, end] of ranges) {
    if (start >= done) result += text.slice(done, start) + replacement;
    done = Math.max(done, end);
  }
  return ranges.length === 0 ? text : result + text.slice(done);
}
