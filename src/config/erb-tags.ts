/** A piece of a template as Ruby's ERB cuts it, with trim mode `-`. */
export type ErbPart =
  | { readonly kind: 'text'; readonly from: number; readonly to: number }
  | {
      readonly kind: 'output' | 'code' | 'unclosed';
      /** Where the tag starts, and where what is in it starts. */
      readonly offset: number;
      readonly codeOffset: number;
      readonly code: string;
      /** Just behind the tag, and behind the line break that it takes along. */
      readonly end: number;
      /** Only a `#` and text stand before it on its line, so YAML does not read it. */
      readonly inComment: boolean;
    };

/**
 * Cuts a template into text and tags. `-%>` takes the line break after it along, `<%-` the blanks before it on its line;
 * `<%%` and `%%>` stand for themselves; `<%# … %>` is nothing.
 */
export function readErb(text: string): ErbPart[] {
  const parts: ErbPart[] = [];
  let position = 0;
  while (position < text.length) {
    const opening = /^[ \t]*<%-|<%[%=#-]?/m.exec(text.slice(position));
    if (opening === null) break;
    const [open] = opening;
    const from = position + opening.index;
    const start = from + open.length;
    if (open === '<%%') {
      parts.push({ kind: 'text', from: position, to: from + 2 });
      position = start;
      continue;
    }
    parts.push({ kind: 'text', from: position, to: from });
    const { code, end } = readTag(text, start);
    const tag = { offset: start - open.trimStart().length, codeOffset: start, code, end: end ?? text.length };
    const inComment = /^[ \t]*#/.test(text.slice(text.lastIndexOf('\n', from - 1) + 1, from));
    if (end === undefined) return [...parts, { kind: 'unclosed', ...tag, inComment }];
    if (open !== '<%#') parts.push({ kind: open === '<%=' ? 'output' : 'code', ...tag, inComment });
    position = end;
  }
  return [...parts, { kind: 'text', from: position, to: text.length }];
}

function readTag(text: string, start: number): { code: string; end: number | undefined } {
  let code = '';
  let position = start;
  for (;;) {
    const closing = /%%>|-%>|%>/.exec(text.slice(position));
    if (closing === null) return { code: text.slice(start), end: undefined };
    code += text.slice(position, position + closing.index);
    position += closing.index + closing[0].length;
    if (closing[0] === '%%>') {
      code += '%>';
      continue;
    }
    const lineBreak = closing[0] === '-%>' ? (/^\r?\n/.exec(text.slice(position, position + 2))?.[0].length ?? 0) : 0;
    return { code, end: position + lineBreak };
  }
}
