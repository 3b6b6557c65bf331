/** A text as lines with their terminators, and the text that placed chunks make of it. */
import type { Chunk } from "#core/patch-chunk";

export interface TextLine {
  text: string;
  end: "\n" | "\r\n" | "";
}

/** Only the last line may lack its terminator; an empty text has no lines. */
export function splitText(text: string): TextLine[] {
  const lines = text.split("\n").map((line): TextLine => {
    return line.endsWith("\r") ? { text: line.slice(0, -1), end: "\r\n" } : { text: line, end: "\n" };
  });
  const last = lines.pop();
  if (last === undefined || (last.text === "" && last.end === "\n")) return lines;
  // What has no "\n" behind it keeps its "\r" as a character.
  lines.push({ text: last.end === "\r\n" ? `${last.text}\r` : last.text, end: "" });
  return lines;
}

/**
 * The text after all changes. Unchanged lines stay byte for byte; added ones end as the lines around them; whether the text ends
 * with a newline stays as it was, unless a chunk at the end says otherwise.
 */
export function appliedText(lines: TextLine[], placed: { chunk: Chunk; position: number }[]): string {
  const added = new Map<number, string[]>();
  const removed = new Set<number>();
  let endsWithNewline = lines.at(-1)?.end !== "";
  for (const { chunk, position } of placed) {
    let index = position;
    for (const line of chunk.lines) {
      if (line.sign === "+") added.set(index, [...(added.get(index) ?? []), line.text]);
      if (line.sign === "-") removed.add(index);
      if (line.sign !== "+") index += 1;
    }
    if (index === lines.length && chunk.endsWithNewline !== null) endsWithNewline = chunk.endsWithNewline;
  }
  const result: TextLine[] = [];
  for (let index = 0; index <= lines.length; index += 1) {
    // A line that replaces another ends like it; files with mixed endings stay as mixed as they were.
    const end = (removed.has(index - 1) && lines[index - 1]?.end) || endAround(lines, index);
    for (const text of added.get(index) ?? []) {
      result.push({ text: end === "\r\n" && text.endsWith("\r") ? text.slice(0, -1) : text, end });
    }
    const line = lines[index];
    if (line !== undefined && !removed.has(index)) result.push(line);
  }
  return result
    .map((line, index) => {
      const isLast = index === result.length - 1;
      if (isLast && !endsWithNewline) return line.text;
      return line.text + (line.end || endAround(lines, lines.length));
    })
    .join("");
}

/** How a line added at `index` ends: like the one it stands before, else like the one above. */
function endAround(lines: TextLine[], index: number): "\n" | "\r\n" {
  return lines[index]?.end || lines[index - 1]?.end || lines[index - 2]?.end || "\n";
}
