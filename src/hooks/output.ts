/** What a script may say to the run that started it, by lines `key=value` in the file that `$LONGSHORE_OUTPUT` names. */
export const outputVariable = 'LONGSHORE_OUTPUT';
/** Of a script's output; more is no answer. */
export const mostOutputBytes = 4096;

export interface HookOutput {
  /** A failure from here on is not brought back. */
  readonly holds: boolean;
  /** Lines that mean nothing, for a warning. */
  readonly unknown: readonly string[];
}

export function parseHookOutput(text: string): HookOutput {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const isHold = (line: string) => /^on_failure=["']?hold["']?$/.test(line);
  return { holds: lines.some(isHold), unknown: lines.filter((line) => !isHold(line) && !isRevert(line)) };
}

/** The default, so it changes nothing: what was held stays held. */
function isRevert(line: string): boolean {
  return /^on_failure=["']?revert["']?$/.test(line);
}
