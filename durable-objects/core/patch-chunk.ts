/** The chunks of one file's V4A diff: what a model shows of a file, and what shall stand there instead. */

export interface ChunkLine {
  sign: " " | "-" | "+";
  text: string;
}

export interface Chunk {
  /** The lines named after `@@`, outermost first; they say below what the chunk is to be looked for. */
  anchors: string[];
  lines: ChunkLine[];
  /** `*** End of File` stood below the lines. */
  isAtEnd: boolean;
  /** Whether the new text ends with a newline, where git's `\ No newline at end of file` says so; else the file decides. */
  endsWithNewline: boolean | null;
}

/** Reads the lines after an update's header. Example: `@@ class A\n@@ def f(self):\n     x = 1\n-    y = 2\n+    y = 3\n` */
export function readChunks(diff: string): { type: "chunks"; chunks: Chunk[] } | { type: "problem"; problem: string } {
  const chunks: Chunk[] = [];
  let open: Chunk | null = null;
  const begin = (): Chunk => {
    const chunk: Chunk = { anchors: [], lines: [], isAtEnd: false, endsWithNewline: null };
    chunks.push(chunk);
    return chunk;
  };
  for (const line of diffLines(diff)) {
    if (line.startsWith("@@")) {
      // Several `@@` lines in a row narrow the search down together.
      if (open === null || open.lines.length > 0 || open.anchors.length === 0) open = begin();
      const anchor = anchorOf(line);
      if (anchor !== "") open.anchors.push(anchor);
    } else if (line.trim() === "*** End of File") {
      open ??= begin();
      open.isAtEnd = true;
    } else if (line.startsWith("\\ No newline")) {
      const last = open?.lines.at(-1);
      // After a removed line it is the old text that had no newline: unless another follows for the new one, that has.
      if (open !== null && last !== undefined) open.endsWithNewline = last.sign === "-";
    } else if (line === "" || line.startsWith(" ") || line.startsWith("-") || line.startsWith("+")) {
      if (open?.isAtEnd) return { type: "problem", problem: `a line follows *** End of File: ${line}` };
      open ??= begin();
      // An empty line is an empty context line whose one space was lost on the way.
      open.lines.push(line === "" ? { sign: " ", text: "" } : { sign: line.charAt(0) as ChunkLine["sign"], text: line.slice(1) });
    } else {
      return {
        type: "problem",
        problem: `unexpected line in an update: ${line}\nEvery line begins with " " (context), "-" (removed), "+" (added) or "@@"`,
      };
    }
  }
  // A bare `@@` before the first anchor opens nothing of its own.
  const shown = chunks.filter((chunk) => chunk.lines.length > 0 || chunk.anchors.length > 0);
  const empty = shown.find((chunk) => chunk.lines.length === 0);
  if (empty !== undefined) return { type: "problem", problem: `no lines follow @@ ${empty.anchors.at(-1)}` };
  return { type: "chunks", chunks: shown };
}

/** The lines of the file that the chunk shows: context and what goes. */
export function oldLines(chunk: Chunk): string[] {
  return chunk.lines.filter((line) => line.sign !== "+").map((line) => line.text);
}

/** The part of `oldLines` from the first change to the last, as indices; behind them all when nothing changes. */
export function changedRange(chunk: Chunk): { start: number; end: number } {
  let index = 0;
  let start: number | null = null;
  let end = 0;
  for (const line of chunk.lines) {
    if (line.sign !== " ") start ??= index;
    if (line.sign !== "+") index += 1;
    if (line.sign !== " ") end = index;
  }
  return start === null ? { start: index, end: index } : { start, end };
}

function diffLines(diff: string): string[] {
  const lines = diff.split("\n");
  if (lines.at(-1) === "") lines.pop();
  // When every line ends so, the carriage return belongs to the way the patch came, not to the file.
  return lines.every((line) => line.endsWith("\r")) ? lines.map((line) => line.slice(0, -1)) : lines;
}

/** Models also write what they know from unified diffs: line numbers, which nobody may rely on, and a closing `@@`. */
function anchorOf(line: string): string {
  return line
    .slice(2)
    .replace(/^ -\d+(,\d+)? \+\d+(,\d+)? @@/, "")
    .replace(/ @@\s*$/, "")
    .replace(/^ /, "")
    .trimEnd();
}
