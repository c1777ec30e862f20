import type { Connection } from './connection.ts';
import { openShell, type Shell } from './shell.ts';

/** Shells for what may take long, so that locks and files never wait for it. */
export interface ShellPool {
  /** One that does nothing right now; all being busy, the one that waits least. */
  idle(): Shell;
}

const mostShells = 3;

/** The first shell is opened ahead, the others when they are needed. */
export function shellPool(connection: Connection): ShellPool {
  const shells = [openShell(connection)];
  let next = 0;
  return {
    idle() {
      const free = shells.find((shell) => shell.isIdle);
      if (free !== undefined) return free;
      const chosen = shells.length < mostShells ? openShell(connection) : shells[next++ % mostShells];
      if (chosen === undefined) throw new Error('a pool without shells');
      if (!shells.includes(chosen)) shells.push(chosen);
      return chosen;
    },
  };
}
