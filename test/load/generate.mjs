// Load on loopback addresses, in a process of its own. Never retries: what is not a 200 with the complete body of one version is lost.
//   generate.mjs '{"targets":["127.0.0.11"],"host":"small.test","total":20000,"perSecond":400,"slow":120,"maxSeconds":120}'
// `hurry` on stdin drops the pace. Prints one JSON document: requests, losses, mixes, and how many were in flight when.
import http from 'node:http';

const { targets, host, total, perSecond, slow = 0, uploads = 4, maxSeconds } = JSON.parse(process.argv[2]);
for (const target of targets)
  if (!/^127\.\d+\.\d+\.\d+$/.test(target)) throw new Error(`${target} is no loopback address`);

const megabyte = Buffer.alloc(1 << 20, 'x');
const keepAlive = new http.Agent({ keepAlive: true, maxSockets: Infinity });
const started = Date.now();
const end = started + maxSeconds * 1000;
const slowMilliseconds = 10_000;

let begun = 0;
let inFlight = 0;
let hurried = false;
const versions = {};
const kinds = {};
const losses = [];
const samples = [];
let turn = 0;

process.stdin.setEncoding('utf8').on('data', (text) => (hurried ||= text.includes('hurry')));
process.stdin.on('end', () => (hurried = true));
const sampling = setInterval(() => samples.push([Date.now(), inFlight]), 20);

function ask(kind, { method = 'GET', path = '/', body, agent }) {
  const target = targets[turn++ % targets.length];
  const at = Date.now();
  const sent = body?.length ?? 0;
  begun += 1;
  inFlight += 1;
  kinds[kind] = (kinds[kind] ?? 0) + 1;
  return new Promise((resolve) => {
    const finish = (why, version) => {
      inFlight -= 1;
      if (why === undefined) (versions[target] ??= {})[version] = (versions[target][version] ?? 0) + 1;
      else losses.push({ at: new Date(at).toISOString(), afterMilliseconds: Date.now() - at, kind, target, why });
      resolve();
    };
    let settled = false;
    const once = (why, version) => {
      if (!settled) finish(why, version);
      settled = true;
    };
    const headers = { host, ...(body === undefined ? {} : { 'content-length': sent }) };
    const request = http.request(
      { host: target, port: 80, method, path, headers, agent, timeout: 30_000 },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('error', (error) => once(`${error.message} in the body`));
        response.on('end', () => {
          const [, version, received] = /^\w+ from ([0-9a-f]{40}\w*), (\d+) bytes received\n$/.exec(text) ?? [];
          if (response.statusCode !== 200) once(`status ${response.statusCode}`);
          else if (!response.complete || version === undefined || Number(received) !== sent)
            once(`body ${JSON.stringify(text)}`);
          else once(undefined, version);
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in 30 s')));
    request.on('error', (error) => once(error.message));
    request.end(body);
  });
}

const more = (reserveMilliseconds = 0) => begun < total && Date.now() + reserveMilliseconds < end;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function loop(work, { every = 0, reserveMilliseconds = 0, whileHurried = true } = {}) {
  while (more(reserveMilliseconds) && (whileHurried || !hurried)) {
    await work();
    if (every > 0) await pause(every);
  }
}

/** Short requests wait for their turn, so that the total lasts as long as the deploys do. */
async function paced(work) {
  while (more()) {
    const due = started + (begun / perSecond) * 1000;
    if (!hurried && Date.now() < due) await pause(Math.min(due - Date.now(), 100));
    else await work();
  }
}

const many = (count, start) => Array.from({ length: count }, start);
await Promise.all([
  ...many(slow, (_, index) =>
    pause((index * slowMilliseconds) / slow / 4).then(() =>
      loop(() => ask('10 s', { path: `/?sleep=${slowMilliseconds}`, agent: index % 2 ? keepAlive : false }), {
        reserveMilliseconds: slowMilliseconds,
        whileHurried: false,
      }),
    ),
  ),
  ...many(uploads, () => loop(() => ask('1 MB', { method: 'POST', body: megabyte, agent: keepAlive }), { every: 250 })),
  ...many(16, (_, index) =>
    paced(() => (index % 4 === 0 ? ask('new connection', { agent: false }) : ask('keep-alive', { agent: keepAlive }))),
  ),
]);
clearInterval(sampling);
keepAlive.destroy();
const seconds = (Date.now() - started) / 1000;
process.stdout.write(`${JSON.stringify({ requests: begun, seconds, losses, versions, kinds, samples })}\n`, () =>
  process.exit(0),
);
