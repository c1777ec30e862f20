// Load on the Heatwave stack through its tunnel, in a process of its own: pages, rows that are written, jobs that are enqueued. Each is
// asked for once and never again, so an id is acknowledged or it is lost.
//   heatwave.mjs '{"address":"127.0.0.1","port":8000,"host":"crm.example.com","name":"one","perSecond":{"pages":60,"rows":5,"jobs":20},"maxSeconds":120}'
// Ends at `enough` on stdin. Prints one JSON document: how many were sent, what was lost, what was acknowledged, which versions answered.
import http from 'node:http';

const {
  address = '127.0.0.1',
  port,
  host,
  name,
  perSecond,
  jobMilliseconds = 0,
  maxSeconds,
} = JSON.parse(process.argv[2]);
if (!/^127\.\d+\.\d+\.\d+$/.test(address)) throw new Error(`${address} is no loopback address`);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const started = Date.now();
const end = started + maxSeconds * 1000;
const sent = { pages: 0, slow: 0, rows: 0, jobs: 0 };
const acknowledged = { rows: [], jobs: [] };
const losses = [];
const versions = {};
let isEnough = false;

process.stdin.setEncoding('utf8').on('data', (text) => (isEnough ||= text.includes('enough')));
process.stdin.on('end', () => (isEnough = true));

const kinds = {
  pages: { method: 'GET', path: () => '/', status: 200 },
  slow: { method: 'GET', path: () => '/slow?milliseconds=3000', status: 200 },
  rows: { method: 'POST', path: (id) => `/rows?id=${id}`, status: 201 },
  jobs: { method: 'POST', path: (id) => `/jobs?id=${id}&milliseconds=${jobMilliseconds}`, status: 202 },
};

async function ask(kind) {
  sent[kind] += 1;
  const id = `${name}-${kind}-${sent[kind]}`;
  const { method, path, status } = kinds[kind];
  const at = Date.now();
  const answer = await request({ method, path: path(id) });
  const why = answer.why ?? (answer.status === status ? undefined : `status ${answer.status} ${answer.body.trim()}`);
  if (why !== undefined) {
    losses.push({ at: new Date(at).toISOString(), milliseconds: Date.now() - at, kind, id, why });
    return;
  }
  // The first job of a batch of one.
  acknowledged[kind]?.push(kind === 'jobs' ? `${id}-1` : id);
  const version = kind === 'pages' && /^heatwave (\S+),/.exec(answer.body)?.[1];
  if (version) versions[version] = (versions[version] ?? 0) + 1;
}

function request({ method, path }) {
  return new Promise((resolve) => {
    const asking = http.request({ host: address, port, method, path, headers: { host }, agent, timeout: 30_000 });
    asking.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
      response.on('error', (error) => resolve({ why: `${error.message} in the body` }));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer in 30 s')));
    asking.on('error', (error) => resolve({ why: error.message }));
    asking.end();
  });
}

/** At its pace whatever the answers take, as people are: at most so many at once. */
async function keepAsking(kind, each) {
  const open = new Set();
  for (let turn = 0; !isEnough && Date.now() < end; turn += 1) {
    const due = started + (turn / each) * 1000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - Date.now())));
    if (open.size >= 200) await Promise.race(open);
    const asking = ask(kind).then(() => open.delete(asking));
    open.add(asking);
  }
  await Promise.all(open);
}

await Promise.all(Object.entries(perSecond).map(([kind, each]) => (each > 0 ? keepAsking(kind, each) : undefined)));
agent.destroy();
const seconds = (Date.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ seconds, sent, losses, acknowledged, versions })}\n`, () => process.exit(0));
