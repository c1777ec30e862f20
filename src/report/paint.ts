import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colours and weights, or nothing at all. */
export type Paint = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>>;

export const colours: Paint = {
  bold: style('bold'),
  dim: style('dim'),
  red: style('red'),
  green: style('green'),
  yellow: style('yellow'),
  cyan: style('cyan'),
};

const same = (text: string) => text;
export const noColours: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** Whether a stream gets colours: a terminal, and nobody said NO_COLOR. FORCE_COLOR wins over the stream. */
export function paintFor(stream: { isTTY?: boolean }, env: Readonly<Record<string, string | undefined>>): Paint {
  if (env['NO_COLOR'] || env['TERM'] === 'dumb') return noColours;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return colours;
  return stream.isTTY === true ? colours : noColours;
}

function style(format: Style): (text: string) => string {
  // Which stream it is for is decided by `paintFor`; left alone, styleText would look at stdout.
  return (text) => styleText(format, text, { validateStream: false });
}
