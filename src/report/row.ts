export type RowOutcome = 'done' | 'failed' | 'skipped';

export interface RowChange {
  readonly title?: string;
  /** What is said under the title while the row is at work. */
  readonly output?: string;
}

/** One row of the live display, drawn until it is settled; a row with rows is a heading over them. */
export interface Row {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly hasBegun: boolean;
  /** Undefined until settled. */
  readonly outcome: RowOutcome | undefined;
  /** Resolves when the row has begun or is settled. */
  readonly begun: Promise<void>;
  readonly settled: Promise<RowOutcome>;
  begin(): void;
  say(change: RowChange): void;
  /** The first call counts. */
  settle(outcome: RowOutcome): void;
  /** Settles what is left, rows below too: failed if it had begun, else skipped. */
  abandon(): void;
  /** For the one who draws. */
  onSay: (change: RowChange) => void;
}

export function newRow(title: string, rows: readonly Row[] = []): Row {
  const begun = newSignal<void>();
  const settled = newSignal<RowOutcome>();
  const row = {
    title,
    rows,
    hasBegun: false,
    outcome: undefined as RowOutcome | undefined,
    begun: begun.promise,
    settled: settled.promise,
    begin() {
      row.hasBegun = true;
      begun.resolve();
    },
    say(change: RowChange) {
      row.title = change.title ?? row.title;
      row.onSay(change);
    },
    settle(outcome: RowOutcome) {
      row.outcome ??= outcome;
      begun.resolve();
      settled.resolve(row.outcome);
    },
    abandon() {
      for (const below of rows) below.abandon();
      row.settle(row.hasBegun ? 'failed' : 'skipped');
    },
    onSay: (_change: RowChange) => undefined,
  };
  return row;
}

function newSignal<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
