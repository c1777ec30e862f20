#!/usr/bin/env node
// kamal-lays-out.mjs PROJECT HOST VERSION [DESTINATION]: the commands that `kamal setup` of 2.12 runs on a machine, as a script for its
// login shell: names, labels, mounts, paths and env files of the reference. It knows those of Kamal's keys that examples/heatwave has.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const [project, host, version, destination] = process.argv.slice(2);
const config = ['deploy', ...(destination ? [`deploy.${destination}`] : [])]
  .map((name) => parse(withoutErb(read(`config/${name}.yml`)), { merge: true }))
  .reduce(merged);
const { service, registry, proxy, servers } = config;
const folder = `.kamal/apps/${[service, destination].filter(Boolean).join('-')}`;
const image = `${registry.server}/${config.image}`;
const log = '--log-opt max-size="10m"';

console.log(
  [
    'mkdir -p .kamal/proxy/apps-config',
    `docker login ${registry.server} -u ${quoted(registry.username)} -p ${quoted(secret(registry.password[0]))} >/dev/null 2>&1`,
    'docker network create kamal >/dev/null 2>&1 || true',
    ...Object.entries(config.accessories).flatMap((entry) => (entry[1].host === host ? bootAccessory(entry) : [])),
    ...Object.entries(servers).flatMap((entry) => (entry[1].hosts.includes(host) ? bootRole(entry) : [])),
    'rm -f .docker/config.json',
  ].join('\n'),
);

function bootAccessory([key, { image, cmd, port, env, files = [], directories = [], volumes = [], options }]) {
  const name = `${service}-${key}`;
  const remote = (file) => `${name}${file.split(':')[1]}`;
  const mounts = [
    ...volumes,
    ...files.map((file) => `$PWD/${name}${file.split(':')[1]}:${file.split(':').slice(1).join(':')}`),
    ...directories.map((directory) => `$PWD/${name}/${directory}`),
  ];
  return [
    ...directories.map((directory) => `mkdir -p $PWD/${name}/${directory.split(':')[0]}`),
    ...files.flatMap((file) => [
      ...upload(read(file.split(':')[0]), remote(file), '755'),
      `chmod 755 ${quoted(remote(file))}`,
    ]),
    ...envFile(`accessories/${key}`, env?.secret),
    `docker pull --quiet ${image} >/dev/null`,
    [
      `docker run --name ${name} --detach --restart unless-stopped --network kamal ${log}`,
      ...(port === undefined ? [] : [`--publish ${port}`]),
      ...envOptions({ KAMAL_HOST: host, ...env?.clear }),
      `--env-file ${folder}/env/accessories/${key}.env`,
      ...mounts.map((mount) => `--volume ${mount}`),
      `--label service="${name}"`,
      ...dockerOptions(options),
      image,
      ...(cmd === undefined ? [] : [cmd]),
      '>/dev/null',
    ].join(' '),
  ];
}

function bootRole([role, { cmd, asset_path: assets }]) {
  const prefix = [service, role, destination].filter(Boolean).join('-');
  const isProxied = role === 'web';
  const volume = `$PWD/${folder}/assets/volumes/${role}-${version}`;
  const kamals = { CONTAINER_NAME: `${prefix}-${version}`, VERSION: version, HOST: host, DESTINATION: destination };
  const env = Object.entries(kamals).flatMap(([key, value]) => (value ? [[`KAMAL_${key}`, value]] : []));
  const run = [
    `docker run --detach --restart unless-stopped --name ${prefix}-${version} --network kamal`,
    `--hostname ${host}-$(od -An -N6 -tx1 /dev/urandom | tr -d ' ')`,
    ...envOptions({ ...Object.fromEntries(env), ...config.env.clear }),
    `--env-file ${folder}/env/roles/${role}.env ${log}`,
    ...(assets === undefined ? [] : [`--volume ${volume}:${assets}`]),
    `--label service="${service}" --label role="${role}" --label destination${destination ? `="${destination}"` : ''}`,
    `${image}:${version}`,
    ...(cmd === undefined ? [] : [cmd]),
  ];
  return [
    ...(isProxied ? bootProxy() : []),
    `docker image rm --force ${image}:${version} >/dev/null 2>&1 || true`,
    `docker pull --quiet ${image}:${version} >/dev/null`,
    ...envFile(`roles/${role}`, config.env.secret),
    ...(assets === undefined ? [] : extractAssets({ prefix, role, assets, volume })),
    `id=$(${run.join(' ')})`,
    ...(isProxied ? [`docker exec kamal-proxy kamal-proxy deploy ${prefix} ${routeOptions()}`] : []),
    `docker tag ${image}:${version} ${image}:${['latest', destination].filter(Boolean).join('-')}`,
  ];
}

function bootProxy() {
  const { bind_ips: addresses, registry: from } = proxy.run;
  const places = addresses?.map((address) => `${address}:`) ?? [''];
  const publish = [80, 443].flatMap((port) => places.map((place) => `--publish ${place}${port}:${port}`));
  return [
    `docker container start kamal-proxy >/dev/null 2>&1 || docker run --name kamal-proxy --network kamal --detach --restart unless-stopped --volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy --volume $PWD/.kamal/proxy/apps-config:/home/kamal-proxy/.apps-config ${publish.join(' ')} --log-opt max-size=10m ${from}/basecamp/kamal-proxy:v0.9.2 kamal-proxy run >/dev/null`,
  ];
}

function routeOptions() {
  const { path, interval, timeout } = proxy.healthcheck;
  return [
    `--target="$(echo $id | cut -c1-12):${proxy.app_port}"`,
    ...proxy.hosts.map((name) => `--host="${name}"`),
    `--deploy-timeout="${config.deploy_timeout}s" --drain-timeout="${config.drain_timeout}s"`,
    `--health-check-interval="${interval}s" --health-check-timeout="${timeout}s" --health-check-path="${path}"`,
    `--target-timeout="${proxy.response_timeout}s" --buffer-requests --buffer-responses --forward-headers`,
    ...['Cache-Control', 'Last-Modified', 'User-Agent'].map((name) => `--log-request-header="${name}"`),
  ].join(' ');
}

function extractAssets({ prefix, role, assets, volume }) {
  const extracted = `$PWD/${folder}/assets/extracted/${role}-${version}`;
  return [
    `mkdir -p ${extracted} ${volume}`,
    `docker create --name ${prefix}-assets ${image}:${version} >/dev/null`,
    `docker container cp -L ${prefix}-assets:${assets}/. ${extracted}`,
    `docker container rm ${prefix}-assets >/dev/null`,
    `cp -rnT ${extracted} ${volume} || true`,
  ];
}

/** Ruby's `dump`, of which these values need only this. Without secrets it is an empty line. */
function envFile(name, secrets = []) {
  const lines = secrets.map((one) => one.split(':')).map(([key, from = key]) => `${key}=${escaped(secret(from))}`);
  return upload(`${lines.join('\n')}\n`, `${folder}/env/${name}.env`, '600');
}

function escaped(value) {
  return value.replaceAll('\\', '\\\\');
}

function upload(content, path, mode) {
  const file = quoted(path);
  const body = Buffer.from(content).toString('base64');
  return [`mkdir -p "$(dirname ${file})"`, `echo ${body} | base64 -d >${file}`, `chmod ${mode} ${file}`];
}

/** What the stand-ins for `gh` and `op` say, with variables filled in after that, as dotenv does. */
function secret(name) {
  if (name === 'KAMAL_REGISTRY_PASSWORD') return execFileSync('gh', ['auth', 'token'], { encoding: 'utf8' }).trim();
  const item = ['item', 'get', destination ?? 'production', '--vault', 'Heatwave', '--fields', `label=${name}`];
  const { value } = JSON.parse(execFileSync('op', item, { encoding: 'utf8' }));
  return value.replaceAll(/\$(\w+)/g, (_, variable) => process.env[variable] ?? '');
}

function envOptions(clear) {
  return Object.entries(clear).map(([key, value]) => `--env ${key}="${value}"`);
}

function dockerOptions(options = {}) {
  return Object.entries(options).flatMap(([name, value]) =>
    [value].flat().map((one) => (one === true ? `--${name}` : `--${name} "${one}"`)),
  );
}

function quoted(text) {
  return `'${String(text).replaceAll("'", `'\\''`)}'`;
}

function read(file) {
  return readFileSync(join(project, file), 'utf8');
}

/** The one condition of the example's template: what staging has not. */
function withoutErb(text) {
  const condition = /^.*<% unless ENV\["KAMAL_DESTINATION"\] == "staging" %>\n([\s\S]*?)^.*<% end %>\n/gm;
  return text.replaceAll(condition, (_, inside) => (destination === 'staging' ? '' : inside));
}

function merged(one, other) {
  const isMap = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
  if (!isMap(one) || !isMap(other)) return other;
  return {
    ...one,
    ...Object.fromEntries(
      Object.entries(other).map(([key, value]) => [key, key in one ? merged(one[key], value) : value]),
    ),
  };
}
