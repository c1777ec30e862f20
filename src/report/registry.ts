import type { RegistryResult } from './results.ts';

export function renderRegistry({ server, done, places }: RegistryResult): string {
  if (places.length === 0) return `Nothing was done for ${server}.`;
  const where = places.join(', ');
  if (done === 'running') return `The registry runs at ${server}.`;
  if (done === 'removed') return `The registry ${server} is removed from this machine, with its images.`;
  return `Docker is ${done === 'logged in' ? 'logged in to' : 'logged out of'} ${server} on ${where}.`;
}
