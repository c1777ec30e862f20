/** The Ruby that templates may hold, as a tree. Offsets count from the start of the code. */
export type Ruby =
  | { readonly kind: 'value'; readonly value: RubyValue }
  | { readonly kind: 'text'; readonly parts: readonly Ruby[] }
  | { readonly kind: 'env'; readonly name: Ruby }
  | { readonly kind: 'fetch'; readonly name: Ruby; readonly fallback?: Ruby; readonly offset: number }
  | { readonly kind: 'architecture' }
  | { readonly kind: 'command'; readonly command: string; readonly offset: number }
  | { readonly kind: 'file'; readonly path: Ruby; readonly method: 'read' | 'exist?'; readonly offset: number }
  | { readonly kind: 'not'; readonly of: Ruby }
  | {
      readonly kind: '||' | '&&' | '==' | '!=' | '+';
      readonly left: Ruby;
      readonly right: Ruby;
      readonly offset: number;
    }
  | { readonly kind: 'choice'; readonly condition: Ruby; readonly yes: Ruby; readonly no: Ruby }
  | {
      readonly kind: 'call';
      readonly of: Ruby;
      readonly method: string;
      readonly args: readonly Ruby[];
      /** Called by `&.`: nil stays nil. */
      readonly safe: boolean;
      readonly offset: number;
    };

export type RubyValue = string | number | boolean | null;

/** What stands in a tag: an expression, or a line that opens, continues or closes a block. */
export type RubyLine =
  | { readonly kind: 'nothing' | 'else' | 'end' }
  | { readonly kind: 'if' | 'unless' | 'elsif'; readonly condition: Ruby }
  | { readonly kind: 'expression'; readonly expression: Ruby };

/** What a template holds that is not done here, and where. */
export class RubyProblem extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}
