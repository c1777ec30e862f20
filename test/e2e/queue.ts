import { chi, dal, type Machine, on } from './machines.ts';

/** A directory on a machine that workers of test/apps/small take their jobs from. */

export const queue = '/srv/small-jobs';
let count = 0;

/** Of a config file: `clock` is what keeps two of it from running. */
export const rolesOn = (machine: Machine, clock: string) => `servers:
  web: [${dal.address}, ${chi.address}]
  jobs:
    hosts: [${machine.address}]
    cmd: jobs
  clock:
    hosts: [${machine.address}]
    cmd: clock
  pages:
    hosts: [${chi.address}]
    cmd: side
  socket:
    hosts: [${chi.address}]
    cmd: side
volumes: ["${queue}:/jobs"]
smoke: [{path: /login}]
x-longshore:
  servers:
    jobs:
      quiet: {signal: TSTP, drained: /small drained, timeout: 4}
      stop_timeout: 2
      stop_signal: TERM
      healthcheck: {cmd: /small check, interval: 1, retries: 2, start_period: 1}
    clock:
      ${clock}
      stop_timeout: 2
    pages:
      healthcheck: {http: {path: /up, port: 4000}, interval: 1, retries: 2, start_period: 1}
    socket:
      healthcheck: {tcp: 4000, interval: 1, retries: 2, start_period: 1}
`;
export const withRoles = (roles: string) => (text: string) => text.replace(/^servers:[^]*?(?=^registry:)/m, roles);

export async function emptyQueue(): Promise<void> {
  await on(dal, `rm -rf ${queue}; mkdir -p ${queue}/new ${queue}/taken`);
}

/** @returns its name */
export async function enqueue(milliseconds: number): Promise<string> {
  const name = `job${(count += 1)}`;
  await on(dal, `echo ${milliseconds} >${queue}/.${name}; mv ${queue}/.${name} ${queue}/new/${name}`);
  return name;
}

/** Seconds from now until a job is done. */
export async function secondsUntilDone(name: string): Promise<number> {
  const started = Date.now();
  await on(
    dal,
    `for turn in $(seq 600); do grep -q '^${name} ' ${queue}/done 2>/dev/null && exit; sleep 0.1; done; exit 1`,
  );
  return (Date.now() - started) / 1000;
}

/** The names of the jobs that were done, each as often as it was. */
export async function done(): Promise<string[]> {
  return (await on(dal, `cut -d ' ' -f 1 ${queue}/done`)).split('\n');
}
