import type { Sheet } from './sheet.ts';

/** The YAML that a template stands for, and where each character of it comes from. */
export interface Template {
  readonly text: string;
  /** The template itself, for excerpts: they show no value that was put in. */
  readonly sheet: Sheet;
  /** Of a character of `text`: its own place, or that of the tag that put it there. Both count from 1. */
  positionOf(offset: number): { readonly line: number; readonly column: number };
}

/** Puts a text together from pieces of its template and from what tags give. */
export function createTemplate(sheet: Sheet, source: string) {
  const segments: { start: number; source: number; put: boolean }[] = [];
  const positionIn = createPositions(source);
  let text = '';
  return {
    copy(from: number, to: number) {
      if (from === to) return;
      segments.push({ start: text.length, source: from, put: false });
      text += source.slice(from, to);
    },
    put(value: string, tag: number) {
      if (value === '') return;
      segments.push({ start: text.length, source: tag, put: true });
      text += value;
    },
    done: (): Template => ({
      text,
      sheet,
      positionOf(offset) {
        const segment = segments[lastAtMost(segments, offset)];
        if (segment === undefined) return { line: 1, column: 1 };
        return positionIn(segment.put ? segment.source : segment.source + offset - segment.start);
      },
    }),
  };
}

/** For what somebody else rendered: a line that stands in the template as it is, is that line; others follow the one before. */
export function alignTemplate(sheet: Sheet, text: string): Template {
  const positionIn = createPositions(text);
  let next = 0;
  const lines = text.split('\n').map((line) => {
    const found = line.trim() === '' ? -1 : sheet.lines.indexOf(line.replace(/\r$/, ''), next);
    const here = found === -1 ? Math.min(next, sheet.lines.length - 1) : found;
    next = here + 1;
    return { line: here + 1, isSame: found !== -1 };
  });
  return {
    text,
    sheet,
    positionOf(offset) {
      const { line, column } = positionIn(offset);
      const aligned = lines[line - 1];
      return { line: aligned?.line ?? 1, column: aligned?.isSame === true ? column : 1 };
    },
  };
}

/** Line and column of the offsets of a text, counted from 1. */
export function createPositions(text: string): (offset: number) => { line: number; column: number } {
  const starts = [{ start: 0 }];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push({ start: at + 1 });
  return (offset) => {
    const index = lastAtMost(starts, offset);
    return { line: index + 1, column: offset - (starts[index]?.start ?? 0) + 1 };
  };
}

function lastAtMost(segments: readonly { start: number }[], offset: number): number {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((segments[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
