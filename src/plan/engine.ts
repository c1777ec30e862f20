import type { ObservedHost } from '../observe/observed.ts';

/** The first engine that speaks version 1.41 of the API. */
export const minimumEngineVersion = '20.10';

/** True for a version of Docker's that is certainly older; what is no version is left to the user. */
export function isEngineTooOld(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return false;
  return Number(major) < 20 || (Number(major) === 20 && Number(minor) < 10);
}

/** Of `uname -m`, by Docker's names. */
const processors: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
  armv7l: 'arm',
  i386: '386',
  i686: '386',
};

/** The processor of a machine that images built for these do not run on; undefined when they do, or nobody knows. */
export function otherProcessor(host: ObservedHost, built: readonly string[]): string | undefined {
  const is = processorOf(host);
  return is === undefined || built.some((one) => one.split('/')[0] === is) ? undefined : is;
}

/** By Docker's name; undefined where nobody knows. */
export function processorOf({ architecture }: Pick<ObservedHost, 'architecture'>): string | undefined {
  return processors[architecture];
}
