import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';

const words = { multiple: true, multipleNonGreedy: true, delimiter: ',', helpGroup: 'WHERE' } as const;

/** Kamal takes these on every command, so scripts pass them to every command. */
export const everywhere = {
  destination: Flags.string({
    char: 'd',
    helpValue: 'NAME',
    helpGroup: 'WHERE',
    description: 'destination: merges config/deploy.NAME.yml over the config file',
  }),
  'config-file': Flags.string({
    char: 'c',
    default: 'config/deploy.yml',
    helpValue: 'FILE',
    helpGroup: 'WHERE',
    description: 'config file',
  }),
  'no-exec': Flags.boolean({ helpGroup: 'WHERE', description: 'refuse to run commands that stand in the config file' }),
  erb: Flags.string({
    options: ['ruby'],
    helpValue: 'ruby',
    helpGroup: 'WHERE',
    exclusive: ['no-exec'],
    description: "let this machine's Ruby render the templates in the config file",
  }),
  hosts: Flags.string({ ...words, char: 'h', helpValue: 'HOSTS', description: 'only these hosts; globs, by comma' }),
  roles: Flags.string({ ...words, char: 'r', helpValue: 'ROLES', description: 'only these roles; globs, by comma' }),
  without: Flags.string({
    ...words,
    helpValue: 'HOST',
    description: 'go on without this machine, which is down; if it is the primary, the lock is taken on the next one',
  }),
  primary: Flags.boolean({ char: 'p', helpGroup: 'WHERE', description: 'only the primary host' }),
  'skip-hooks': Flags.boolean({ char: 'H', helpGroup: 'WHAT', description: 'run none of the hooks' }),
  version: Flags.string({
    helpValue: 'VERSION',
    helpGroup: 'WHAT',
    description: "version to act on (default: $VERSION, else git's commit)",
  }),
  'lock-wait': Flags.boolean({ helpGroup: 'LOCK', description: 'wait for the deploy lock instead of failing' }),
  'lock-wait-timeout': Flags.integer({
    default: 900,
    min: 0,
    helpValue: 'SECONDS',
    helpGroup: 'LOCK',
    description: 'longest wait for the lock',
  }),
  'lock-wait-interval': Flags.integer({
    default: 15,
    min: 1,
    helpValue: 'SECONDS',
    helpGroup: 'LOCK',
    description: 'pause between looks at the lock',
  }),
  'accept-new-host-keys': Flags.boolean({
    helpGroup: 'WHERE',
    description: 'trust hosts seen for the first time, and remember their keys',
  }),
  json: Flags.boolean({
    helpGroup: 'OUTPUT',
    description: 'one JSON document on stdout, events as JSON lines on stderr',
  }),
  verbose: Flags.boolean({
    char: 'v',
    helpGroup: 'OUTPUT',
    exclusive: ['quiet'],
    description: 'plain lines, starts of steps too',
  }),
  quiet: Flags.boolean({ char: 'q', helpGroup: 'OUTPUT', description: 'only warnings, failures and the result' }),
  confirmed: Flags.boolean({
    char: 'y',
    aliases: ['yes'],
    helpGroup: 'OUTPUT',
    description: 'answer every question with yes',
  }),
};

export const building = {
  'skip-push': Flags.boolean({ char: 'P', description: 'build and push nothing; the image is in the registry' }),
  'no-cache': Flags.boolean({ description: "build without the builder's cache" }),
  'skip-git-check': Flags.boolean({ description: 'for emergencies: go on whatever git.require in the file says' }),
};

/** For runs that swap: what they may do for it, and what becomes of one that fails half way. */
export const swapping = {
  prune: Flags.boolean({
    description: 'where the image may not fit, first remove the old containers and images of this service',
  }),
  'on-failure': Flags.string({
    options: ['revert', 'hold'],
    default: 'revert',
    helpValue: 'revert|hold',
    description:
      'when a machine fails: bring all back to what served before, or stop what failed and leave the rest to the next deploy',
  }),
};

/** For what runs the release command. */
export const releasing = {
  'approve-release': Flags.boolean({
    description: 'say yes to the release command, where release.approve asks for it',
  }),
};

/** The destination where a command has no other argument. Without `ignoreStdin` oclif would take it from a pipe. */
export const destinationArgument = {
  destination: Args.string({ ignoreStdin: true, description: 'destination, the same as -d' }),
};

/** For commands that build from the commit, and for one that builds what lies there. */
export const fromCommit = { 'no-cache': building['no-cache'], 'skip-git-check': building['skip-git-check'] };
export const noCache = { 'no-cache': building['no-cache'] };

/** Where `registry` commands act. */
export const registryPlaces = {
  'skip-local': Flags.boolean({ char: 'L', description: 'not on this machine' }),
  'skip-remote': Flags.boolean({ char: 'R', description: 'not on the machines' }),
};

/** One accessory of the file, or all of them. Its destination is said with -d. */
export const accessoryArguments = {
  name: Args.string({ ignoreStdin: true, required: true, description: 'an accessory of the file, or all' }),
};

/** How containers that hold data are made anew. */
export const replacing = {
  parallel: Flags.boolean({ description: 'all machines at once instead of one container after the other' }),
  rolling: Flags.boolean({
    exclusive: ['parallel'],
    description: "as Kamal's: one after the other, which is so anyway",
  }),
  discard: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
    helpValue: 'VOLUME',
    description: 'leave this volume without a name behind, and what is in it',
  }),
};
