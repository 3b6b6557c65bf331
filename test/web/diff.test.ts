/** What a diff shows, before it is drawn: files and numbers, words, folded lines, what cannot be seen. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { filePatch, textHunks } from "#core/diff";
import { numberedPieces, type ProposedFile } from "#core/hunks";
import type { Turn } from "#protocol/turn";
import { type FileChange, turnPatch } from "../../web/app/diff/change-patch.ts";
import { fileNotes } from "../../web/app/diff/file-notes.ts";
import { fileTree, type TreeNode } from "../../web/app/diff/file-tree.ts";
import { gapCount, gapLines, gapsOf, isBlob, knownText } from "../../web/app/diff/folded-context.ts";
import { type DiffLine, patchFiles, pieceNumbers } from "../../web/app/diff/patch-files.ts";
import { visibleText } from "../../web/app/diff/visible-text.ts";
import { sideBySide, wordMarks } from "../../web/app/diff/word-marks.ts";

const plain = 0o100644;
const far = Array.from({ length: 30 }, (_, line) => `${line + 1}\n`);
const edited = (lines: number[]) => far.map((line, index) => (lines.includes(index + 1) ? `new ${line}` : line)).join("");
const one = "1".repeat(40);
const two = "2".repeat(40);

const proposed: ProposedFile[] = [
  { path: "a.txt", before: { mode: plain, text: edited([]) }, after: { mode: plain, text: edited([2, 14, 30]) } },
  { path: "dir/new.txt", before: null, after: { mode: plain, text: "one\ntwo" } },
  { path: "dir/sub/run.sh", before: { mode: plain, text: edited([]) }, after: { mode: 0o100755, text: edited([1, 20]) } },
  { path: "picture.png", before: { mode: plain, text: null }, after: { mode: plain, text: null } },
  { path: "z.txt", before: { mode: plain, text: "-- x\n" }, after: null },
];

const patch = proposed
  .map(({ path: name, before, after }) => {
    const isBinary = before?.text === null;
    const side = (of: ProposedFile["before"], hash: string) => (of ? { mode: of.mode, hash } : null);
    return filePatch(
      name,
      side(before, one),
      side(after, two),
      isBinary
        ? { type: "binary", patch: "GIT binary patch\nliteral 12\nTcmZ\n\nliteral 3\nKcmZ\n\n" }
        : { type: "text", hunks: textHunks(before?.text ?? "", after?.text ?? "") },
    );
  })
  .join("");

test("a patch is read as files with their counts and notes, and a removed line that looks like a header is a line", () => {
  const files = patchFiles(patch);
  expect(files.map((file) => [file.path, file.added, file.removed, fileNotes(file)])).toEqual([
    ["a.txt", 3, 3, []],
    ["dir/new.txt", 2, 0, ["new file"]],
    ["dir/sub/run.sh", 2, 2, ["becomes executable"]],
    ["picture.png", 0, 0, ["binary, 3 B before, 12 B after"]],
    ["z.txt", 0, 1, ["deleted"]],
  ]);
  expect(files.at(-1)?.hunks[0]?.lines).toEqual([{ sign: "-", text: "-- x", oldLine: 1, newLine: null, endsBare: false }]);
  expect(files[1]?.hunks[0]?.lines.at(-1)).toEqual({ sign: "+", text: "two", oldLine: null, newLine: 2, endsBare: true });
});

test("what may be chosen has the numbers that the server gives it", () => {
  const files = patchFiles(patch);
  const pieces = numberedPieces(proposed);
  expect(pieceNumbers(files)).toEqual(pieces.map(({ number }) => number));
  for (const { number, path: name, kind } of pieces) {
    const file = files.find((each) => each.path === name);
    const isThere = kind === "lines" ? file?.hunks.some((hunk) => hunk.number === number) : file?.number === number;
    expect([name, number, isThere]).toEqual([name, number, true]);
  }
});

test("a file that becomes a link is one file and one piece; what goes and comes with the same content was moved", () => {
  const link = { mode: 0o120000, hash: two };
  const replaced = patchFiles(
    filePatch("x", { mode: plain, hash: one }, null, { type: "text", hunks: textHunks("text\n", "") }) +
      filePatch("x", null, link, { type: "text", hunks: textHunks("", "target") }),
  );
  expect(replaced.map((file) => [file.kind, file.number, file.hunks.length, fileNotes(file)])).toEqual([
    ["replaced", 1, 2, ["becomes a symbolic link"]],
  ]);
  const [aimed] = patchFiles(filePatch("x", { ...link, hash: one }, link, { type: "text", hunks: textHunks("one", "two") }));
  expect(aimed && fileNotes(aimed)).toEqual(["symbolic link"]);
  const moved = patchFiles(
    filePatch("new", null, { mode: plain, hash: one }, { type: "text", hunks: textHunks("", "a\n") }) +
      filePatch("old", { mode: plain, hash: one }, null, { type: "text", hunks: textHunks("a\n", "") }),
  );
  expect(moved.map(fileNotes)).toEqual([["moved from old"], ["moved to new"]]);
});

test("the folders of a diff stand in a tree, and one that holds only another is one with it", () => {
  const names = (nodes: TreeNode[]): unknown[] =>
    nodes.map((node) => (node.type === "file" ? node.name : [node.name, ...names(node.nodes)]));
  const files = ["a/b/one.ts", "a/b/two.ts", "a/b/c/d/three.ts", "top.md"].map((name) => ({ ...empty, path: name }));
  expect(names(fileTree(files))).toEqual([["a/b", "one.ts", "two.ts", ["c/d", "three.ts"]], "top.md"]);
});

test("only the words that differ are marked, and lines with nothing in common not at all", () => {
  const [before, after] = [line("-", "const answer = 41;"), line("+", "const answer = 42;")];
  const marks = wordMarks([before, after]);
  expect(marks.get(before)?.filter(({ isMarked }) => isMarked)).toEqual([{ text: "41", isMarked: true }]);
  expect(marks.get(after)?.filter(({ isMarked }) => isMarked)).toEqual([{ text: "42", isMarked: true }]);
  expect(
    marks
      .get(after)
      ?.map(({ text }) => text)
      .join(""),
  ).toBe(after.text);
  expect(wordMarks([line("-", "alpha beta gamma"), line("+", "import x from 'y';")]).size).toBe(0);
});

test("long lines are not compared: a bundle must not hold the page up", () => {
  const bundle = (letter: string) => `${letter} `.repeat(2_500_000);
  const startedAtMs = performance.now();
  expect(wordMarks([line("-", bundle("a")), line("+", bundle("b"))]).size).toBe(0);
  expect(performance.now() - startedAtMs).toBeLessThan(500);
});

test("side by side, what goes stands beside what comes in its place", () => {
  const lines = [line(" ", "same"), line("-", "1"), line("-", "2"), line("+", "one"), line(" ", "end"), line("+", "more")];
  expect(sideBySide(lines).map(({ left, right }) => [left?.text ?? null, right?.text ?? null])).toEqual([
    ["same", "same"],
    ["1", "one"],
    ["2", null],
    ["end", "end"],
    [null, "more"],
  ]);
});

test("the lines that a patch leaves out are those of the file, whichever side of it is known", () => {
  const [file] = patchFiles(patch);
  if (!file) throw new Error("no file");
  const gaps = gapsOf(file);
  const shown = (side: "old" | "new") => {
    const known = knownText(side, side === "old" ? edited([]) : edited([2, 14, 30]));
    return gaps.map((gap, index) => [
      gapCount(gap, known),
      gapLines(gap, known, 3, index === gaps.length - 1).map(({ oldLine, text }) => `${oldLine}: ${text}`),
    ]);
  };
  // Between lines 5 and 11 nothing is changed, and the file ends with its last hunk.
  expect(shown("old")).toEqual([
    [0, []],
    [5, ["8: 8", "9: 9", "10: 10"]],
    [9, ["24: 24", "25: 25", "26: 26"]],
    [0, []],
  ]);
  expect(shown("new")).toEqual(shown("old"));
});

test("a text is taken for the file's only under git's id", async () => {
  const content = new TextEncoder().encode("alpha\n");
  const id = execFileSync("git", ["hash-object", "--stdin"], { input: "alpha\n" }).toString().trim();
  expect([await isBlob(content, id), await isBlob(content, one)]).toEqual([true, false]);
});

test("what cannot be seen is shown, and what can stays as it is", () => {
  const hidden = (text: string, showsSpaces = false) =>
    visibleText(text, { showsSpaces }).flatMap((piece) => (piece.hidden ? [`${piece.text} ${piece.hidden}`] : []));
  expect(hidden("if (a\u202e) \u200bb\u00a0")).toEqual([
    "U+202E right-to-left override",
    "U+200B zero-width space",
    "U+00A0 no-break space",
  ]);
  expect(hidden("a\u3164 = 1")).toEqual(["U+3164 invisible character"]);
  expect(hidden("end\r")).toEqual(["␍ carriage return"]);
  expect(hidden("tag \u{e0041}")).toEqual(["U+E0041 invisible character"]);
  expect(hidden("für 日本語 עברית ❤️ a\tb  ")).toEqual([]);
  expect(hidden("a\tb  ", true)).toEqual(["→\t tab", "·· spaces at the end"]);
  expect(
    visibleText("x\u202ey")
      .map(({ text }) => text)
      .join(""),
  ).not.toContain("\u202e");
});

test("git applies the patch of a turn that changed one file twice, and leaves out what was declined", () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "turn-patch-"));
  try {
    const git = (...words: string[]) => execFileSync("git", ["-C", root, ...words], { stdio: "pipe" }).toString();
    git("init", "-q");
    fs.writeFileSync(path.join(root, "a.txt"), edited([]));
    const steps: [string, string, FileChange["status"]][] = [
      [edited([]), edited([3]), "completed"],
      [edited([3]), edited([3, 9]), "declined"],
      [edited([3]), edited([3, 4, 25]), "completed"],
    ];
    const items = steps.map(([before, after, status], index): FileChange => {
      const diff = filePatch(
        "a.txt",
        { mode: plain, hash: one },
        { mode: plain, hash: two },
        { type: "text", hunks: textHunks(before, after) },
      );
      return {
        type: "fileChange",
        id: `${index}`,
        changes: [],
        status,
        proposal: { hash: "", diff },
        startedAtMs: null,
        completedAtMs: null,
      };
    });
    fs.writeFileSync(path.join(root, "turn.patch"), turnPatch({ items } as unknown as Turn));
    git("apply", "turn.patch");
    expect(fs.readFileSync(path.join(root, "a.txt"), "utf8")).toBe(edited([3, 4, 25]));
  } finally {
    fs.rmSync(root, { recursive: true });
  }
});

const empty = patchFiles("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n")[0] as ReturnType<typeof patchFiles>[number];

function line(sign: DiffLine["sign"], text: string): DiffLine {
  return { sign, text, oldLine: sign === "+" ? null : 1, newLine: sign === "-" ? null : 1, endsBare: false };
}
