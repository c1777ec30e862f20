import type { Plan } from './plan.ts';

export interface PullRequest {
  readonly service: string;
  readonly destination?: string;
  readonly version: string;
  readonly image: string;
  /** What was pushed; absent: whatever the registry has, but the same on all machines. */
  readonly digest?: string;
  readonly hosts: readonly string[];
  readonly audit: { readonly file: string; readonly tags: readonly string[] };
}

/** One image on every machine; the registry is always asked, as a tag may have moved. */
export function planPull({ service, destination, version, image, digest, hosts, audit }: PullRequest): Plan {
  const because = 'it is asked for';
  const pulls = hosts.map((host) => ({
    host,
    steps: [{ kind: 'pull-image' as const, image, ...(digest === undefined ? {} : { digest }), because }],
  }));
  const audits = hosts.map((host) => ({
    host,
    optional: true,
    steps: [
      {
        kind: 'audit' as const,
        file: audit.file,
        entries: [{ tags: audit.tags, text: `Pulled image with version ${version}` }],
        because: 'who did what is kept on the host',
      },
    ],
  }));
  return {
    service,
    ...(destination === undefined ? {} : { destination }),
    version,
    stages: [
      { name: 'Pull', lanes: pulls },
      { name: 'Write down', lanes: audits },
    ],
    notes: [],
  };
}
