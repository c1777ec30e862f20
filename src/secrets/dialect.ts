/**
 * The dialect of Kamal's secrets files (dotenv 3), to entries with positions. Differences from Kamal, each where Kamal's own reading
 * is of no use to anybody: `#` and quotes inside `$(…)` belong to the command; `$X}` keeps its brace; a quote or `$(` that is never
 * closed is a failure; `$(…)` may be continued on the next line after a backslash. Like Kamal, an unquoted value ends at the first
 * `#` outside `$(…)`, even without a space before it: a file has to mean the same to both, so that is only noted.
 */
import { Failure } from '../errors.ts';
import { parseValue, scanCommand, unclosedCommand, withNested, type Part, type Piece } from './value.ts';

export interface Entry {
  readonly key: string;
  /** For messages: `.kamal/secrets:3`. */
  readonly where: string;
  /** Place among the entries of its file. */
  readonly order: number;
  readonly quoting: 'none' | 'single' | 'double';
  readonly parts: readonly Part[];
  /** What each variable in it refers to: the last definition of that name above; names that are not here come from the environment. */
  readonly references: ReadonlyMap<string, Entry>;
  /** The value was cut at a `#` without a space before it, which Kamal does too. */
  readonly cutAtHash: boolean;
}

export interface SecretsFile {
  /** In the order of the file; the last one of a name counts. */
  readonly entries: readonly Entry[];
  /** `file:line` of lines that define nothing; Kamal skips them silently. */
  readonly ignored: readonly string[];
}

/** Reads the text of a secrets file; throws `secrets-invalid` with file and line, and never shows what stands there. */
export function parseSecrets(
  original: string,
  { file, env }: { file: string; env: Record<string, string | undefined> },
): SecretsFile {
  const text = original.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const entries: Entry[] = [];
  const ignored: string[] = [];
  const latest = new Map<string, Entry>();
  let legacyLineBreaks = env.DOTENV_LINEBREAK_MODE === 'legacy';
  let line = 1;
  for (let at = 0; at < text.length;) {
    const where = `${file}:${line}`;
    const head = headAt(text, at);
    const definition = head && {
      ...head,
      value: valueAt(text, head.end, { where, key: head.key, legacyLineBreaks, bare: head.bare }),
    };
    if (definition?.value === undefined) {
      if (!isBlank(text, at)) ignored.push(where);
    } else if (!(definition.bare && definition.exported)) {
      const { end: _, ...value } = definition.value;
      const entry = {
        key: definition.key,
        where,
        order: entries.length,
        ...value,
        references: referencesOf(value.parts, latest),
      };
      entries.push(entry);
      latest.set(entry.key, entry);
      if (entry.key === 'DOTENV_LINEBREAK_MODE') legacyLineBreaks = isText(entry, 'legacy');
    } else if (!latest.has(definition.key)) {
      throw new Failure(
        'secrets-invalid',
        `${where}: export ${definition.key} gives no value, and none is given above`,
      );
    }
    const next = endOfLine(text, definition?.value?.end ?? at) + 1;
    for (let index = at; index < next; index += 1) if (text[index] === '\n') line += 1;
    at = next;
  }
  return { entries, ignored };
}

/** `[export ]KEY=`, `KEY: ` or `KEY` alone (`bare`). */
function headAt(text: string, at: number): { key: string; exported: boolean; bare: boolean; end: number } | undefined {
  const pattern = /[ \t]*(export[ \t]+)?([\w.]+)([ \t]*=|:(?=[ \t\n]|$))?/y;
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, exported, key = '', separator] = match;
  return { key, exported: exported !== undefined, bare: separator === undefined, end: pattern.lastIndex };
}

interface ValueAt {
  readonly quoting: Entry['quoting'];
  readonly parts: readonly Part[];
  readonly cutAtHash: boolean;
  readonly end: number;
}
interface Place {
  readonly where: string;
  readonly key: string;
  readonly legacyLineBreaks: boolean;
  readonly bare: boolean;
}

/** The value from `start` on; undefined when `KEY` alone is followed by something, so that the line defines nothing. */
function valueAt(text: string, start: number, place: Place): ValueAt | undefined {
  if (place.bare)
    return isBlank(text, start) ? { quoting: 'none', parts: [], cutAtHash: false, end: start } : undefined;
  const { legacyLineBreaks } = place;
  const at = skipSpaces(text, start);
  const quote = text[at];
  if (quote === "'" || quote === '"') {
    for (const end of closingQuotes(text, at)) {
      if (!isBlank(text, end + 1)) continue;
      const parts = partsOf(text.slice(at + 1, end), quote, legacyLineBreaks);
      if (typeof parts !== 'string') return { quoting: quotingOf(quote), parts, cutAtHash: false, end: end + 1 };
    }
    const end = quote === '"' ? closingQuoteAfterCommands(text, at, legacyLineBreaks) : undefined;
    const parts =
      end !== undefined && isBlank(text, end + 1) && partsOf(text.slice(at + 1, end), quote, legacyLineBreaks);
    if (end !== undefined && parts && typeof parts !== 'string')
      return { quoting: 'double', parts, cutAtHash: false, end: end + 1 };
  }
  return unquotedAt(text, at, place);
}

/** The rest of the line up to `#`; where it happens to stand between two equal quotes, dotenv takes them off all the same. */
function unquotedAt(text: string, start: number, { where, key, legacyLineBreaks }: Place): ValueAt {
  const fail = (problem: string): never => {
    throw new Failure('secrets-invalid', `${where}: ${key}: ${problem}`, {
      hint: "Put single quotes around a value that is meant literally: KEY='…'.",
    });
  };
  let end = start;
  while (end < text.length && text[end] !== '\n' && text[end] !== '#') {
    if (text[end] === '$' && text[end + 1] === '(' && text[end + 2] !== ')') {
      end =
        scanCommand(text, end, { quoting: 'none', legacyLineBreaks, withinLine: true })?.end ?? fail(unclosedCommand);
    } else if (text[end] === '\\' && text[end + 1] === '$') end += 2;
    else end += 1;
  }
  const raw = trim(text.slice(start, end));
  const quote = raw[0];
  const wrapped = (quote === "'" || quote === '"') && raw.length > 1 && raw.endsWith(quote);
  if ((quote === "'" || quote === '"') && raw.indexOf(quote, 1) === -1)
    fail(`the value starts with ${quote}, which is not closed`);
  const parts = wrapped
    ? partsOf(raw.slice(1, -1), quote, legacyLineBreaks)
    : partsOf(raw, undefined, legacyLineBreaks);
  if (typeof parts === 'string') return fail(parts);
  const cutAtHash = raw !== '' && text[end] === '#' && !/\s/.test(text[end - 1] ?? '');
  return { quoting: wrapped ? quotingOf(quote) : 'none', parts, cutAtHash, end };
}

function partsOf(raw: string, quote: string | undefined, legacyLineBreaks: boolean): readonly Part[] | string {
  if (quote === "'") return raw === '' ? [] : [{ kind: 'text', text: raw }];
  return parseValue(raw, { quoting: quote === '"' ? 'double' : 'none', legacyLineBreaks });
}

/** Where the quote that opens at `at` may close, the best first: at the next one, else at one that a backslash stands before. */
function closingQuotes(text: string, at: number): readonly number[] {
  const quote = text[at] ?? '';
  const ends: number[] = [];
  for (let end = text.indexOf(quote, at + 1); end !== -1; end = text.indexOf(quote, end + 1)) {
    ends.unshift(end);
    if (text[end - 1] !== '\\' || ends.length === 1000) break;
  }
  return ends;
}

/** Like the next `"`, but quotes inside `$(…)` belong to the command: `"$(op read "op://vault/item/field")"`. */
function closingQuoteAfterCommands(text: string, at: number, legacyLineBreaks: boolean): number | undefined {
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === '"') return end;
    if (text[end] === '\\') {
      end += text[end + 1] === '\\' && text[end + 2] === '$' ? 2 : 1;
    } else if (text[end] === '$' && text[end + 1] === '(') {
      const command = scanCommand(text, end, { quoting: 'double', legacyLineBreaks, withinLine: true });
      if (command === undefined) return undefined;
      end = command.end - 1;
    }
  }
  return undefined;
}

function referencesOf(parts: readonly Part[], latest: ReadonlyMap<string, Entry>): ReadonlyMap<string, Entry> {
  const references = new Map<string, Entry>();
  for (const part of parts.flatMap((one): readonly (Part | Piece)[] =>
    one.kind === 'command' ? [...withNested(one.pieces)] : [one],
  )) {
    const entry = 'name' in part ? latest.get(part.name) : undefined;
    if ('name' in part && entry !== undefined) references.set(part.name, entry);
  }
  return references;
}

function isText(entry: { parts: readonly Part[] }, text: string): boolean {
  const [part, more] = entry.parts;
  return more === undefined && part?.kind === 'text' && part.text === text;
}

function quotingOf(quote: string): 'single' | 'double' {
  return quote === "'" ? 'single' : 'double';
}

/** Nothing but spaces and a comment until the end of the line. */
function isBlank(text: string, at: number): boolean {
  const next = text[skipSpaces(text, at)];
  return next === undefined || next === '\n' || next === '#';
}

function skipSpaces(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\v' || text[at] === '\f') at += 1;
  return at;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** Spaces of ASCII only: Ruby's strip leaves a no-break space where it is. */
function trim(text: string): string {
  let end = text.length;
  while (end > 0 && ' \t\v\f\n'.includes(text[end - 1] ?? 'x')) end -= 1;
  return text.slice(Math.min(skipSpaces(text, 0), end), end);
}
