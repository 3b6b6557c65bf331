/** A shell is the page and everything it is made of, of one version, in a cache of its own: whole or not there at all. */

const prefix = "spindle-shell/";

export function shellName(version: string): string {
  return prefix + version;
}

export function isShell(name: string): boolean {
  return name.startsWith(prefix);
}

export interface Shell {
  name: string;
  /** Whether pages were ever served from it. Else its worker still waits, or was overtaken. */
  wasUsed: boolean;
}

/**
 * Which shells go, of all there are, oldest first: when this one begins to be used, or else when it is complete. One that is being
 * made beside it stays, and so does one whose worker may be asked to take over just now.
 */
export function shellsToForget(
  shells: readonly Shell[],
  own: string,
  { earlierMax, isUsedNow }: { earlierMax: number; isUsedNow: boolean },
): string[] {
  const earlier = shells.slice(
    0,
    shells.findIndex(({ name }) => name === own),
  );
  const names = (wasUsed: boolean) => earlier.filter((shell) => shell.wasUsed === wasUsed).map(({ name }) => name);
  const [used, unused] = [names(true), names(false)];
  if (!isUsedNow) return unused.slice(0, -1);
  return [...unused, ...used.slice(0, Math.max(0, used.length - earlierMax))];
}
