/**
 * Applies the patches that models write (V4A): operations of the built-in `apply_patch` tool, and the envelope
 * `*** Begin Patch … *** End Patch`. Nothing is thrown at a bad patch: every failure is a refusal for the model to read.
 */
import { type Chunk, readChunks } from "#core/patch-chunk";
import { placeChunks } from "#core/patch-place";
import { appliedText, splitText } from "#core/patch-text";

/** Example: `{"type":"update_file","path":"a.txt","diff":"@@ def f():\n-    return 1\n+    return 2\n"}` */
export type PatchOperation =
  | { type: "create_file"; path: string; diff: string }
  | { type: "update_file"; path: string; diff: string; move_to?: string }
  | { type: "delete_file"; path: string };

/** `content` null: the file goes. `movedTo`: the content belongs there, and `path` goes. */
export interface PatchResult {
  type: "applied";
  path: string;
  movedTo?: string;
  content: string | null;
}

/** `path` is null when the patch as a whole cannot be read. */
export interface PatchRefusal {
  type: "refused";
  reason: "malformed" | "notFound" | "alreadyExists" | "contextNotFound" | "ambiguous" | "overlapping";
  path: string | null;
  message: string;
}

/**
 * Reads the envelope form. A code fence or a shell here-document around it is ignored; a patch without its end is refused, because
 * it may be half of one.
 */
export function parsePatchText(text: string): PatchOperation[] | PatchRefusal {
  const raw = text.split("\n");
  const begin = raw.findIndex((line) => line.trim() === "*** Begin Patch");
  const end = raw.findLastIndex((line) => line.trim() === "*** End Patch");
  if (begin < 0) return malformed(null, "a patch begins with the line *** Begin Patch");
  if (end < begin) return malformed(null, "a patch ends with the line *** End Patch");
  const stray = [...raw.slice(0, begin), ...raw.slice(end + 1)].find((line) => !isWrapping(line));
  if (stray !== undefined) return malformed(null, `this line is outside of the patch: ${stray}`);
  // When the envelope itself came with CRLF, so did the lines in it; else a "\r" in a line is the file's.
  const isCrlf = raw[begin]?.endsWith("\r") === true;
  return readOperations(raw.slice(begin + 1, end).map((line) => (isCrlf && line.endsWith("\r") ? line.slice(0, -1) : line)));
}

/**
 * One operation on one file; `read` gives a file's text, or null when there is none. `create_file` on an existing file replaces it,
 * as in Codex: the patch states the whole content.
 */
export function applyOperation(operation: PatchOperation, read: (path: string) => string | null): PatchResult | PatchRefusal {
  const { path } = operation;
  switch (operation.type) {
    case "create_file": {
      const created = createdText(operation.diff);
      return created.type === "text" ? { type: "applied", path, content: created.text } : malformed(path, created.problem);
    }
    case "update_file":
      return update(operation, read);
    case "delete_file":
      if (read(path) === null) return refusal("notFound", path, `cannot delete ${path}: there is no such file`);
      return { type: "applied", path, content: null };
    default:
      return operation satisfies never;
  }
}

/**
 * Several operations, each on what those before it left. Gives the final text of every file they touched (null: gone), or the first
 * refusal, in which case nothing of the patch counts.
 */
export function applyOperations(
  operations: PatchOperation[],
  read: (path: string) => string | null,
): { type: "applied"; files: Map<string, string | null> } | PatchRefusal {
  const files = new Map<string, string | null>();
  for (const operation of operations) {
    const result = applyOperation(operation, (path) => files.get(path) ?? (files.has(path) ? null : read(path)));
    if (result.type === "refused") return result;
    files.set(result.path, result.movedTo === undefined ? result.content : null);
    if (result.movedTo !== undefined) files.set(result.movedTo, result.content);
  }
  return { type: "applied", files };
}

function update(
  operation: PatchOperation & { type: "update_file" },
  read: (path: string) => string | null,
): PatchResult | PatchRefusal {
  const { path, move_to: movedTo } = operation;
  const isMove = movedTo !== undefined && movedTo !== path;
  const text = read(path);
  if (text === null) return refusal("notFound", path, `cannot update ${path}: there is no such file`);
  // Unlike a created file, whose whole content the patch states, a moved one would replace what nobody looked at.
  if (isMove && read(movedTo) !== null) return refusal("alreadyExists", path, `cannot move ${path}: ${movedTo} already exists`);
  const chunks = readChunks(operation.diff);
  if (chunks.type === "problem") return malformed(path, chunks.problem);
  if (chunks.chunks.length === 0 && !isMove) return malformed(path, "the update has no lines");
  const content = updatedText(path, text, chunks.chunks);
  if (typeof content !== "string") return content;
  return isMove ? { type: "applied", path, movedTo, content } : { type: "applied", path, content };
}

function updatedText(path: string, text: string, chunks: Chunk[]): string | PatchRefusal {
  const lines = splitText(text);
  const placed = placeChunks(
    chunks,
    lines.map((line) => line.text),
  );
  return placed.type === "placed"
    ? appliedText(lines, placed.chunks)
    : refusal(placed.reason, path, `${path}: ${placed.message}`);
}

/** Every line ends with a newline, as in Codex, unless git's marker says otherwise. */
function createdText(diff: string): { type: "text"; text: string } | { type: "problem"; problem: string } {
  const lines = diff.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const hasFinalNewline = lines.at(-1)?.startsWith("\\ No newline") !== true;
  if (!hasFinalNewline) lines.pop();
  const wrong = lines.find((line) => !line.startsWith("+"));
  if (wrong !== undefined)
    return { type: "problem", problem: `every line of a new file begins with "+", but there is: ${wrong}` };
  const text = lines.map((line) => `${line.slice(1)}\n`).join("");
  return { type: "text", text: hasFinalNewline ? text : text.slice(0, -1) };
}

function readOperations(lines: string[]): PatchOperation[] | PatchRefusal {
  const operations: PatchOperation[] = [];
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? "";
    index += 1;
    // Blank lines between two files do no harm; anything else would be lost without a word.
    if (line.trim() === "") continue;
    const header = /^\*\*\* (Add|Update|Delete) File: (.*\S)\s*$/.exec(line);
    const [, verb, path] = header ?? [];
    if (verb === undefined || path === undefined) {
      return malformed(null, `expected *** Add File:, *** Update File: or *** Delete File:, but there is: ${line}`);
    }
    const move = verb === "Update" ? /^\*\*\* Move to: (.*\S)\s*$/.exec(lines[index] ?? "")?.[1] : undefined;
    if (move !== undefined) index += 1;
    const start = index;
    while (index < lines.length && !/^\*\*\* (Add|Update|Delete) File: /.test(lines[index] ?? "")) index += 1;
    const body = lines.slice(start, index);
    // A blank line before the next header belongs to nothing when a file is created or deleted; in an update it may be context.
    while (verb !== "Update" && body.at(-1)?.trim() === "") body.pop();
    const diff = body.map((bodyLine) => `${bodyLine}\n`).join("");
    if (verb === "Add") operations.push({ type: "create_file", path, diff });
    else if (verb === "Update")
      operations.push({ type: "update_file", path, diff, ...(move === undefined ? {} : { move_to: move }) });
    else if (diff === "") operations.push({ type: "delete_file", path });
    else return malformed(path, `nothing may follow *** Delete File: ${path}, but there is: ${body[0]}`);
  }
  return operations.length > 0 ? operations : malformed(null, "the patch names no file");
}

/** What models put around a patch: blank lines, a Markdown fence, `apply_patch <<'EOF'` and its end. */
function isWrapping(line: string): boolean {
  return /^\s*(```\w*|(apply_patch\s*)?<<-?\s*['"]?\w+['"]?|[A-Z]+)?\s*$/.test(line);
}

function malformed(path: string | null, message: string): PatchRefusal {
  return refusal("malformed", path, path === null ? message : `${path}: ${message}`);
}

function refusal(reason: PatchRefusal["reason"], path: string | null, message: string): PatchRefusal {
  return { type: "refused", reason, path, message };
}
