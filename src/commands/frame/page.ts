/** What the page needs of a command; both its class and its entry in oclif.manifest.json have it. */
export interface PageCommand {
  readonly id: string;
  readonly summary?: string;
  readonly description?: string;
  readonly examples?: readonly (string | { readonly description?: string; readonly command: string })[];
  readonly args: Readonly<Record<string, { readonly description?: string; readonly required?: boolean }>>;
  readonly flags: Readonly<Record<string, PageFlag>>;
}

interface PageFlag {
  readonly type: string;
  readonly char?: string;
  readonly helpGroup?: string;
  readonly helpValue?: string | readonly string[];
  readonly description?: string;
  readonly required?: boolean;
  readonly default?: unknown;
}

/** docs/commands.md. Flags with a group are those of every command, and are listed once. */
export function commandsPage(commands: readonly PageCommand[]): string {
  const sorted = [...commands].sort((a, b) => (a.id < b.id ? -1 : 1));
  const shared = Object.entries(sorted.find(({ id }) => id === 'deploy')?.flags ?? {}).filter(isShared);
  return [
    '# Commands',
    '',
    'Written by `npm run build` from the commands in `src/commands`; `longshore COMMAND --help` says the same.',
    '',
    ...sorted.flatMap(section),
    '## Flags of every command',
    '',
    'Kamal’s spellings, underscores included (`--skip_push`). `-h` is `--hosts`; help is `--help`.',
    '',
    ...flagLines(shared),
    '',
  ].join('\n');
}

function section({ id, summary, description, examples, args, flags }: PageCommand): string[] {
  const name = id.replaceAll(':', ' ');
  const words = Object.entries(args).map(([arg, { required }]) => (required ? arg : `[${arg}]`).toUpperCase());
  const own = Object.entries(flags).filter((entry) => !isShared(entry));
  return [
    `## ${['longshore', name, ...words].join(' ')}`,
    '',
    `${summary}. ${description}`,
    '',
    ...(own.length === 0 ? [] : [...flagLines(own), '']),
    '```sh',
    ...(examples ?? []).flatMap(exampleLines),
    '```',
    '',
  ];
}

function exampleLines(example: string | { readonly description?: string; readonly command: string }): string[] {
  const { description, command } = typeof example === 'string' ? { command: example } : { description: '', ...example };
  return [...(description ? [`# ${description}`] : []), command.replaceAll('<%= config.bin %>', 'longshore')];
}

function flagLines(flags: readonly (readonly [string, PageFlag])[]): string[] {
  return [
    '| flag | |',
    '|---|---|',
    ...flags.map(([name, flag]) => `| \`${spelling(name, flag)}\` | ${meaning(flag)} |`),
  ];
}

function spelling(name: string, { type, char, helpValue }: PageFlag): string {
  const long = type === 'boolean' ? `--${name}` : `--${name} ${String(helpValue ?? 'VALUE')}`;
  return char === undefined ? long : `-${char}, ${long}`;
}

function meaning({ description = '', required, default: value }: PageFlag): string {
  const known = typeof value === 'string' || typeof value === 'number';
  return `${description}${required ? ' (required)' : ''}${known ? ` (default: ${value})` : ''}`;
}

function isShared([, { helpGroup }]: readonly [string, PageFlag]): boolean {
  return helpGroup !== undefined;
}
