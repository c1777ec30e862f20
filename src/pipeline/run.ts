import type { LoadRequest } from '../config/load-files.ts';
import type { Emit } from '../execute/events.ts';
import type { Outputs } from '../report/output.ts';

/** What every command hands over: parsed flags, and where to say what happens. */
export interface Run {
  readonly command: string;
  /** Every word of what was typed, with which it can be typed again. */
  readonly typed?: readonly string[];
  readonly configFile: string;
  /** Refuse to run commands that stand in the config file. */
  readonly noExec?: boolean;
  /** Who renders templates in the config file; absent: Longshore. */
  readonly erb?: 'ruby';
  readonly destination?: string;
  readonly version?: string;
  /** Globs of `--hosts` and `--roles`; empty means all. */
  readonly hosts: readonly string[];
  readonly roles: readonly string[];
  readonly primaryOnly: boolean;
  /** Machines that it goes on without; absent: none. */
  readonly without?: readonly string[];
  /** What becomes of a deploy that fails; absent: every machine is brought back. */
  readonly onFailure?: 'hold';
  /** Where an image may not fit, old containers and images are removed first. */
  readonly prune?: boolean;
  readonly skipPush: boolean;
  readonly skipHooks: boolean;
  readonly noCache: boolean;
  /** Go on whatever `git.require` says. */
  readonly skipGitCheck?: boolean;
  /** A yes to the release command, where the file asks for one. */
  readonly approveRelease?: boolean;
  /** Every question was answered with yes beforehand. */
  readonly confirmed?: true;
  readonly lockWait?: { readonly timeoutSeconds: number; readonly intervalSeconds: number };
  readonly acceptNewHostKeys: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emit: Emit;
  /** Lets something hear of everything that is emitted from now on, as lines. */
  readonly addOutput?: Outputs['add'];
  /** First Ctrl-C. */
  readonly signal: AbortSignal;
  /** Asks a person for a yes, as long as `until` says; absent when nobody is there, or everything was confirmed beforehand. */
  readonly confirm?: (question: string, until?: AbortSignal) => Promise<boolean>;
  /** Asks on the terminal for a passphrase, without echo; absent when nobody is there to answer. */
  readonly askSecret?: (question: string) => Promise<string>;
}

/** Which file a run is about, and how it is read. */
export function loadRequest(run: Run, cwd: string): LoadRequest {
  return {
    file: run.configFile,
    ...(run.destination === undefined ? {} : { destination: run.destination }),
    cwd,
    env: run.env,
    ...(run.noExec === undefined ? {} : { noExec: run.noExec }),
    ...(run.erb === undefined ? {} : { erb: run.erb }),
  };
}
