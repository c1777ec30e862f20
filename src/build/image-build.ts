import type { Config } from '../config/config.ts';
import { imageOf, latestTag } from '../containers/names.ts';
import { abbreviateVersion } from './version.ts';
import type { SourceTree } from './version.ts';

/** One image to build and push, as data. */
export interface ImageBuild {
  readonly service: string;
  readonly version: string;
  /** `repo:version`, which the machines pull. */
  readonly image: string;
  /** `image`, and the tag `latest` or `latest-<destination>`, which Kamal also moves at build time. */
  readonly tags: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `linux/amd64` */
  readonly platforms: readonly string[];
  readonly driver: 'docker-container' | 'docker';
  readonly dockerfile: string;
  readonly target?: string;
  readonly args: Readonly<Record<string, string>>;
  /** Names of secrets; the values are handed over only to build. */
  readonly secrets: readonly string[];
  readonly context: BuildContext;
  readonly push: true;
  readonly useCache: boolean;
}

export type BuildContext =
  /** A clean clone of `sha`, and in it the directory that the deploy was started in. */
  | { readonly kind: 'clone'; readonly root: string; readonly sha: string; readonly path: '.' }
  /** The files as they lie there, relative to the current directory. */
  | { readonly kind: 'directory'; readonly path: string };

export interface BuildQuestion {
  readonly config: Config;
  readonly version: string;
  readonly tree: SourceTree;
  readonly useCache: boolean;
}

/** Decides which image to build, from what, tagged how. */
export function planImageBuild({ config, version, tree, useCache }: BuildQuestion): ImageBuild {
  const { builder } = config;
  return {
    service: config.service,
    version,
    image: imageOf(config, version),
    tags: [imageOf(config, version), imageOf(config, latestTag(config))],
    labels: { service: config.service },
    platforms: builder.arch.map((arch) => `linux/${arch}`),
    driver: builder.driver,
    dockerfile: builder.dockerfile,
    ...(builder.target === undefined ? {} : { target: builder.target }),
    args: builder.args,
    secrets: builder.secrets,
    context: contextOf(config, tree),
    push: true,
    useCache,
  };
}

/** The build as a plan shows it, one line per act. */
export function describeBuild(build: ImageBuild): string[] {
  const platforms = build.platforms.map((platform) => platform.replace('linux/', '')).join(' and ');
  return [`build ${build.image} for ${platforms} from ${describeContext(build)}`, `push ${build.tags.join(' and ')}`];
}

function contextOf(config: Config, tree: SourceTree): BuildContext {
  const { context } = config.builder;
  if (context !== undefined) return { kind: 'directory', path: context };
  if (!tree.isRepository || tree.headSha === '') return { kind: 'directory', path: '.' };
  return { kind: 'clone', root: tree.root, sha: tree.headSha, path: '.' };
}

function describeContext({ context, dockerfile, target }: ImageBuild): string {
  const recipe = target === undefined ? dockerfile : `${dockerfile}, target ${target}`;
  return context.kind === 'clone'
    ? `a clean clone of HEAD ${abbreviateVersion(context.sha)} (${recipe})`
    : `the files in ${context.path} (${recipe})`;
}
