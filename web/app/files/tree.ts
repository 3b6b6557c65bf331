/** The tree as it is drawn: rows of what is known of the workspace, and where the keys lead from one to another. */

export interface Entry {
  name: string;
  isFolder: boolean;
}

/** By a folder's path, relative to the workspace, `""` for itself. A folder that was never opened is not in it. */
export type Folders = ReadonlyMap<string, readonly Entry[]>;

export interface Row {
  path: string;
  name: string;
  isFolder: boolean;
  isOpen: boolean;
  /** 1 for what lies in the workspace itself, as ARIA counts. */
  level: number;
  /** Its place among its siblings, from 1, and how many they are. */
  position: number;
  siblings: number;
}

/** Folders first, then names as people sort them: `a2` before `a10`. */
export function sorted(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((one, other) =>
    one.isFolder === other.isFolder ? collator.compare(one.name, other.name) : one.isFolder ? -1 : 1,
  );
}

const collator = new Intl.Collator("en", { numeric: true });

/** `open`: paths of the folders that are unfolded. */
export function rowsOf(folders: Folders, open: ReadonlySet<string>, folder = "", level = 1): Row[] {
  const entries = folders.get(folder) ?? [];
  return entries.flatMap(({ name, isFolder }, index) => {
    const path = join(folder, name);
    const isOpen = isFolder && open.has(path);
    const row: Row = { path, name, isFolder, isOpen, level, position: index + 1, siblings: entries.length };
    return isOpen ? [row, ...rowsOf(folders, open, path, level + 1)] : [row];
  });
}

export type Step = { type: "focus"; path: string } | { type: "open"; path: string } | { type: "close"; path: string };

/** What a key does at a row, as the ARIA pattern of a tree has it; null where it does nothing. */
export function stepOf(key: string, rows: readonly Row[], path: string): Step | null {
  const at = rows.findIndex((row) => row.path === path);
  const row = rows[at];
  if (!row) return null;
  const focus = (target: Row | undefined): Step | null => (target ? { type: "focus", path: target.path } : null);
  switch (key) {
    case "ArrowDown":
      return focus(rows[at + 1]);
    case "ArrowUp":
      return focus(rows[at - 1]);
    case "Home":
      return focus(rows[0]);
    case "End":
      return focus(rows.at(-1));
    case "ArrowRight":
      if (!row.isFolder) return null;
      if (!row.isOpen) return { type: "open", path };
      return rows[at + 1]?.level === row.level + 1 ? focus(rows[at + 1]) : null;
    case "ArrowLeft":
      if (row.isOpen) return { type: "close", path };
      return focus(rows.find((other) => other.path === parentOf(path)));
    default:
      return key.length === 1 && key.trim() !== "" ? focus(nextNamed(rows, at, key.toLowerCase())) : null;
  }
}

/** A letter leads to the next row that begins with it, round the end. */
function nextNamed(rows: readonly Row[], at: number, letter: string): Row | undefined {
  return [...rows.slice(at + 1), ...rows.slice(0, at)].find(({ name }) => name.toLowerCase().startsWith(letter));
}

export function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

export function parentOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** The path, and every folder above it up to the workspace itself. */
export function withAncestors(path: string): string[] {
  return path === "" ? [""] : [path, ...withAncestors(parentOf(path))];
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Why this cannot be the path of a new file or folder; null when it can. */
export function problemOfPath(path: string): string | null {
  const segments = path.split("/");
  if (path === "") return "Give it a name.";
  if (segments.some((segment) => segment === "" || segment === "." || segment === ".."))
    return "A path has names with / between them, and neither . nor .. among them.";
  if (segments.some((segment) => segment.toLowerCase() === ".git")) return "What is in .git belongs to git.";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) return "A name has no control characters.";
  if (new TextEncoder().encode(path).length > 1_000) return "This path is too long.";
  return null;
}
