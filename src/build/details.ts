import { type Shown, shownText } from '../config/truth-shown.ts';
import { buildxCommand, packCommand, pushCommands, type BuildCommand } from './build-command.ts';
import { createCommands, removeCommands, type BuilderNode } from './builder-setup.ts';
import type { ImageBuild } from './image-build.ts';

/** What a build consists of, to be looked at: every command in full, secrets by their names. */
export interface BuildDetails {
  readonly builder: {
    readonly kind: ImageBuild['setup']['kind'];
    readonly name?: string;
    readonly driver: string;
    readonly platforms: readonly string[];
    readonly nodes: readonly BuilderNode[];
  };
  readonly image: string;
  readonly tags: readonly string[];
  readonly context: ImageBuild['context'];
  readonly commands: readonly DetailedCommand[];
}

export interface DetailedCommand {
  /** When it runs: `remove` and `create` only when the builder is not there as it should be. */
  readonly purpose: 'inspect' | 'remove' | 'create' | 'build' | 'push';
  readonly words: readonly string[];
  /** What is set for it besides the surroundings; a secret as `{ secret: NAME }`. */
  readonly env: Readonly<Record<string, Shown>>;
}

export function detailsOf(build: ImageBuild): BuildDetails {
  const { kind, name, driver, platforms, nodes } = build.setup;
  const plain =
    (purpose: DetailedCommand['purpose']) =>
    (words: readonly string[]): DetailedCommand => ({ purpose, words: ['docker', ...words], env: {} });
  return {
    builder: { kind, ...(name === undefined ? {} : { name }), driver, platforms, nodes },
    image: build.image,
    tags: build.tags,
    context: build.context,
    commands: [
      ...(name === undefined ? [] : [plain('inspect')(['buildx', 'inspect', name])]),
      ...removeCommands(build.setup).map(plain('remove')),
      ...createCommands(build.setup).map(plain('create')),
      ...buildCommands(build).map(({ purpose, command }) => shown(build, purpose, command)),
    ],
  };
}

function buildCommands(build: ImageBuild): { purpose: 'build' | 'push'; command: BuildCommand }[] {
  if (build.setup.kind !== 'pack') return [{ purpose: 'build', command: buildxCommand(build, { secrets: {} }) }];
  const pushes = build.output === 'registry' ? pushCommands(build) : [];
  return [
    { purpose: 'build', command: packCommand(build, { secrets: {} }) },
    ...pushes.map((command) => ({ purpose: 'push' as const, command })),
  ];
}

function shown(build: ImageBuild, purpose: DetailedCommand['purpose'], { words, env }: BuildCommand): DetailedCommand {
  const secretOf = (variable: string): string | undefined =>
    build.secrets.find((name) => variable === name || variable === `LONGSHORE_SECRET_${name}`);
  return {
    purpose,
    words: words.map((word) => {
      const [name = '', ...value] = word.split('=');
      if (word.startsWith('-') || !Object.hasOwn(build.args, name) || value.length === 0) return word;
      const text = shownText(name, value.join('='));
      return `${name}=${typeof text === 'string' ? text : '…'}`;
    }),
    env: Object.fromEntries(
      Object.entries(env).map(([name, value]) => {
        const secret = secretOf(name);
        const text = Object.hasOwn(build.args, name) ? shownText(name, value) : value;
        return [name, secret === undefined ? text : { secret }];
      }),
    ),
  };
}
