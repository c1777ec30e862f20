import * as z from 'zod';
import { envSchema } from './env.ts';
import { chosen, flag, listOf, mapOf, seconds, section, shouldBe, text, textList } from './fields.ts';
import type { Findings } from './findings.ts';
import { withForm } from './form.ts';
import { labelsSchema } from './labels.ts';
import { isMap } from './layers.ts';
import { loggingSchema } from './logging.ts';
import { optionsSchema } from './options.ts';
import { proxySchema } from './proxy.ts';
import type { WrittenProxy } from './proxy.ts';
import { isScalar, textOf } from './scalars.ts';
import type { Path } from './sheet.ts';
import { smokeSchema } from './smoke.ts';
import { swapKeys } from './swap.ts';

export interface WrittenHost {
  readonly host: string;
  readonly tags: readonly string[];
}

const oneTag = { type: ['string', 'number', 'boolean'] };
const tagForm = { anyOf: [oneTag, { type: 'array', items: oneTag }] };

/** `host`, `{host: tag}` or `{host: [tags]}`. */
const hostEntry = withForm(
  z
    .custom<string | Record<string, unknown>>(isHostEntry, { error: (issue) => hostEntryMessage(issue.input) })
    .transform((entry, context): WrittenHost => {
      const [host = '', tags] = typeof entry === 'string' ? [entry, []] : (Object.entries(entry)[0] ?? []);
      const problem = checkHost(host);
      if (problem !== undefined) context.addIssue(problem);
      return { host, tags: [tags].flat().filter(isScalar).map(textOf) };
    }),
  {
    anyOf: [{ type: 'string' }, { type: 'object', minProperties: 1, maxProperties: 1, additionalProperties: tagForm }],
  },
);

export const hostList = listOf(hostEntry);
const listedRole = hostList.transform((hosts) => ({ hosts }));
const listedServers = listedRole.transform((web) => ({ web }));

const roleSection = section({
  hosts: hostList.exactOptional(),
  cmd: text.exactOptional(),
  stop_timeout: seconds.exactOptional(),
  options: optionsSchema.exactOptional(),
  logging: loggingSchema.exactOptional(),
  proxy: chosen([flag, proxySchema], (value): z.ZodType<boolean | WrittenProxy> =>
    typeof value === 'boolean' ? flag : proxySchema,
  ).exactOptional(),
  labels: labelsSchema.exactOptional(),
  env: envSchema.exactOptional(),
  asset_path: text.exactOptional(),
  // Longshore's own.
  depends_on: textList.exactOptional(),
  smoke: smokeSchema.exactOptional(),
  ...swapKeys,
});

export type WrittenRole = z.output<typeof roleSection>;

const role = chosen([roleSection, listedRole], (value): z.ZodType<WrittenRole> => {
  return Array.isArray(value) ? listedRole : roleSection;
});

const rolesByName = mapOf(role);

/** A list of hosts for the role `web`, or roles by name. */
export const serversSchema = chosen([rolesByName, listedServers], (value): z.ZodType<Record<string, WrittenRole>> => {
  return Array.isArray(value) ? listedServers : rolesByName;
});

interface HostsRequest {
  readonly written: readonly WrittenHost[];
  /** `in role web` */
  readonly whose: string;
  /** Where the list is written. */
  readonly path: Path;
  readonly findings: Findings;
}

/** Names each host once; of two entries for one host the last counts, as in Kamal. */
export function resolveHosts({ written, whose, path, findings }: HostsRequest): WrittenHost[] {
  const hosts = new Map<string, WrittenHost>();
  for (const [index, entry] of written.entries()) {
    if (hosts.has(entry.host))
      findings.warning([...path, index], `\`${entry.host}\` stands twice ${whose}; this entry counts`);
    hosts.set(entry.host, entry);
  }
  return [...hosts.values()];
}

/** Where a role's hosts are written: under its `hosts`, in its list, or in the list that `servers` is. */
export function hostsPath(role: string, findings: Findings): Path {
  const candidates = [
    ['servers', role, 'hosts'],
    ['servers', role],
  ];
  return candidates.find((path) => findings.has(path)) ?? ['servers'];
}

/** Why this names no machine; undefined when it does. */
export function checkHost(host: string): string | undefined {
  const parts = host.replace(/^ssh:\/\//, '').split('@');
  const user = parts.length > 1 ? parts[0] : undefined;
  const rest = parts.slice(user === undefined ? 0 : 1).join('@');
  const [, name = rest, port] = /^([^:[\]]+|\[[^\]]+\]):(\d+)$/.exec(rest) ?? [];
  const own = [...(user === undefined ? [] : [`user: ${user}`]), ...(port === undefined ? [] : [`port: ${port}`])];
  if (own.length > 0) {
    const keys = own.join(', ');
    return `write the host alone, \`${name}\`, and the rest as \`ssh: {hosts: {${name}: {${keys}}}}\`, or for all machines as \`ssh: {${keys}}\``;
  }
  if (!/^[A-Za-z0-9_:[][A-Za-z0-9._:%[\]-]*$/.test(host)) return 'this is neither a host name nor an IP address';
  return undefined;
}

function isHostEntry(value: unknown): value is string | Record<string, unknown> {
  if (typeof value === 'string') return value !== '';
  if (!isMap(value) || Object.keys(value).length !== 1) return false;
  return Object.values(value).every((tags) => (Array.isArray(tags) ? tags.every(isScalar) : isScalar(tags)));
}

function hostEntryMessage(input: unknown): string {
  const severalHosts = isMap(input) && Object.keys(input).length > 1;
  return severalHosts
    ? 'several hosts in one entry; write each as an entry of its own, with `- ` before it'
    : shouldBe('a host, `host: tag` or `host: [tags]`', input);
}

export const serversSample = `\
# Machines by role. A plain list is the role web.
servers:
  web:
    - 192.0.2.10
    # With tags (see env): a tag, or a list of tags.
    - 192.0.2.11: canary
  worker:
    hosts: [192.0.2.12]
    # Run instead of the image's own command; split as a shell would, but run by none.
    cmd: bin/jobs --queues default,mail
    # Seconds a container gets to stop; else the root's stop_timeout, else drain_timeout where no traffic comes.
    stop_timeout: 60
    # Over the root's: labels, logging, env, proxy. The primary role gets traffic unless \`proxy: false\`, others if it is said.
    labels:
      tier: background
    env:
      clear:
        QUEUE_THREADS: 5
    proxy: false
    # Longshore's own keys (under x-longshore in a file that Kamal reads too).
    # Started after these accessories when both are started.
    depends_on: [db]
    # What its new container has to answer before the old one is stopped (see smoke).
    smoke:
      - cmd: bin/jobs --check
    # For roles without traffic: no new jobs for the old containers, from right before the swap until they stop. If the deploy fails,
    # or is killed there, they are restarted, by their machine if need be.
    quiet:
      # Sent to its main process. Or cmd, a command in the container.
      signal: TSTP
      # A command in the container: ended with 0, no job is left. Jobs still there after timeout seconds are told, and the container is
      # stopped. Without it, stop_timeout is all the time that they get.
      drained: bin/jobs-done
      timeout: 60
    # How it is told to stop, else as its image says.
    stop_signal: SIGTERM
    # The new one is healthy when this says so, as of an accessory; else its image's own check, or readiness_delay. With traffic it
    # comes before the proxy's.
    healthcheck:
      cmd: bin/jobs-ready
  scheduler:
    hosts: [192.0.2.12]
    cmd: bin/schedule
    # Two never run at the same time: the old one is stopped before the new one starts. Else allowed.
    overlap: none
    # As overlap: none over all machines: one machine has it, and when that is another one, the old one there is stopped first.
    singleton: true
`;
