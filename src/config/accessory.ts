import type * as z from 'zod';
import { chosen, flag, integer, mapOf, seconds, section, text, textList } from './fields.ts';
import { envSchema } from './env.ts';
import { healthcheckSchema } from './health.ts';
import { labelsSchema } from './labels.ts';
import { mountsSchema } from './mounts.ts';
import { optionsSchema } from './options.ts';
import { proxySchema } from './proxy.ts';
import type { WrittenProxy } from './proxy.ts';
import { registrySchema } from './registry.ts';
import { hostList } from './servers.ts';

const beforeReplaceSchema = section({
  cmd: text.exactOptional(),
  timeout: integer({ from: 1 }).exactOptional(),
});

type WrittenBeforeReplace = z.output<typeof beforeReplaceSchema>;

const accessorySchema = section({
  service: text.exactOptional(),
  image: text.exactOptional(),
  registry: registrySchema.exactOptional(),
  host: text.exactOptional(),
  hosts: hostList.exactOptional(),
  role: text.exactOptional(),
  roles: textList.exactOptional(),
  tag: text.exactOptional(),
  tags: textList.exactOptional(),
  cmd: text.exactOptional(),
  network: text.exactOptional(),
  port: text.exactOptional(),
  labels: labelsSchema.exactOptional(),
  options: optionsSchema.exactOptional(),
  env: envSchema.exactOptional(),
  files: mountsSchema.exactOptional(),
  directories: mountsSchema.exactOptional(),
  volumes: textList.exactOptional(),
  // `false` is no proxy, as in Kamal, which refuses `true`.
  proxy: chosen([flag, proxySchema], (value): z.ZodType<false | WrittenProxy> => {
    return value === false ? (flag as z.ZodType<false>) : proxySchema;
  }).exactOptional(),
  // Longshore's own.
  depends_on: textList.exactOptional(),
  healthcheck: healthcheckSchema.exactOptional(),
  stop_timeout: seconds.exactOptional(),
  stop_signal: text.exactOptional(),
  // A command alone, or with its time.
  before_replace: chosen([text, beforeReplaceSchema], (value): z.ZodType<string | WrittenBeforeReplace> => {
    return typeof value === 'object' && value !== null ? beforeReplaceSchema : text;
  }).exactOptional(),
  revert: flag.exactOptional(),
});

/** Accessories by name. */
export const accessoriesSchema = mapOf(accessorySchema);

export type WrittenAccessory = z.output<typeof accessorySchema>;

export const accessoriesSample = `\
# Databases and other containers beside the app. A deploy leaves them alone.
accessories:
  db:
    # With its tag. With a registry of its own, without the registry's server.
    image: postgres:17
    # One of host, hosts, role, roles, tag and tags. Machines that are named here need not be in servers.
    host: 192.0.2.20
    # Published as address:host port:container port. Without an address it is open to everyone who reaches the machine.
    port: 127.0.0.1:5432:5432
    # Only these variables; the root's env is the app's.
    env:
      clear:
        POSTGRES_USER: shop
      secret: [POSTGRES_PASSWORD]
    # Copied to the machine, to <service>/<remote>, and mounted. A name that ends in erb is a template; it sees env.
    files:
      - config/postgres.conf:/etc/postgresql/postgresql.conf:ro
      # Or in parts, with what string forms cannot say. A mode stands in quotes; without one it is "755".
      - local: config/hba.conf
        remote: /etc/postgresql/pg_hba.conf
        mode: "0600"
        owner: "999:999"
        options: ro
    # Made on the machine, below <service>/ unless they start with /.
    directories:
      - data:/var/lib/postgresql/data
      - local: /srv/backups
        remote: /backups
        mode: "0750"
        owner: "999:999"
    # Split as a shell would, but run by none.
    cmd: postgres -c config_file=/etc/postgresql/postgresql.conf
    # Longshore's own keys (under x-longshore in a file that Kamal reads too).
    # When it is healthy: a command in the container, an answer or a connection. Without it the image's own check, or a
    # connection to its port.
    healthcheck:
      cmd: pg_isready -U shop
      interval: 1
      timeout: 5
      # Seconds in which a failure does not count yet, and how many in a row count after them.
      start_period: 30
      retries: 3
    # Seconds it gets to stop, and how it is told to.
    stop_timeout: 60
    stop_signal: SIGINT
    # Run by the machine's shell before this container is replaced; if it fails, nothing is replaced.
    # A command alone, or with the seconds that it gets, else 600; then it is ended, and has failed.
    before_replace:
      cmd: zfs snapshot tank/db@$(date +%Y%m%d-%H%M%S)
      timeout: 900
    # Start the old container again when a new image fails, though the new one may have changed the data.
    revert: false
  cache:
    # The name of the container, else <service>-<accessory>.
    service: shop-valkey
    image: acme/valkey:8
    # One at localhost is the machine's own, and needs no login.
    registry:
      server: registry.example.com
      username: deployer
      password: [REGISTRY_PASSWORD]
    hosts: [192.0.2.20, 192.0.2.21]
    # Else the network kamal.
    network: kamal
    labels:
      team: storefront
    # Options of \`docker run\`, as a role has them.
    options:
      memory: 512m
    # Mounted as they stand.
    volumes:
      - shop-valkey:/data
    # Started after these, and stopped before them. A role may have it too.
    depends_on: [db]
    healthcheck:
      tcp: 6379
  search:
    image: opensearchproject/opensearch:2
    roles: [web]
    # Reached through the proxy; all its keys stand here, nothing comes from the root's.
    proxy:
      host: search.example.com
      app_port: 9200
    healthcheck:
      # The status it must answer with, else any from 200 to 399.
      http:
        path: /_cluster/health
        port: 9200
        status: 200
  agent:
    image: acme/agent:1
    # Where a machine of servers carries the tag; several with tags.
    tag: canary
  mailer:
    image: acme/mailer:1
    role: web
  probe:
    image: acme/probe:1
    tags: [canary]
servers:
  web:
    - 192.0.2.10
    - 192.0.2.11: canary
`;
