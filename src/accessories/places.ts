/** Names beside a file's place, hidden as its directory may be mounted. */

/** Where what is going to be there waits until the container that reads the file has stopped. */
export function nextPlace(path: string): string {
  return beside(path, 'longshore-next');
}

/** Where what was there is kept until the container that reads the new file is healthy. */
export function formerPlace(path: string): string {
  return beside(path, 'longshore-former');
}

function beside(path: string, ending: string): string {
  const start = path.lastIndexOf('/') + 1;
  return `${path.slice(0, start)}.${path.slice(start)}.${ending}`;
}
