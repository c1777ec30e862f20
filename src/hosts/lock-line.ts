import { quote } from '../processes/quote.ts';

export interface LineRequest {
  /** `.kamal/longshore/shop/line` */
  readonly directory: string;
  /** Of this run, in all its requests. */
  readonly token: string;
  /** How long a place is kept for a run that gives no sign of life. */
  readonly seconds: number;
  /** `waits`: stands in line whenever it cannot have the lock; `passes-by`: only behind others, while the lock is free. */
  readonly manner: 'waits' | 'passes-by';
}

/** Of a run that could not have the lock. */
export interface PlaceInLine {
  readonly stands: boolean;
  /** How many live runs came before. */
  readonly ahead: number;
  /** Details of the first of these; empty when there is none. */
  readonly first: string;
}

/**
 * Who waits for a lock stands in a line: a directory of tickets beside it, numbered in the order in which they came. A ticket has four
 * lines, token, seconds, the time of its renewal by the machine's clock, and who waits, in base64. One that was not renewed in time is
 * a dead run's. Kamal never looks there.
 *
 * Shell commands, after `now` and `left` are known, that find out in `ahead` how many stand before this run, and in `own` its ticket's
 * number; and the functions `leave`, and `say`, which draws or renews its ticket and says by whom the lock is held.
 */
export function lineFunctions(line: LineRequest, details: string): string {
  return `queue=${quote(line.directory)} ours=${quote(line.token)} ahead=0 own= first= highest=0
for number in $(ls "$queue" 2>/dev/null | grep '^[0-9]*$' | sort -n); do
  { read -r token; read -r seconds; read -r renewed; read -r who; } 2>/dev/null <"$queue/$number" || continue
  highest=$number
  if [ "$token" = "$ours" ]; then own=$number
  elif [ "$(left "$renewed" "$seconds")" -le 0 ]; then rm -f "$queue/$number"
  elif [ -z "$own" ]; then ahead=$((ahead + 1)); first=\${first:-$who}
  fi
done
stand() {
  mkdir -p "$queue" || exit 1
  printf '%s\\n%s\\n%s\\n%s\\n' "$ours" ${line.seconds} "$(now)" ${quote(Buffer.from(details, 'utf8').toString('base64'))} >"$queue/.$ours" || exit 1
  if [ -n "$own" ]; then mv "$queue/.$ours" "$queue/$own"; return; fi
  own=$((highest + 1))
  # Only one can make a name, and it has its text at once.
  until ln "$queue/.$ours" "$queue/$own" 2>/dev/null; do
    [ -e "$queue/$own" ] || exit 1
    own=$((own + 1)) ahead=$((ahead + 1))
  done
  rm -f "$queue/.$ours"
}
leave() { [ -z "$own" ] || rm -f "$queue/$own"; }
say() {
  ${line.manner === 'waits' ? 'stand' : '[ "$1" != free ] && [ -z "$own" ] || stand'}
  echo held
  printf '%s\\n' "$1"
  echo "line \${own:-0} $ahead $first"
}`;
}

/** The same for a lock that has no line. */
export const noLine = `ahead=0
leave() { :; }
say() { echo held; printf '%s\\n' "$1"; }`;

/** Gives up a place. */
export function leaveLineScript({ directory, token }: Pick<LineRequest, 'directory' | 'token'>): string {
  return `queue=${quote(directory)}
for file in "$queue"/[0-9]*; do
  [ "$(head -n 1 "$file" 2>/dev/null)" != ${quote(token)} ] || rm -f "$file"
done
rm -f "$queue/".${quote(token)}`;
}

/** What `say` printed of the line. */
export function parsePlace(lines: readonly string[]): PlaceInLine | undefined {
  const [, own, ahead, first = ''] = lines.find((line) => line.startsWith('line '))?.split(' ') ?? [];
  if (own === undefined) return undefined;
  return { stands: own !== '0', ahead: Number(ahead), first: Buffer.from(first, 'base64').toString('utf8') };
}
