/** `.gitignore`, as gitignore(5) says it. Paths are relative to the folder of the file, `/` between segments. */

export interface IgnoreRule {
  /** Tested against a path below the rule's folder. */
  pattern: RegExp;
  isNegated: boolean;
  onlyDirectories: boolean;
}

/** The rules of one folder; `base` is that folder relative to the root of everything, "" for the root. */
export interface IgnoreFile {
  base: string;
  rules: IgnoreRule[];
}

export function parseIgnoreFile(text: string, base: string): IgnoreFile {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  return { base, rules: lines.flatMap((line) => parseRule(line.replace(/\r$/, "")) ?? []) };
}

/**
 * Whether git leaves `path` out, given the files of all folders above it, outermost first. What lies in an ignored directory is
 * ignored whatever the rules say of it: do not ask for it.
 */
export function isIgnored(files: readonly IgnoreFile[], path: string, isDirectory: boolean): boolean {
  // The last rule that fits decides, and an inner file comes after an outer one.
  for (const { base, rules } of files.toReversed()) {
    const relative = bytesOf(base === "" ? path : path.slice(base.length + 1));
    const rule = rules.findLast(({ pattern, onlyDirectories }) => (isDirectory || !onlyDirectories) && pattern.test(relative));
    if (rule) return !rule.isNegated;
  }
  return false;
}

function parseRule(line: string): IgnoreRule | null {
  let text = withoutTrailingSpaces(line);
  if (text === "" || text.startsWith("#")) return null;
  const isNegated = text.startsWith("!");
  if (isNegated) text = text.slice(1);
  const onlyDirectories = text.endsWith("/");
  if (onlyDirectories) text = text.slice(0, -1);
  // A slash at the beginning or in the middle ties the pattern to its folder.
  const isAnchored = text.includes("/");
  if (text.startsWith("/")) text = text.slice(1);
  if (text === "") return null;
  const source = sourceOf(bytesOf(text));
  if (source === null) return null;
  return { pattern: new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${source}$`, "su"), isNegated, onlyDirectories };
}

/** Trailing spaces do not count, unless a backslash stands before them. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === " " && !isEscaped(line, end - 1)) end -= 1;
  return line.slice(0, end);
}

function isEscaped(line: string, index: number): boolean {
  let backslashes = 0;
  while (line[index - 1 - backslashes] === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}

/** git compares bytes: `?` stands for one of them. So every character here is one byte of UTF-8. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The pattern as a regular expression; null for one that git takes for broken and that matches nothing. */
function sourceOf(text: string): string | null {
  // git compares what stands before the first wildcard by itself and then begins anew, so that `a**/b` counts as if `**` stood alone.
  const prefixLength = text.includes("/") ? text.search(/[*?[\\]/) : 0;
  let source = "";
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const stars = /^\*{2,}(?=\/|$)/.exec(rest)?.[0];
    const isAtSegment = at === 0 || text[at - 1] === "/" || at === prefixLength;
    if (isAtSegment && stars) {
      // Any number of directories, also none; at the end, everything inside.
      source += stars.length === rest.length ? ".*" : "(?:.*/)?";
      at += stars.length + 1;
    } else if (character === "*") {
      // A run of stars that is no segment of its own is like one star.
      source += "[^/]*";
      at += /^\*+/.exec(rest)?.[0].length ?? 1;
    } else if (character === "?") {
      source += "[^/]";
      at += 1;
    } else if (character === "[") {
      const characterClass = classAt(text, at);
      if (characterClass === null) return null;
      source += characterClass.source;
      at = characterClass.end;
    } else if (character === "\\") {
      const next = text.codePointAt(at + 1);
      // A backslash at the very end escapes nothing: git calls the pattern invalid.
      if (next === undefined) return null;
      source += literal(String.fromCodePoint(next));
      at += 1 + String.fromCodePoint(next).length;
    } else {
      source += literal(character);
      at += character.length;
    }
  }
  return source;
}

const namedClasses: Record<string, string> = {
  alnum: "a-zA-Z0-9",
  alpha: "a-zA-Z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
  space: "\\x09-\\x0d ",
  upper: "A-Z",
  xdigit: "0-9a-fA-F",
};

/** `[abc]`, `[!a-z]`, `[[:digit:]x]`; a `]` right after the opening belongs to the class. No class ever matches a slash. */
function classAt(text: string, start: number): { source: string; end: number } | null {
  let at = start + 1;
  const isNegated = text[at] === "!" || text[at] === "^";
  if (isNegated) at += 1;
  const first = at;
  let members = "";
  const readOne = (): string | null => {
    if (text[at] === "\\") at += 1;
    const code = text.codePointAt(at);
    if (code === undefined) return null;
    const character = String.fromCodePoint(code);
    at += character.length;
    return character;
  };
  while (at < text.length) {
    if (text[at] === "]" && at > first) {
      const body = members === "" ? "(?!)" : `[${members}]`;
      return { source: isNegated ? `(?!${body}|/)(?:.)` : `(?!/)${body}`, end: at + 1 };
    }
    const named = /^\[:([a-z]*):\]/.exec(text.slice(at));
    if (named) {
      const inside = namedClasses[named[1] ?? ""];
      if (inside === undefined) return null;
      members += inside;
      at += named[0].length;
      continue;
    }
    const from = readOne();
    if (from === null) return null;
    if (text[at] === "-" && at + 1 < text.length && text[at + 1] !== "]") {
      at += 1;
      const to = readOne();
      if (to === null) return null;
      // A range that runs backwards holds nothing.
      if (from <= to) members += `${member(from)}-${member(to)}`;
    } else {
      members += member(from);
    }
  }
  return null;
}

/** For use outside of a class, where `u` forbids to escape a dash. */
function literal(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

/** For use inside of a class. */
function member(character: string): string {
  return character === "-" ? "\\-" : literal(character);
}
