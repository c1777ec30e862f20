import { chi, dal, type Machine, on } from '../e2e/machines.ts';
import { inContainer } from '../e2e/heatwave.ts';

/** What is on the two machines of the suite. */

export const machines = [dal, chi] as const;

interface Running {
  readonly machine: Machine;
  readonly role: string;
  readonly version: string;
}

/** Containers of the app that run, whatever state their version is in. */
export async function runningApps(): Promise<Running[]> {
  const script = `docker ps --filter label=service=chaos --format '{{.Label "role"}} {{.Names}}'`;
  const lists = await Promise.all(machines.map(async (machine) => ({ machine, text: await on(machine, script) })));
  return lists.flatMap(({ machine, text }) =>
    text
      .split('\n')
      .map((line) => line.split(' '))
      .flatMap(([role = '', name = '']) =>
        role === '' ? [] : [{ machine, role, version: name.replace(`chaos-${role}-`, '') }],
      ),
  );
}

/** Where each machine's proxy sends traffic: a version, or what is there instead. */
export async function servedVersion(machine: Machine): Promise<string> {
  const targets = await on(
    machine,
    `target=$(docker exec kamal-proxy cat /home/kamal-proxy/.config/kamal-proxy/kamal-proxy.state 2>/dev/null | grep -o '"[0-9a-f]\\{12\\}:80"' | head -1 | tr -d '"' | cut -d: -f1)
[ -z "$target" ] || docker inspect --format '{{.Name}} {{.State.Running}}' "$target" 2>/dev/null`,
  );
  const [name = '', isRunning] = targets.split(' ');
  if (name === '') return 'no route';
  const version = name.replace('/chaos-web-', '');
  return isRunning === 'true' ? version : `${version} (down)`;
}

/** One container a role and machine is right; of each further one and each stranger its name. @param serving by machine */
export function extras(running: readonly Running[], serving: ReadonlyMap<Machine, string>): string {
  const wanted: readonly (readonly [Machine, string])[] = [
    [dal, 'web'],
    [dal, 'worker'],
    [chi, 'web'],
  ];
  const found = wanted.flatMap(([machine, role]) => {
    const here = running.filter((one) => one.machine === machine && one.role === role);
    const keep = role === 'web' ? here.filter(({ version }) => version === serving.get(machine)) : here.slice(0, 1);
    return here.filter((one) => !keep.includes(one)).map(({ version }) => `${role} ${version.slice(0, 7)}`);
  });
  return found.length === 0 ? 'nothing' : found.join(', ');
}

/** Whose lock it is, by the first line of its lease; `by hand` where it has none. Undefined: nobody's. */
export async function lockOwner(): Promise<string | undefined> {
  const said = await on(
    dal,
    `cd /home/deploy/.kamal 2>/dev/null && [ -d lock-chaos ] && { head -n 1 lock-chaos/longshore-lease 2>/dev/null || echo by hand; } || true`,
  );
  return said === '' ? undefined : said;
}

/** Of the database, by itself. */
export const sql = (statement: string): Promise<string> =>
  inContainer(chi, 'chaos-postgres', ['psql', '-U', 'chaos', '-XqtA', '-c', statement]);

/** By the database itself: rows, finished jobs, and jobs that were begun twice. */
export async function written(): Promise<{ rows: Set<string>; finished: Set<string>; twice: string[] }> {
  const [rows, finished, twice] = await Promise.all([
    sql('SELECT id FROM rows'),
    sql('SELECT job_id FROM finished'),
    sql('SELECT job_id FROM attempts GROUP BY job_id HAVING count(*) > 1'),
  ]);
  const lines = (text: string) => text.split('\n').filter((line) => line !== '');
  return { rows: new Set(lines(rows)), finished: new Set(lines(finished)), twice: lines(twice) };
}
