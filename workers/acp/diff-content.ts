/**
 * Changes of files as ACP shows them: texts of before and after. A file that comes or goes is shown whole, one that changes by its hunks,
 * each with its context: what the log has, so that a card looks the same today, and in a year when the file is another.
 */
import type { ToolCallContent, ToolCallLocation } from "@agentclientprotocol/sdk";
import type { FileUpdateChange } from "#protocol/item";

export function diffContent(changes: readonly FileUpdateChange[]): ToolCallContent[] {
  return changes.flatMap(({ path, kind, diff }): ToolCallContent[] => {
    switch (kind.type) {
      case "add":
        return [{ type: "diff", path, oldText: null, newText: diff }];
      case "delete":
        return [{ type: "diff", path, oldText: diff, newText: "" }];
      case "update":
        return hunksOf(diff).map(({ oldText, newText }) => ({ type: "diff", path: kind.move_path ?? path, oldText, newText }));
      default:
        return kind satisfies never;
    }
  });
}

/** Where the editor may follow along: the first changed place of each file. */
export function locationsOf(changes: readonly FileUpdateChange[]): ToolCallLocation[] {
  return changes.map(({ path, kind, diff }) => {
    if (kind.type !== "update") return { path };
    const [first] = hunksOf(diff);
    return { path: kind.move_path ?? path, ...(first ? { line: first.newLine } : {}) };
  });
}

interface Hunk {
  oldText: string;
  newText: string;
  /** From 1 on. */
  newLine: number;
}

/** Of `@@ -1,2 +1,3 @@`; what comes before the first is a head, and no text. */
function hunksOf(diff: string): Hunk[] {
  const hunks: Hunk[] = [];
  let last = "";
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const start = /^@@ -\d+(?:,\d+)? \+(\d+)/.exec(line);
    if (start) hunks.push({ oldText: "", newText: "", newLine: Math.max(1, Number(start[1])) });
    const hunk = hunks.at(-1);
    if (start || !hunk) continue;
    const [sign = ""] = line;
    // `\ No newline at end of file` is about the line before it.
    const text = `${line.slice(1)}\n`;
    if (sign === "\\") {
      if (last !== "+") hunk.oldText = hunk.oldText.slice(0, -1);
      if (last !== "-") hunk.newText = hunk.newText.slice(0, -1);
    } else {
      if (sign !== "+") hunk.oldText += text;
      if (sign !== "-") hunk.newText += text;
    }
    last = sign;
  }
  return hunks;
}
