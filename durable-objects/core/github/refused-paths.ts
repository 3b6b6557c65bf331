/** Paths that Spindle does not commit to GitHub whoever approves, and those that an approval has to name. */

/** git's modes of both sides; null: not there. */
export interface ChangedPath {
  path: string;
  before: number | null;
  after: number | null;
}

export type PathProblem =
  | "notAPath"
  | "gitDirectory"
  | "gitmodules"
  | "workflow"
  | "symlink"
  | "submodule"
  | "mode"
  | "caseCollision"
  | "fileAndDirectory";

export interface PathRefusal {
  path: string;
  refused: PathProblem;
  answer: string;
}

const submodule = 0o160000;
const symlink = 0o120000;
const plain = 0o100644;
const executable = 0o100755;

/**
 * Every path that refuses the whole proposal, with its reason. `existing`: all files of the base commit. Empty: nothing is
 * refused.
 */
export function refusedPaths(changes: readonly ChangedPath[], existing: Iterable<string>): PathRefusal[] {
  const collision = collisions(changes, existing);
  return changes.flatMap((change) => {
    const problem = problemOf(change) ?? collision(change);
    return problem === null ? [] : [{ path: change.path, refused: problem, answer: answers[problem] }];
  });
}

/** Paths that tell agents what to do or people who reviews: to change one, an approval says `including=<path>`. */
export function needsNaming(path: string): boolean {
  const segments = path.split("/").map(foldedSegment);
  const name = segments.at(-1) ?? "";
  return (
    namedFiles.has(name) ||
    segments.slice(0, -1).some((segment) => agentFolders.has(segment)) ||
    /^\.github\/(?:copilot-instructions\.md$|actions\/|instructions\/)/.test(segments.join("/"))
  );
}

/** `missing`: to be named and not. `unknown`: named and not changed, so the approval meant another diff. */
export function namingProblems(
  changes: readonly { path: string }[],
  including: readonly string[],
): { missing: string[]; unknown: string[] } {
  const paths = changes.map(({ path }) => path);
  return {
    missing: paths.filter((path) => needsNaming(path) && !including.includes(path)),
    unknown: including.filter((path) => !paths.includes(path)),
  };
}

const namedFiles: ReadonlySet<string> = new Set(
  "codeowners agents.md agents.override.md claude.md claude.local.md gemini.md .mcp.json .cursorrules .windsurfrules".split(" "),
);
const agentFolders: ReadonlySet<string> = new Set(".claude .codex .cursor .gemini".split(" "));

function problemOf({ path, before, after }: ChangedPath): PathProblem | null {
  const segments = path.split("/");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what no path of a repository should hold.
  if (/[\u0000-\u001f\u007f\\]/.test(path) || !path.isWellFormed()) return "notAPath";
  if (segments.some((segment) => segment === "" || segment === "." || segment === "..")) return "notAPath";
  const folded = segments.map(foldedSegment);
  if (folded.some((segment) => segment === ".git" || /^git~\d+$/.test(segment))) return "gitDirectory";
  // A segment that only differs by what file systems drop (a dot or a stream at its end) is somebody's trick.
  if (folded.some((segment) => segment === "" || segment === "..")) return "notAPath";
  if (folded.some((segment) => segment === ".gitmodules" || /^gitmod~\d+$|^gi7eba~\d+$/.test(segment))) return "gitmodules";
  if (folded[0] === ".github" && folded[1] === "workflows") return "workflow";
  if (before === submodule || after === submodule) return "submodule";
  if (after === symlink) return "symlink";
  return after === null || after === plain || after === executable ? null : "mode";
}

/**
 * A segment as the file systems of macOS and Windows take it: letters' case, signs without width, dots and spaces at the end and
 * the name of a stream do not count. git's own rules (`core.protectHFS`, `core.protectNTFS`).
 */
function foldedSegment(segment: string): string {
  return folded(segment.replace(/:.*$/, "")).replace(/[. ]+$/, (end) => (/^\.+$/.test(segment) ? end : ""));
}

function folded(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toUpperCase()
    .toLowerCase();
}

/**
 * Of each path that is new: whether it, or a folder of it, is spelled otherwise elsewhere, or is a file here and a folder
 * there.
 */
function collisions(changes: readonly ChangedPath[], existing: Iterable<string>): (change: ChangedPath) => PathProblem | null {
  const gone = new Set(changes.filter(({ after }) => after === null).map(({ path }) => path));
  const files = new Set([...existing].filter((path) => !gone.has(path)));
  for (const { path, after } of changes) if (after !== null) files.add(path);
  const spellings = new Map<string, Set<string>>();
  const folders = new Set<string>();
  for (const file of files) {
    for (const prefix of prefixesOf(file)) {
      const key = folded(prefix);
      const known = spellings.get(key);
      if (known === undefined) spellings.set(key, new Set([prefix]));
      else known.add(prefix);
      if (prefix !== file) folders.add(prefix);
    }
  }
  return ({ path, before, after }) => {
    // What collides already is the repository's affair.
    if (before !== null || after === null) return null;
    const prefixes = prefixesOf(path);
    if (prefixes.some((prefix) => (spellings.get(folded(prefix))?.size ?? 0) > 1)) return "caseCollision";
    return folders.has(path) || prefixes.slice(0, -1).some((prefix) => files.has(prefix)) ? "fileAndDirectory" : null;
  };
}

/** `a/b/c` as `a`, `a/b`, `a/b/c`. */
function prefixesOf(path: string): string[] {
  const segments = path.split("/");
  return segments.map((_, index) => segments.slice(0, index + 1).join("/"));
}

const answers: Record<PathProblem, string> = {
  notAPath: "is not a path that every checkout reads alike",
  gitDirectory: "reaches into git's own folder",
  gitmodules: "is git's list of submodules",
  workflow: "is a workflow: Spindle has no right to change those, and asks for none",
  symlink: "is a symbolic link",
  submodule: "is a submodule",
  mode: "has a mode that git does not give to files",
  caseCollision: "differs from another path only in letters that some file systems take for the same",
  fileAndDirectory: "is a file and a folder at once",
};
