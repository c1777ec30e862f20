import { execFile, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Machine } from './machines.ts';

/** What process lists showed while it watched. */
export interface Watch {
  /** Ends it. @returns every command line that was seen, by where */
  end(): Promise<Readonly<Record<string, string>>>;
}

/** Reads the command lines of the processes here and on these machines, about every 50 ms. */
export async function watchProcesses(...machines: readonly Machine[]): Promise<Watch> {
  const seen: Record<string, string> = { 'this box': '' };
  const here = new Set<string>();
  const isOfAnotherFile = createSieve();
  const timer = setInterval(() => commandLines(isOfAnotherFile).forEach((line) => here.add(line)), 50);
  const flag = '/run/watching-processes';
  const children = machines.map(({ container }) => {
    const script = `touch ${flag}; i=0
while [ -e ${flag} ] && [ $i -lt 6000 ]; do cat /proc/[0-9]*/cmdline 2>/dev/null; echo; i=$((i+1)); sleep 0.05; done`;
    const child = spawn('docker', ['exec', container, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    seen[container] = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => (seen[container] += text));
    return { container, closed: new Promise((resolve) => child.once('close', resolve)) };
  });
  while (Object.entries(seen).some(([where, text]) => where !== 'this box' && text === '')) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    async end() {
      clearInterval(timer);
      await Promise.all(
        children.map(({ container }) => promisify(execFile)('docker', ['exec', container, 'rm', '-f', flag])),
      );
      await Promise.all(children.map(({ closed }) => closed));
      return { ...seen, 'this box': [...here].join('\n') };
    },
  };
}

function commandLines(isOfAnotherFile: (id: string) => boolean): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && !isOfAnotherFile(name))
    .flatMap((id) => read(id, 'cmdline') ?? []);
}

/** What other test files do meanwhile, on this box and on their machines, is their own; what a build here runs is not. */
function createSieve(): (id: string) => boolean {
  const words = ['ps', '--quiet', '--no-trunc', '--filter', 'label=longshore.sandbox=1'];
  const machines = execFileSync('docker', words, { encoding: 'utf8' }).split('\n').filter(Boolean);
  const known = new Map<string, boolean>();
  const isOfAnotherWorker = (id: string): boolean => {
    if (id === String(process.pid)) return false;
    const stat = read(id, 'stat') ?? '';
    const [, parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (parent === '0') return false;
    return parent === String(process.ppid) || isOfAnotherWorker(parent);
  };
  const decide = (id: string) => {
    const group = read(id, 'cgroup') ?? '';
    return machines.some((machine) => group.includes(machine)) || isOfAnotherWorker(id);
  };
  return (id) => {
    const decided = known.get(id) ?? decide(id);
    known.set(id, decided);
    return decided;
  };
}

/** Undefined once the process has ended. */
function read(id: string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'latin1');
  } catch {
    return undefined;
  }
}
