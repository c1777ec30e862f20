import { DefaultRenderer, Listr, ListrLogger, ProcessOutput, type ListrTask } from 'listr2';
import type { Row } from './row.ts';

export interface Live {
  /** Writes lines above what is being drawn. */
  above(text: string): void;
  /** Takes the drawing away and frees the terminal, until `resume`. */
  pause(): void;
  resume(): void;
  readonly finished: Promise<void>;
}

/** Draws rows with listr2, one after the other and their own rows side by side, until all are settled. */
export function drawRows(rows: readonly Row[], { stream }: { stream: NodeJS.WriteStream }): Live {
  const logger = new ListrLogger({ useIcons: true, toStderr: [], processOutput: new ProcessOutput(stream, stream) });
  let drawing: Throttled | undefined;
  const list = new Listr(rows.map(taskOf), {
    exitOnError: false,
    // Its own listener would end the process before the lock is given back.
    registerSignalListeners: false,
    renderer: Throttled as never,
    rendererOptions: {
      logger,
      onDrawing: (renderer: Throttled | undefined) => {
        drawing = renderer;
      },
      collapseSubtasks: rows.reduce((sum, row) => sum + row.rows.length, 0) > 12,
      collapseErrors: false,
      showErrorMessage: false,
      showSkipMessage: false,
      formatOutput: 'truncate',
    } as never,
  });
  return {
    above: (text) => (drawing === undefined ? void stream.write(`${text}\n`) : drawing.above(text)),
    pause: () => drawing?.pause(),
    resume: () => drawing?.resume(),
    finished: list.run().then(() => undefined),
  };
}

function taskOf(row: Row): ListrTask {
  return {
    title: row.title,
    async task(_context, task) {
      task.title = row.title;
      row.onSay = ({ title, output }) => {
        if (title !== undefined) task.title = title;
        if (output !== undefined) task.output = output;
      };
      await row.begun;
      if (row.outcome === 'skipped') return task.skip();
      if (row.rows.length > 0) return task.newListr(row.rows.map(taskOf), { concurrent: true, exitOnError: false });
      const outcome = await row.settled;
      if (outcome === 'skipped') return task.skip();
      if (outcome === 'failed') throw new Error(row.title);
      return undefined;
    },
  };
}

/** What the renderer keeps to itself, and drawing above and pausing need. */
interface Insides {
  readonly updater?: { clear(): void };
  readonly logger: { readonly process: { hijack(): void; release(): void; toStdout(text: string): void } };
}

/** Draws at most ten times a second: with output on many lanes the renderer as it comes takes all the time there is. */
class Throttled extends DefaultRenderer {
  /** It draws on stderr; listr2 would look at stdout, which may be a pipe. */
  static override nonTTY = true;
  #lastDrawn = 0;
  #timer: NodeJS.Timeout | undefined;
  #paused = false;
  readonly #onDrawing: (renderer: Throttled | undefined) => void;

  constructor(...[tasks, options, events]: ConstructorParameters<typeof DefaultRenderer>) {
    super(tasks, options, events);
    this.#onDrawing = (options as unknown as { onDrawing: (renderer: Throttled | undefined) => void }).onDrawing;
  }

  override async render(): Promise<void> {
    await super.render();
    this.#onDrawing(this);
  }

  override update(): void {
    if (this.#paused) return;
    const wait = 100 - (performance.now() - this.#lastDrawn);
    if (wait <= 0) this.#draw();
    else this.#timer ??= setTimeout(() => this.#draw(), wait);
  }

  override end(): void {
    clearTimeout(this.#timer);
    if (this.#paused) this.resume();
    super.end();
    this.#onDrawing(undefined);
  }

  above(text: string): void {
    this.#insides.updater?.clear();
    this.#insides.logger.process.toStdout(text);
    if (!this.#paused) this.#draw();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    clearTimeout(this.#timer);
    this.#insides.updater?.clear();
    this.#insides.logger.process.release();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#insides.logger.process.hijack();
    this.#draw();
  }

  #draw(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastDrawn = performance.now();
    super.update();
  }

  get #insides(): Insides {
    return this as unknown as Insides;
  }
}
