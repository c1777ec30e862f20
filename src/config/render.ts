import { type ErbPart, readErb } from './erb-tags.ts';
import { type RubyLine, RubyProblem } from './ruby.ts';
import { parseRuby } from './ruby-parse.ts';
import { evaluate, isTrue, rubyText, type World } from './ruby-run.ts';
import { createPositions, createTemplate, type Template } from './template.ts';
import type { Remark } from './yaml.ts';

export interface Rendered {
  readonly template: Template;
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

type Tag = Exclude<ErbPart, { kind: 'text' }>;

/** An open `if` or `unless`. */
interface Block {
  readonly offset: number;
  /** Whether one of its branches has counted, or none can. */
  taken: boolean;
  /** Whether what stands in it counts; never inside of what does not. */
  active: boolean;
  hadElse: boolean;
}

/** The YAML that a Ruby template (ERB) stands for, with the subset of Ruby that is done here. Throws nothing. */
export function render({ file, text, world }: { file: string; text: string; world: World }): Rendered {
  const sheet = { file, lines: text.split(/\r?\n/) };
  const template = createTemplate(sheet, text);
  const positionIn = createPositions(text);
  const blocks: Block[] = [];
  const problems: Remark[] = [];
  const warnings: Remark[] = [];
  const active = () => blocks.at(-1)?.active ?? true;

  for (const part of readErb(text)) {
    if (part.kind !== 'text') readTag(part);
    else if (active()) template.copy(part.from, part.to);
  }
  for (const { offset } of blocks) {
    problems.push({ place: { sheet, ...positionIn(offset) }, message: 'this block has no `<% end %>`' });
  }
  return { template: template.done(), problems, warnings };

  function readTag(tag: Tag): void {
    let line: RubyLine | undefined;
    try {
      if (tag.kind === 'unclosed') throw new RubyProblem(0, 'this tag is not closed with `%>`');
      line = parseRuby(tag.code);
      if (tag.kind === 'output') putValue(tag, line);
      else if (line.kind === 'if' || line.kind === 'unless') openBlock(tag, line);
      else if (line.kind !== 'nothing') continueBlock(line);
    } catch (thrown) {
      if (!(thrown instanceof RubyProblem)) throw thrown;
      const place = { sheet, ...positionIn(tag.codeOffset + thrown.offset) };
      if (tag.inComment) warnings.push({ place, message: `${thrown.message}; this comment is left without it` });
      else problems.push({ place, message: thrown.message });
      // So that the `end` of what could not be read belongs to something.
      if (line === undefined && tag.kind === 'code' && opensBlock.test(tag.code)) {
        blocks.push({ offset: tag.offset, taken: true, active: false, hadElse: false });
      }
    }
  }

  function putValue({ offset, end }: Tag, line: RubyLine): void {
    if (line.kind === 'nothing') return;
    if (line.kind !== 'expression') throw new RubyProblem(0, `\`${line.kind}\` stands in <% … %>, without =`);
    if (!active()) return;
    const value = rubyText(evaluate(line.expression, world));
    // A line break before a closing quote or bracket is a space to YAML, and its parser here wants the next line indented.
    const closes = /["'}\],]/.test(text[end] ?? '');
    template.put(closes ? value.replace(/\r?\n$/, ' ') : value, offset);
  }

  function openBlock({ offset }: Tag, line: Extract<RubyLine, { condition: unknown }>): void {
    const counts = active();
    const block = { offset, taken: true, active: false, hadElse: false };
    blocks.push(block);
    if (!counts) return;
    block.active = isTrue(evaluate(line.condition, world)) === (line.kind === 'if');
    block.taken = block.active;
  }

  function continueBlock(line: RubyLine): void {
    if (line.kind === 'expression') {
      throw new RubyProblem(0, 'this shows nothing; write <%= … %> to put a value here, or take it out');
    }
    const block = blocks.at(-1);
    if (block === undefined) throw new RubyProblem(0, `there is no \`if\` before this \`${line.kind}\``);
    if (line.kind === 'end') {
      blocks.pop();
      return;
    }
    if (block.hadElse) throw new RubyProblem(0, `\`${line.kind}\` cannot follow \`else\``);
    block.hadElse = line.kind === 'else';
    block.active = false;
    if (block.taken) return;
    block.active = line.kind !== 'elsif' || isTrue(evaluate(line.condition, world));
    block.taken = block.active;
  }
}

const opensBlock = /^\s*(?:if|unless|case|while|until|for|begin|def)\b|\bdo\s*(?:\|[^|]*\|)?\s*$/;
