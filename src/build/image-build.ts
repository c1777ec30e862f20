import type { Config } from '../config/config.ts';
import { imageOf, latestTag } from '../containers/names.ts';
import { builderSetup, type BuilderSetup } from './builder-setup.ts';
import { abbreviateVersion } from './version.ts';
import type { SourceTree } from './version.ts';

/** One image to build and push, as data. */
export interface ImageBuild {
  readonly service: string;
  readonly version: string;
  /** `repo:version`, which the machines pull. */
  readonly image: string;
  readonly repository: string;
  /** `image`, and the tag `latest` or `latest-<destination>`, which Kamal also moves at build time. */
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly setup: BuilderSetup;
  readonly pack?: { readonly builder: string; readonly buildpacks: readonly string[] };
  readonly dockerfile: string;
  readonly target?: string;
  readonly args: Readonly<Record<string, string | null>>;
  /** Names of secrets; the values are handed over only to build. */
  readonly secrets: readonly string[];
  readonly ssh?: string;
  readonly cache?: { readonly to: string; readonly from: string };
  readonly provenance?: string;
  readonly sbom?: string;
  readonly context: BuildContext;
  /** `registry` pushes; `docker` loads into the engine here; or any other type of `buildx --output`. */
  readonly output: string;
  readonly useCache: boolean;
}

export type BuildContext =
  /** A clean clone of `sha`, and in it the directory that the deploy was started in. */
  | { readonly kind: 'clone'; readonly root: string; readonly sha: string; readonly path: string }
  /** The files as they lie there, relative to the current directory. */
  | { readonly kind: 'directory'; readonly path: string };

export interface BuildQuestion {
  readonly config: Config;
  readonly version: string;
  readonly tree: SourceTree;
  readonly useCache: boolean;
  /** What docker on this machine runs, such as `amd64`; only asked for where something is built elsewhere. */
  readonly localArch: string;
  readonly output?: string;
  /** The files of the working directory, with all changes, and `-dirty` after every tag. */
  readonly dirty?: true;
}

/** Decides which image to build, from what, where, and tagged how. */
export function planImageBuild(question: BuildQuestion): ImageBuild {
  const { config, version, tree, useCache, localArch, output = 'registry', dirty } = question;
  const { builder } = config;
  const tags = [imageOf(config, version), imageOf(config, latestTag(config))];
  const cache = cacheOf(config);
  const { target, ssh, provenance, sbom, pack } = builder;
  return {
    service: config.service,
    version,
    image: imageOf(config, version),
    repository: config.repository,
    tags: dirty ? tags.map((tag) => `${tag}-dirty`) : tags,
    labels: { service: config.service },
    setup: builderSetup(config, localArch),
    dockerfile: builder.dockerfile,
    args: builder.args,
    secrets: builder.secrets,
    ...(target === undefined ? {} : { target }),
    ...(ssh === undefined ? {} : { ssh }),
    ...(cache === undefined ? {} : { cache }),
    ...(provenance === undefined ? {} : { provenance }),
    ...(sbom === undefined ? {} : { sbom }),
    ...(pack === undefined ? {} : { pack }),
    context: dirty ? { kind: 'directory', path: builder.context ?? '.' } : contextOf(config, tree),
    output,
    useCache,
  };
}

/** The build as a plan shows it, one line per act. */
export function describeBuild(build: ImageBuild): string[] {
  return [
    `build ${build.image} for ${describePlace(build)}${describeContext(build)}`,
    `push ${build.tags.join(' and ')}`,
  ];
}

function contextOf(config: Config, tree: SourceTree): BuildContext {
  const { context } = config.builder;
  if (context !== undefined) return { kind: 'directory', path: context };
  if (!tree.isRepository || tree.headSha === '') return { kind: 'directory', path: '.' };
  return { kind: 'clone', root: tree.root, sha: tree.headSha, path: '.' };
}

/** Kamal reads from the cache with only those options that say where it is. */
function cacheOf({ builder: { cache }, registry, image }: Config): ImageBuild['cache'] {
  if (cache === undefined) return undefined;
  const options = cache.options === undefined ? [] : cache.options.split(',');
  const join = (...parts: string[]): string => parts.join(',');
  if (cache.type === 'registry') {
    const name = cache.image ?? `${image}-build-cache`;
    const ref = `ref=${registry.server === undefined ? name : `${registry.server}/${name}`}`;
    return { to: join('type=registry', ref, ...options), from: join('type=registry', ref) };
  }
  const where = options.filter((option) => /^\s*(url|url_v2|token|scope|timeout)\s*=/.test(option));
  return { to: join('type=gha', ...options), from: join('type=gha', ...where) };
}

function describePlace({ setup, pack }: ImageBuild): string {
  const names = (platforms: readonly string[]): string =>
    platforms.map((platform) => platform.replace('linux/', '')).join(' and ');
  const [here, there] = setup.nodes;
  if (setup.kind === 'hybrid') {
    return `${names(here?.platforms ?? [])} here and ${names(there?.platforms ?? [])} on ${there?.context?.endpoint} `;
  }
  const where = setup.kind === 'remote' ? here?.context?.endpoint : setup.kind === 'cloud' ? setup.driver : undefined;
  const how = setup.kind === 'pack' ? `with ${pack?.builder} ` : '';
  return `${names(setup.platforms)} ${where === undefined ? how : `on ${where} `}`;
}

function describeContext({ context, dockerfile, target, setup }: ImageBuild): string {
  const recipe =
    setup.kind === 'pack' ? 'buildpacks' : target === undefined ? dockerfile : `${dockerfile}, target ${target}`;
  return context.kind === 'clone'
    ? `from a clean clone of HEAD ${abbreviateVersion(context.sha)} (${recipe})`
    : `from the files in ${context.path} (${recipe})`;
}
