/**
 * What is typed to do something to a destination: `longshore deploy production`. What follows `rollback` is a version, and an accessory's
 * name what follows `accessory boot`: there a flag says which. @param destination its name, absent without any
 */
export function typed(command: string, destination: string | undefined): string {
  const isByFlag = /^(?:rollback|accessory)\b/.test(command);
  const words = destination === undefined ? [] : isByFlag ? ['-d', destination] : [destination];
  return ['longshore', command, ...words].join(' ');
}
