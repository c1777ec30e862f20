/** Where containers may write data on a machine: a path, or the name of a volume. */

export function isPath(source: string): boolean {
  return /^[/.~$]/.test(source);
}

/** Sockets and the system's own directories hold none; who mounts the whole machine looks at it, and keeps nothing there. */
export function holdsData(source: string): boolean {
  return !/^\/(?:(?:dev|proc|sys|run|var\/run)(?:\/|$)|$)|\.sock$|^\/etc\/(?:localtime|timezone)$/.test(source);
}

/** Whether both are one place, or one lies in the other. */
export function isOnePlace(one: string, other: string): boolean {
  if (one === other) return one !== '';
  return isPath(one) && isPath(other) && (one.startsWith(`${other}/`) || other.startsWith(`${one}/`));
}
