import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Failure } from '../../errors.ts';

/** Asks on the terminal and shows nothing of the answer. Ctrl-C is passed on to the whole command. */
export async function askSecret(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  process.stderr.write(`${question} `);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.question('', resolve);
      lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      for (const event of ['SIGINT', 'close']) {
        lines.once(event, () => reject(new Failure('interrupted', 'nobody answered', { hint: 'run it again' })));
      }
    });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** Asks on the terminal; Enter takes what is offered, and so does the end of the time to answer. Ctrl-C is passed on to the whole command. */
export async function askLine(question: string, offer: string, until?: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.question(`${question}${offer === '' ? '' : ` [${offer}]`} `, (answer) => resolve(answer.trim() || offer));
      until?.addEventListener('abort', () => (process.stderr.write('\n'), resolve(offer)), { once: true });
      lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
      lines.once('close', () => reject(new Failure('interrupted', 'nobody answered', { hint: 'run it again' })));
    });
  } finally {
    lines.close();
  }
}

/** Asks on the terminal; only a yes, before the time to answer ends, is one. */
export async function askYes(question: string, until?: AbortSignal): Promise<boolean> {
  return /^y(es)?$/i.test(await askLine(`${question} [y/N]`, '', until));
}
