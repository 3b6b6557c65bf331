/** What the talk makes of texts that others wrote: addresses, terminals, amounts, and what a way back undoes. */
import { expect, test } from "vitest";
import type { ItemOf } from "#protocol/item";
import type { Turn } from "#protocol/turn";
import { amountText, durationText } from "../../web/app/talk/amounts.ts";
import { safeLink, withoutReferences } from "../../web/app/talk/plain-text.ts";
import { rowsOf } from "../../web/app/talk/rows.ts";
import { foldedOutput, terminalText } from "../../web/app/talk/terminal-text.ts";
import { undoneBy } from "../../web/app/talk/undone.ts";

test("a link leads to http(s) or mail, and says where when its words say otherwise", () => {
  for (const href of [
    "javascript:alert(1)",
    "JAVASCRIPT:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "/relative",
    "#a",
  ]) {
    expect(safeLink(href, "words"), href).toBeNull();
  }
  expect(safeLink("https://example.org/a", "the docs")).toEqual({ href: "https://example.org/a", host: null });
  expect(safeLink("https://example.org/a", "example.org/a")).toMatchObject({ host: null });
  expect(safeLink("https://www.example.org/", "example.org")).toMatchObject({ host: null });
  expect(safeLink("https://evil.example/", "github.com")).toMatchObject({ host: "evil.example" });
  expect(safeLink("https://github.com@evil.example/", "the docs")).toMatchObject({ host: "evil.example" });
  expect(safeLink("https://gıthub.com/", "gıthub.com")?.host).toMatch(/^xn--/);
  expect(safeLink("mailto:a@evil.example", "a@example.org")).toMatchObject({ host: "a@evil.example" });
});

test("references of HTML are resolved once, and no further", () => {
  expect(withoutReferences("a &amp; &lt;b&gt; &#65;&#x42; &unknown; &amp;lt;")).toBe("a & <b> AB &unknown; &lt;");
  expect(withoutReferences("&#0; &#xD800; &#9999999;")).toBe("\ufffd \ufffd \ufffd");
});

test("a terminal's signs are taken out, and a line that was written over is its last state", () => {
  expect(terminalText("\u001b[1;31mred\u001b[0m \u001b]8;;https://x\u0007link\u001b]8;;\u0007\r\n")).toBe("red link\n");
  expect(terminalText("10%\r50%\r100%\nnext\r")).toBe("100%\nnext");
  expect(terminalText("a\tb\n\u0000\u0007c")).toBe("a\tb\nc");
});

test("long output is its beginning and its end", () => {
  const text = Array.from({ length: 30 }, (_, index) => `${index + 1}`).join("\n");
  const bounds = { before: 2, behind: 3, unfoldedMax: 10 };
  expect(foldedOutput(text, bounds)).toEqual({ before: "1\n2", hiddenLines: 25, behind: "28\n29\n30" });
  expect(foldedOutput("one\ntwo", bounds)).toEqual({ before: "one\ntwo", hiddenLines: 0, behind: "" });
});

test("amounts are as people say them", () => {
  expect([999, 1_000, 1_234, 12_345, 999_499, 999_500].map(amountText)).toEqual(["999", "1k", "1.2k", "12k", "999k", "1M"]);
  expect([400, 7_000, 60_000, 80_000, 7_500_000].map(durationText)).toEqual(["0 s", "7 s", "1 min", "1 min 20 s", "2 h 5 min"]);
});

test("a way back names what landed since, each file once, and whether something runs", () => {
  const turns = [
    turn("t1", [change("a.txt", "completed")]),
    turn("t2", [change("b.txt", "completed"), change("c.txt", "declined")]),
    turn("t3", [change("b.txt", "completed")], "inProgress"),
  ];
  expect(undoneBy(turns, "t2")).toEqual({ turns: 2, paths: ["b.txt"], runs: true });
  expect(undoneBy(turns, "gone")).toEqual({ turns: 0, paths: [], runs: false });
});

test("rows of what did not change are the same rows", () => {
  const first = turn("t1", [change("a.txt", "completed")]);
  const second = turn("t2", [change("b.txt", "inProgress"), change("c.txt", "inProgress")]);
  const before = rowsOf([first, second], {}, false);
  const changed = { ...second, items: [second.items[0], change("c.txt", "completed")] } as Turn;
  const after = rowsOf([first, changed], {}, true);
  expect(before.map(({ key }) => key)).toEqual(["t1/a.txt", "t1/end", "t2/b.txt", "t2/c.txt", "t2/end"]);
  expect(after.map((row, index) => row === before[index])).toEqual([true, true, true, false, false, false]);
});

function change(path: string, status: "completed" | "declined" | "inProgress"): ItemOf<"fileChange"> {
  const changes = [{ path, kind: { type: "add" as const }, diff: "" }];
  return { type: "fileChange", id: path, changes, status, startedAtMs: null, completedAtMs: null };
}

function turn(id: string, items: Turn["items"], status: Turn["status"] = "completed"): Turn {
  return { id, rootTurnId: id, items, itemsView: "full", status, error: null, startedAt: 1, completedAt: null, durationMs: null };
}
