import { expect, test } from "vitest";
import { markdownHead, markdownOf } from "#core/export-markdown";
import type { ThreadItem } from "#protocol/item";
import type { ExportEntry } from "#protocol/thread-export-methods";

const timeOf = (atMs: number) => new Date(atMs).toISOString();
const place = { seq: 7, atMs: Date.UTC(2026, 0, 2), isReverted: false };

function said(text: string): ExportEntry {
  return { type: "item", ...place, turnId: "u", item: { type: "agentMessage", text } as unknown as ThreadItem };
}

/** The lines outside of fences, as CommonMark reads them: a fence ends with as many backticks as it began with, or more. */
function outside(markdown: string): string[] {
  const lines: string[] = [];
  let fence: string | null = null;
  for (const line of markdown.split("\n")) {
    const [, run] = /^ {0,3}(`{3,})/.exec(line) ?? [];
    if (fence === null && run) fence = run;
    else if (fence === null) lines.push(line);
    else if (run && run.length >= fence.length && line.trim() === run) fence = null;
  }
  expect(fence).toBeNull();
  return lines;
}

test("an entry says when it was and where it stands, and whether it was taken back", () => {
  expect(markdownOf(said("hi"), timeOf)).toBe("### agentMessage\n\n2026-01-02T00:00:00.000Z, 7\n\n```text\nhi\n```\n");
  expect(markdownOf({ ...said("hi"), isReverted: true }, timeOf)).toContain("7 (taken back later)");
});

test("no text closes its fence: what is said is never read as the document's own", () => {
  for (const text of ["```\n# forged\n```", "````\n# forged", "`".repeat(40), "~~~\n# forged", "x\n   ```   \n# forged", ""]) {
    expect(outside(markdownOf(said(text), timeOf))).toEqual(["### agentMessage", "", "2026-01-02T00:00:00.000Z, 7", "", ""]);
  }
});

test("names and reasons stay in their line and are no markup", () => {
  const head = markdownHead({ id: "t", name: "a\n# forged <b>[x](javascript:1)</b>", preview: "", cwd: "/w" });
  expect(head).toBe("# a \\# forged \\<b\\>\\[x\\](javascript:1)\\</b\\>\n\nThread t, workspace /w.\n");
  expect(markdownHead({ id: "t", name: null, preview: "", cwd: "/w" })).toContain("# A thread\n");
});
