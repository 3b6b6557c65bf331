import { applyPatch } from "diff";
import { expect, test } from "vitest";
import { filePatch, textHunks } from "#core/diff";
import { createRandom, type Random } from "../support/random.ts";

const one = { mode: 0o100644, hash: "1".repeat(40) };
const two = { mode: 0o100644, hash: "2".repeat(40) };

test.for<[string, string, string, string]>([
  ["nothing changes", "a\n", "a\n", ""],
  ["an empty text gets its first line", "", "a\n", "@@ -0,0 +1 @@\n+a\n"],
  ["the last line goes", "a\n", "", "@@ -1 +0,0 @@\n-a\n"],
  ["only the final newline comes", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"],
  ["a carriage return belongs to its line", "a\r\nb\n", "a\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n"],
  [
    "changes six lines apart share a hunk",
    "a\n1\n2\n3\n4\n5\n6\nb\n",
    "A\n1\n2\n3\n4\n5\n6\nB\n",
    "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n",
  ],
  [
    "changes seven lines apart do not",
    "a\n1\n2\n3\n4\n5\n6\n7\nb\n",
    "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
    "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n",
  ],
])("hunks: %s", ([, before, after, expected]) => {
  expect(textHunks(before, after)).toBe(expected);
});

test("a text rewritten beyond measure is one replacement between what stayed, in little time", () => {
  const lines = (name: string) => Array.from({ length: 20_000 }, (_, index) => `${name} ${index}\n`).join("");
  const hunks = textHunks(`first\n${lines("old")}last\n`, `first\n${lines("new")}last\n`);
  expect(hunks.split("\n", 3)).toEqual(["@@ -1,20002 +1,20002 @@", " first", "-old 0"]);
  expect(applyPatch(`first\n${lines("old")}last\n`, hunks)).toBe(`first\n${lines("new")}last\n`);
});

test("headers say what git says: new, deleted, another mode, both", () => {
  const none = { type: "text", hunks: "" } as const;
  expect(filePatch("a", null, one, none)).toBe(
    `diff --git a/a b/a\nnew file mode 100644\nindex ${"0".repeat(40)}..${one.hash}\n`,
  );
  expect(filePatch("a", one, null, none)).toBe(
    `diff --git a/a b/a\ndeleted file mode 100644\nindex ${one.hash}..${"0".repeat(40)}\n`,
  );
  expect(filePatch("a", one, { ...one, mode: 0o100755 }, none)).toBe("diff --git a/a b/a\nold mode 100644\nnew mode 100755\n");
  expect(filePatch("a b", one, two, { type: "text", hunks: "@@ -1 +1 @@\n-a\n+b\n" })).toBe(
    `diff --git a/a b b/a b\nindex ${one.hash}..${two.hash} 100644\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-a\n+b\n`,
  );
});

test("names with quotes, backslashes or control characters are quoted as git does, others stand as they are", () => {
  const firstLine = (name: string) => filePatch(name, one, two, { type: "text", hunks: "" }).split("\n")[0];
  expect(firstLine('a"b\\c\t\u0001')).toBe('diff --git "a/a\\"b\\\\c\\t\\001" "b/a\\"b\\\\c\\t\\001"');
  expect(firstLine("日本 x")).toBe("diff --git a/日本 x b/日本 x");
});

test.for(Array.from({ length: 200 }, (_, index) => index + 1))("seed %i: another reader of hunks makes the same text", (seed) => {
  const random = createRandom(seed);
  const before = randomText(random);
  const after = random.chance(0.2) ? randomText(random) : edited(random, before);
  const hunks = textHunks(before, after);
  expect(hunks === "" ? before : applyPatch(before, hunks, { autoConvertLineEndings: false }), `seed ${seed}\n${hunks}`).toBe(
    after,
  );
});

function randomText(random: Random): string {
  const lines = Array.from({ length: random.below(40) }, () => `${random.pick(["a", "b", "c", "", "long line"])}\n`);
  return lines.join("") + (random.chance(0.3) ? "no newline" : "");
}

function edited(random: Random, text: string): string {
  const lines = text.split(/(?<=\n)/);
  for (let edits = random.below(4); edits > 0; edits -= 1) lines.splice(random.below(lines.length + 1), random.below(3), "new\n");
  return lines.map((line, index) => (index < lines.length - 1 && !line.endsWith("\n") ? `${line}\n` : line)).join("");
}
