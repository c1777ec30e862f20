import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { chooseAccessories, refuseNothingToDeploy, selectRoles } from '../app/select.ts';
import { wantedContainers, type WantedContainer } from '../app/wanted.ts';
import { whatIsLeftOut, withoutHosts } from '../app/without.ts';
import { decideVersion, type SourceTree } from '../build/version.ts';
import type { Config } from '../config/config.ts';
import { fingerprintOf } from '../config/fingerprint.ts';
import { loadConfig } from '../config/load.ts';
import { Failure } from '../errors.ts';
import type { HookName } from '../hooks/hooks.ts';
import type { LockHandle } from '../hooks/lock-handle.ts';
import type { RegistryCredentials } from '../hosts/docker.ts';
import type { Host } from '../hosts/host.ts';
import type { ImageInRegistry } from '../hosts/this-machine/registry-image.ts';
import { existingHooks } from '../hosts/this-machine/local-hook.ts';
import { readSourceTree } from '../hosts/this-machine/git.ts';
import { turns } from '../hosts/turns.ts';
import type { ReleaseOrigin } from '../observe/observed.ts';
import { typed } from '../plan/typed.ts';
import { createMasker } from '../secrets/mask.ts';
import { allSecretNames } from '../secrets/names.ts';
import { resolveSecrets } from '../secrets/resolve.ts';
import { askedToHold, newHold, type Hold } from './hold.ts';
import { type KnownLater, openOutputs } from './outputs.ts';
import { readRouteSources, type RouteSources } from './route-files.ts';
import { loadRequest, type Run } from './run.ts';
import { credentialsOf, placesIn, secretNames, secretsWished, valuesInFile } from './session-secrets.ts';
import { noteSource, requireSource } from './source.ts';
import { connectBySsh, loadConnect, type SshLogin } from './ssh.ts';
import { checkSecrets, kamalsForms } from './values.ts';

/** What a command knows before it has seen a machine. */
export interface Session {
  readonly run: Run;
  /** The whole file, but for the machines that `--without` leaves out. */
  readonly config: Config;
  /** Narrowed to what `--hosts`, `--roles` and `--primary` chose. */
  readonly selected: Config;
  readonly tree: SourceTree;
  /** When the command began, as `Date.now()` says it. */
  readonly startedAt: number;
  /** What is written down with every release of this run. */
  readonly origin: ReleaseOrigin;
  readonly hooks: ReadonlySet<HookName>;
  /** Whether what fails is to be brought back. */
  readonly hold: Hold;
  /** The locks that this run holds, which its hooks are lent. */
  readonly locks: Set<LockHandle>;
  /** Questions that were answered with yes in this run. */
  readonly agreed: Set<string>;
  readonly secrets: ReadonlyMap<string, string>;
  /** Those that Kamal reads as something else, as it reads them. */
  readonly secretsByKamal: ReadonlyMap<string, string>;
  readonly routeFiles: RouteSources;
  readonly credentials?: RegistryCredentials;
  /** For every registry that images come from. */
  readonly logins: readonly RegistryCredentials[];
  readonly mask: (text: string) => string;
  /** The one seam that tests replace. */
  readonly connect: (name: string, signal: AbortSignal, login?: SshLogin) => Promise<Host>;
  /** What a registry says of an image to this machine; the other seam. */
  readonly askRegistry: (reference: string, login?: RegistryCredentials) => Promise<ImageInRegistry | undefined>;
  /** The same for what a dead run left: with its deploy-failed hook, and the secrets that one sees. @throws Failure */
  readonly forDeadRun: () => Promise<Session>;
  /** What is typed to do something to this destination again: `longshore deploy production`. */
  readonly typed: (command: string) => string;
}

/** What a command is going to do, which decides what it refuses and which secrets it needs. */
export interface Purpose {
  /** `inside`: what somebody runs in a container, whose output is all there is to see. */
  readonly changes:
    'setup' | 'machines' | 'engine' | 'registry' | 'login' | 'lock' | 'this-machine' | 'inside' | 'nothing';
  readonly hooks: readonly HookName[];
  readonly needs: readonly ('containers' | 'build' | 'registry' | 'accessories' | 'accessory-routes')[];
  /** What it does more of where the secrets for it can be had: compare accessories, and ask registries about their images. */
  readonly wishes?: readonly ('accessories' | 'registries')[];
  /** Names of the accessories that it is about; absent: all of them, where it needs any. */
  readonly accessories?: readonly string[];
  /** What the work tree is for: `git.require` holds for what is made from it, and is told where that is only planned. */
  readonly source?: 'made-from' | 'planned-from';
}

/** Loads the file, and side by side what it names: git, hooks and secrets. @throws Failure */
export async function openSession(run: Run, purpose: Purpose): Promise<Session> {
  const startedAt = Date.now();
  const cwd = process.cwd();
  const written = loadConfig(loadRequest(run, cwd));
  const config = withoutHosts(written, run.without ?? []);
  // Loaded while git and the secrets are waited for.
  if (purpose.changes !== 'registry' && purpose.changes !== 'this-machine') void loadConnect().catch(() => undefined);
  const known: KnownLater = { mask: (text) => text };
  if (purpose.changes !== 'nothing') await openOutputs(run, config, known);
  for (const text of config.warnings) run.emit({ type: 'warning', text });
  const selected = chooseAccessories(config, selectRoles(config, run), purpose.accessories);
  if (purpose.needs.includes('containers')) refuseNothingToDeploy(config, selected);
  announce(run, selected, purpose);
  for (const text of whatIsLeftOut(written, run.without ?? [])) run.emit({ type: 'note', text });
  const [tree, hooks] = await Promise.all([
    readSourceTree({ cwd, env: run.env }),
    run.skipHooks ? [] : existingHooks(config.hooksPath),
  ]);
  known.performer = tree.performer;
  const version = run.version ?? (purpose.source === undefined ? undefined : tree.headSha);
  if (version !== undefined) known.version = version;
  if (purpose.source === 'made-from') await requireSource({ run, config, tree, cwd });
  if (purpose.source === 'planned-from') await noteSource({ run, config, tree, cwd });
  const relevant = hooks.filter((hook) => purpose.hooks.includes(hook));
  const secretsRequest = {
    path: config.secretsPath,
    ...(config.destination === undefined ? {} : { destination: config.destination }),
    cwd,
    env: run.env,
    onWarning: (text: string) => run.emit({ type: 'warning', text }),
    ...(run.askSecret === undefined ? {} : { ask: run.askSecret }),
  };
  const all = () => allSecretNames(secretsRequest);
  const names = await secretNames({
    config: selected,
    purpose,
    hooks: purpose.changes === 'nothing' ? [] : relevant,
    all,
  });
  const secretsByKamal = new Map<string, string>();
  const secrets = await resolveSecrets({
    ...secretsRequest,
    names,
    ...secretsWished(selected, purpose),
    askedIn: placesIn(config, cwd),
    onKamalsValue: (name, value) => secretsByKamal.set(name, value),
  });
  if (purpose.needs.includes('containers')) checkSecrets(selected, secrets);
  const routeFiles = await readRouteSources(selected, secrets, { run, cwd, needs: purpose.needs });
  const credentials = credentialsOf(config.registry, secrets);
  const inContainers = kamalsForms(config, { secrets, secretsByKamal });
  const mask = createMasker([...secrets.values(), ...inContainers, ...valuesInFile(config)]);
  known.mask = mask;
  const logins = selected.accessories.flatMap(({ registry }) => registry ?? []);
  const starts = turns(config.ssh.startsAtOnce);
  const session: Session = {
    run,
    config,
    selected,
    tree,
    startedAt,
    origin: originOf(config, tree),
    hooks: new Set(relevant),
    hold: newHold(run.onFailure === 'hold' ? askedToHold : undefined),
    locks: new Set(),
    agreed: new Set(),
    secrets,
    secretsByKamal,
    routeFiles,
    ...(credentials === undefined ? {} : { credentials }),
    mask,
    connect: (name, signal, login) => starts(() => connectBySsh(name, { run, config, signal, secrets, login })),
    async askRegistry(reference, login) {
      const { readImageInRegistry } = await import('../hosts/this-machine/registry-image.ts');
      return readImageInRegistry(reference, { ...(login && { credentials: login }), signal: run.signal });
    },
    logins: [credentials ?? [], logins.flatMap((registry) => credentialsOf(registry, secrets) ?? [])].flat(),
    async forDeadRun() {
      const hook = 'deploy-failed';
      if (relevant.includes(hook) || !hooks.some((one) => one === hook)) return session;
      const seen = await secretNames({ config: selected, purpose: nothing, hooks: [hook], all });
      const more = await resolveSecrets({ ...secretsRequest, names: seen.filter((name) => !secrets.has(name)) });
      const both = new Map([...secrets, ...more]);
      known.mask = createMasker([...both.values(), ...inContainers, ...valuesInFile(config)]);
      return { ...session, hooks: new Set([...relevant, hook]), secrets: both, mask: known.mask };
    },
    typed: (command) => typed(command, config.destinationName),
  };
  return session;
}

const nothing: Purpose = { changes: 'this-machine', hooks: [], needs: [] };

function originOf(config: Config, { performer, headSha }: SourceTree): ReleaseOrigin {
  return {
    run: randomBytes(4).toString('hex'),
    performer,
    deployer: hostname(),
    ...(headSha === '' ? {} : { commit: headSha }),
    config: fingerprintOf(config),
  };
}

/** The version this run is about, said aloud where it is not what one expects. @throws Failure `version-unknown` */
export function versionOfRun({ run, config, tree }: Session): string {
  const { version, note } = decideVersion({
    flag: run.version,
    env: run.env['VERSION'],
    tree,
    contextIsSet: config.builder.context !== undefined,
  });
  if (note !== undefined) run.emit({ type: 'note', text: note });
  const names = [config.destination, config.destinationName].filter(Boolean);
  if (run.version !== undefined && names.includes(run.version)) {
    throw new Failure('usage', `${run.version} is a destination, not a version`, {
      hint: `Type: longshore ${run.command} -d ${run.version}`,
    });
  }
  return version;
}

export function wantedOf(session: Session, version: string): WantedContainer[] {
  return wantedContainers(session.selected, version);
}

function announce(run: Run, config: Config, { changes, accessories }: Purpose): void {
  if (['nothing', 'inside', 'this-machine'].includes(changes)) return;
  const destination = config.destinationName === undefined ? '' : ` (${config.destinationName})`;
  const file = [config.file, config.destinationFile].filter(Boolean).join(' + ');
  const chosen = accessories === undefined ? config.hosts : config.accessoryHosts;
  const hosts = changes === 'engine' ? config.allHosts : chosen;
  const where = changes === 'registry' ? config.repository : changes === 'lock' ? config.primaryHost : hosts.join(', ');
  run.emit({ type: 'heading', text: `${run.command} ${config.service}${destination} from ${file} to ${where}` });
}
