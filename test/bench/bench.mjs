#!/usr/bin/env node
// Figures of Longshore's speed on the sandbox's machines: `npm run bench`. Nothing here passes or fails.
//   node test/bench/bench.mjs [--runs 5]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const longshore = join(root, 'bin/run.js');
const runs = Number(process.argv[process.argv.indexOf('--runs') + 1] || 5) || 5;
const machine = { container: 'longshore-chi-02', address: '127.0.0.12', relay: '127.0.1.12' };
const children = [];

const sandbox = join(root, 'test/sandbox/sandbox');
execFileSync(sandbox, ['up'], { stdio: ['ignore', 'ignore', 'inherit'] });
const settings = Object.fromEntries(
  execFileSync(sandbox, ['env'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replace(/^'(.*)'$/, '$1')]),
);
const env = { ...process.env, ...settings, DOCKER_CONFIG: settings.SANDBOX_DOCKER_CONFIG };
delete env.NODE_EXTRA_CA_CERTS;

const place = mkdtempSync(join(tmpdir(), 'longshore-bench-'));
try {
  await main();
} finally {
  for (const child of children) child.kill();
  onMachine(
    'docker ps -aq --filter label=service=bench | xargs -r docker rm -f; docker exec kamal-proxy kamal-proxy remove bench-web',
  );
  rmSync(place, { recursive: true });
}

async function main() {
  prepare();
  const versions = Array.from({ length: runs * 2 + 6 }, (_, index) => `v${index + 1}-${process.pid}`);
  for (const version of versions) pushImage(version);
  await deploy(versions.shift(), { command: 'setup', host: machine.address });
  await deploy(versions.shift(), { host: machine.address });

  console.log(
    '\nDeploy of web + worker to one machine, image in the registry, not on the machine, readiness delay 0 (seconds)',
  );
  const near = [];
  for (let run = 0; run < runs; run += 1) near.push(await deploy(versions.shift(), { host: machine.address }));
  show(
    'near',
    near.map(({ seconds }) => seconds),
  );
  console.log(`  peak memory ${Math.round(Math.max(...near.map(({ peakKilobytes }) => peakKilobytes)) / 1024)} MB`);
  stages(near.at(-1));
  const far = [];
  await relay(50);
  for (let run = 0; run < runs; run += 1) far.push(await deploy(versions.shift(), { host: machine.relay }));
  show(
    'at 50 ms',
    far.map(({ seconds }) => seconds),
  );
  await relay(250);
  const farthest = await deploy(versions.shift(), { host: machine.relay });
  const roundTrips = (farthest.seconds - median(near.map(({ seconds }) => seconds))) / 0.25;
  console.log(
    `  sequential round trips ${roundTrips.toFixed(1)} ((${farthest.seconds.toFixed(2)} s at 250 ms - near) / 0.25 s)`,
  );

  stages(farthest);
  console.log('\nStart-up (milliseconds)');
  const bare = timed([process.execPath, ['-e', '0']]);
  show('node -e 0', bare);
  for (const words of [['--version'], ['--help'], ['plan', '--help']]) {
    const times = timed([process.execPath, [longshore, ...words]]);
    show(`longshore ${words.join(' ')}`, times, median(times) / median(bare));
  }
  writeConfig(machine.address);
  const plans = timed([process.execPath, [longshore, 'plan', '--version', 'v0', '-q']]);
  show('longshore plan (one machine)', plans, median(plans) / median(bare));
}

function prepare() {
  execFileSync(
    'go',
    ['build', '-trimpath', '-ldflags=-s -w', '-o', join(place, 'app'), join(root, 'test/bench/app/main.go')],
    {
      env: { ...env, CGO_ENABLED: '0' },
    },
  );
  writeFileSync(
    join(place, 'Dockerfile'),
    'FROM scratch\nCOPY app /bin/app\nARG VERSION\nENV APP_VERSION=$VERSION\nCMD ["/bin/app"]\n',
  );
  mkdirSync(join(place, 'config'));
  mkdirSync(join(place, '.kamal'));
  writeFileSync(join(place, '.kamal/secrets'), 'REGISTRY_PASSWORD=$REGISTRY_PASSWORD\n');
  execFileSync('git', ['init', '-q'], { cwd: place });
}

function writeConfig(host) {
  const known = readFileSync(settings.SANDBOX_KNOWN_HOSTS, 'utf8');
  const keys = known.split('\n').filter((line) => line.includes(machine.address));
  writeFileSync(
    join(place, 'known_hosts'),
    keys.map((line) => `${host} ${line.split(' ').slice(1).join(' ')}`).join('\n') + '\n',
  );
  writeFileSync(
    join(place, 'ssh_config'),
    `Host *\n  IdentityFile ${settings.SANDBOX_KEY}\n  IdentitiesOnly yes\n  UserKnownHostsFile ${join(place, 'known_hosts')}\n`,
  );
  writeFileSync(
    join(place, 'config/deploy.yml'),
    `service: bench
image: bench
servers: {web: [${host}], worker: {hosts: [${host}], cmd: /bin/app worker}}
registry: {server: registry.test:5000, username: deployer, password: [REGISTRY_PASSWORD]}
builder: {arch: amd64, driver: docker, context: .}
proxy: {host: bench.example.com, run: {registry: registry.test:5000}}
ssh: {user: deploy, config: ${join(place, 'ssh_config')}}
readiness_delay: 0
`,
  );
}

function pushImage(version) {
  const image = `registry.test:5000/bench:${version}`;
  execFileSync('docker', ['login', 'registry.test:5000', '-u', settings.REGISTRY_USER, '--password-stdin'], {
    env,
    input: settings.REGISTRY_PASSWORD,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  execFileSync(
    'docker',
    ['build', '-q', '--label', 'service=bench', '--build-arg', `VERSION=${version}`, '-t', image, place],
    { env, stdio: 'ignore' },
  );
  execFileSync('docker', ['push', '-q', image], { env, stdio: 'ignore' });
  execFileSync('docker', ['rmi', image], { env, stdio: 'ignore' });
}

/** One deploy as a whole process, with the time at which each stage began. */
function deploy(version, { host, command = 'deploy' }) {
  writeConfig(host);
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const marks = [];
    const words = [
      '-f',
      '%M',
      '-o',
      join(place, 'memory'),
      process.execPath,
      longshore,
      command,
      '-P',
      '--version',
      version,
      '--json',
    ];
    const child = spawn('/usr/bin/time', words, { cwd: place, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (bytes) => {
      for (const line of String(bytes).split('\n')) {
        const stage = /"type":"stage-started","stage":"([^"]*)"/.exec(line);
        if (stage) marks.push({ stage: stage[1], at: performance.now() - started });
      }
      text += bytes;
    });
    child.on('close', (status) => {
      const seconds = (performance.now() - started) / 1000;
      if (status !== 0) return reject(new Error(`deploy ended with ${status}\n${text}`));
      resolve({
        seconds,
        marks,
        peakKilobytes: Number(readFileSync(join(place, 'memory'), 'utf8').trim().split('\n').at(-1)),
      });
    });
  });
}

/** Puts a relay with this round-trip time before the machine's sshd. */
async function relay(milliseconds) {
  for (const child of children.splice(0)) child.kill();
  const child = spawn(
    process.execPath,
    [join(root, 'test/bench/distance.mjs'), `${machine.relay}:22`, `${machine.address}:22`, String(milliseconds)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
}

function stages({ marks, seconds }) {
  const ends = [...marks.slice(1).map(({ at }) => at), seconds * 1000];
  const rows = [
    ['start, connect, lock, observe', 0, marks[0]?.at ?? 0],
    ...marks.map(({ stage, at }, index) => [stage, at, ends[index]]),
  ];
  for (const [stage, from, to] of rows) console.log(`    ${stage.padEnd(32)} ${((to - from) / 1000).toFixed(2)}`);
}

function timed([file, words]) {
  return Array.from({ length: runs + 1 }, () => {
    const started = performance.now();
    const { status, stderr } = spawnSync(file, words, { cwd: place, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
    return performance.now() - started;
  }).slice(1);
}

function show(what, figures, ratio) {
  const digits = figures[0] > 20 ? 0 : 2;
  const [low, mid, high] = [Math.min(...figures), median(figures), Math.max(...figures)].map((figure) =>
    figure.toFixed(digits),
  );
  console.log(
    `  ${what.padEnd(34)} min ${low}  median ${mid}  max ${high}${ratio === undefined ? '' : `  (${ratio.toFixed(1)} x node -e 0)`}`,
  );
}

function median(figures) {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)];
}

function onMachine(script) {
  spawnSync('docker', ['exec', machine.container, 'sh', '-c', script], { env, stdio: 'ignore' });
}
