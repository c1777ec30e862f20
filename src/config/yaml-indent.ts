/** A text with some lines moved to the right, and where its characters come from. */
export interface Indented {
  readonly text: string;
  /** The offset in the original of an offset in `text`. */
  originOf(offset: number): number;
}

/**
 * Indents the lines in which a quoted text or a `[…]` or `{…}` goes on. Psych takes them at the left edge too, where the YAML
 * parser here does not; and to both the blanks before such a line mean nothing. Undefined when there is no such line.
 */
export function indentContinuations(text: string): Indented | undefined {
  const moved: { readonly at: number; readonly by: number }[] = [];
  const state: State = { quote: '', open: [], column: 0, block: undefined };
  let at = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const goesOn = state.quote !== '' || state.open.length > 0;
    if (goesOn && line.trim() !== '' && indent <= state.column) moved.push({ at, by: state.column + 1 - indent });
    scanLine(line, state);
    at += line.length;
  }
  return moved.length === 0 ? undefined : shifted(text, moved);
}

interface State {
  /** The quote that is open. */
  quote: string;
  /** The brackets that are open. */
  open: string[];
  /** Of the outermost of what is open. */
  column: number;
  /** How far the line is indented that a `|` or `>` belongs to, whose lines are text. */
  block: number | undefined;
}

function scanLine(line: string, state: State): void {
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  if (state.block !== undefined) {
    if (line.trim() === '' || indent > state.block) return;
    state.block = undefined;
  }
  for (let index = 0; index < line.length; index++) {
    const char = line.charAt(index);
    if (state.quote !== '') {
      if (state.quote === '"' && char === '\\') index++;
      else if (char === state.quote && state.quote === "'" && line.charAt(index + 1) === "'") index++;
      else if (char === state.quote) state.quote = '';
      continue;
    }
    const before = line.charAt(index - 1);
    if (char === '#' && (index === 0 || /\s/.test(before))) return;
    const starts = index === 0 || /\s/.test(before) || (state.open.length > 0 && /[[{,:]/.test(before));
    if ((char === '"' || char === "'") && starts && opensValue(line, index, state)) {
      if (state.open.length === 0) state.column = index;
      state.quote = char;
    } else if ((char === '[' || char === '{') && starts && opensValue(line, index, state)) {
      if (state.open.length === 0) state.column = index;
      state.open.push(char);
    } else if ((char === ']' || char === '}') && state.open.length > 0) state.open.pop();
  }
  if (state.open.length === 0 && state.quote === '' && /(?:^|[\s:-])[|>][-+\d]*\s*(?:#.*)?$/.test(line.trimEnd())) {
    state.block = indent;
  }
}

/** Whether a value starts here, and not the rest of an unquoted one. */
function opensValue(line: string, index: number, { open }: State): boolean {
  return open.length > 0 || /^(?:.*:\s+)?(?:[-?]\s+|[&!]\S*\s+)*$/.test(line.slice(0, index).trimStart());
}

function shifted(text: string, moved: readonly { readonly at: number; readonly by: number }[]): Indented {
  const pieces: string[] = [];
  let last = 0;
  for (const { at, by } of moved) {
    pieces.push(text.slice(last, at), ' '.repeat(by));
    last = at;
  }
  pieces.push(text.slice(last));
  return {
    text: pieces.join(''),
    originOf(offset) {
      let added = 0;
      for (const { at, by } of moved) {
        if (at + added > offset) break;
        added += Math.min(by, offset - at - added);
      }
      return offset - added;
    },
  };
}
