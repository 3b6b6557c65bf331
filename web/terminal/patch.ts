/** Reads a git patch as far as a terminal needs it: which blob each path had before, and which mode it gets. */

export interface PatchedFile {
  /** Git's blob id of what was there; null for a new file. */
  before: string | null;
  /** Whether it may be executed from now on; null when that stays as it is. */
  isExecutable: boolean | null;
}

/** By path, relative to the workspace. */
export function filesOfPatch(patch: string): Map<string, PatchedFile> {
  const files = new Map<string, PatchedFile>();
  let path: string | null = null;
  let isHeader = false;
  for (const line of patch.split("\n")) {
    if (line.startsWith("diff --git ")) {
      path = pathOf(line.slice("diff --git ".length));
      isHeader = true;
      if (path !== null && !files.has(path)) files.set(path, { before: null, isExecutable: null });
      continue;
    }
    if (line.startsWith("@@") || line.startsWith("GIT binary patch")) isHeader = false;
    const file = path === null ? undefined : files.get(path);
    if (!isHeader || !file) continue;
    const before = /^index ([0-9a-f]+)\.\./.exec(line)?.[1];
    if (before && !/^0+$/.test(before)) file.before = before;
    const mode = /^new (?:file )?mode (\d{6})$/.exec(line)?.[1];
    if (mode) file.isExecutable = mode === "100755";
  }
  return files;
}

/** Both sides of the header name the same file, as Spindle's patches know no renames: `a/x y b/x y` or `"a/\303\244" "b/\303\244"`. */
function pathOf(sides: string): string | null {
  if (sides.startsWith('"')) {
    const quoted = /^"a\/((?:[^"\\]|\\.)*)" "b\/\1"$/s.exec(sides)?.[1];
    return quoted === undefined ? null : unquote(quoted);
  }
  const half = (sides.length - 1) / 2;
  const [one, other] = [sides.slice(0, half), sides.slice(half + 1)];
  return one.startsWith("a/") && other === `b/${one.slice(2)}` ? one.slice(2) : null;
}

const escapes: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** git quotes in the manner of C, byte by byte. */
function unquote(quoted: string): string {
  const bytes: number[] = [];
  for (const [token] of quoted.matchAll(/\\[0-7]{3}|\\.|[^\\]+/gs)) {
    if (!token.startsWith("\\")) bytes.push(...new TextEncoder().encode(token));
    else bytes.push(/^\\[0-7]{3}$/.test(token) ? Number.parseInt(token.slice(1), 8) : (escapes[token.slice(1)] ?? 63));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
