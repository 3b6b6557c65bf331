/** The name of a file in a git patch, as it stands behind `diff --git `. */

/** Both sides of the header name the same file, as Spindle's patches know no renames: `a/x y b/x y` or `"a/\303\244" "b/\303\244"`. */
export function patchPath(sides: string): string | null {
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
