/** Choosing hunks gives exactly what git gives for a patch of those hunks. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { filePatch, hunksBetween, hunkText } from "#core/diff";
import { proposalHash } from "#core/github/proposal-hash";
import { choosePieces, numberedPieces, type ProposedFile } from "#core/hunks";
import { createRandom, type Random } from "../support/random.ts";

const seed = 20261126;
const plain = 0o100644;
const far = Array.from({ length: 20 }, (_, line) => `${line}\n`);
const edited = (lines: number[]) => far.map((line, index) => (lines.includes(index) ? `new ${line}` : line)).join("");
const text = (content: string, mode = plain) => ({ mode, text: content });

const files: ProposedFile[] = [
  { path: "z.txt", before: text(edited([])), after: text(edited([1])) },
  { path: "a.txt", before: text(edited([])), after: text(edited([0, 10, 19])) },
  { path: "new.txt", before: null, after: text("one\ntwo\n") },
  { path: "old.txt", before: text("gone\n"), after: null },
  { path: "picture.png", before: { mode: plain, text: null }, after: { mode: plain, text: null } },
  { path: "run.sh", before: text("run\n"), after: text("run it\n", 0o100755) },
];

test("hunks are numbered through the files in the order of their paths, and a file that cannot be cut is one", () => {
  const pieces = numberedPieces(files);
  expect(pieces.map(({ number, path: name, kind }) => [number, name, kind])).toEqual([
    [1, "a.txt", "lines"],
    [2, "a.txt", "lines"],
    [3, "a.txt", "lines"],
    [4, "new.txt", "added"],
    [5, "old.txt", "deleted"],
    [6, "picture.png", "binary"],
    [7, "run.sh", "mode"],
    [8, "z.txt", "lines"],
  ]);
  expect(pieces[1]?.text).toBe("@@ -8,7 +8,7 @@\n 7\n 8\n 9\n-10\n+new 10\n 11\n 12\n 13\n");
  expect(numberedPieces(files.toReversed())).toEqual(pieces);
});

test("what is chosen changes, what is not chosen does not, and a file without a chosen hunk is not proposed", () => {
  expect(choosePieces(files, [1, 3, 5])).toEqual({
    files: [
      { path: "a.txt", before: text(edited([])), after: text(edited([0, 19])) },
      { path: "old.txt", before: text("gone\n"), after: null },
    ],
    isAll: false,
  });
  expect(choosePieces(files, [1, 2, 3, 4, 5, 6, 7, 8])).toEqual({
    files: files.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
    isAll: true,
  });
});

test.each([[[9]], [[0]], [[-1]], [[1.5]], [[1, 100]]])("hunks %j are refused by name", (numbers) => {
  expect(choosePieces(files, numbers)).toMatchObject({ refused: "unknownHunks" });
});

test("choosing nothing is refused", () => {
  expect(choosePieces(files, [])).toMatchObject({ refused: "nothingChosen" });
});

test("another choice is another proposal", () => {
  const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");
  const blob = (content: string) => createHash("sha1").update(`blob ${content.length}\0${content}`).digest("hex");
  const hashOf = (numbers: number[]) => {
    const choice = choosePieces(files.slice(0, 2), numbers);
    if (!("files" in choice)) throw new Error(choice.answer);
    const changes = choice.files.map(({ path: name, before, after }) => ({
      path: name,
      mode: after?.mode ?? null,
      before: blob(before?.text ?? ""),
      after: blob(after?.text ?? ""),
    }));
    return proposalHash({ repositoryId: 1, baseOid: "a".repeat(40), changes }, sha256);
  };
  expect(new Set([[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3], [4], [1, 2, 3, 4]].map(hashOf)).size).toBe(9);
});

test("a choice is what `git apply` makes of a patch of those hunks", () => {
  const random = createRandom(seed);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "spindle-hunks-"));
  try {
    let partial = 0;
    for (let round = 0; round < 80; round++) {
      const before = randomText(random, 30 + random.below(60));
      const after = randomEdit(random, before);
      const hunks = hunksBetween(before, after);
      const chosen = hunks.map((_, index) => index).filter(() => random.chance(0.5));
      if (chosen.length === 0) continue;
      if (chosen.length < hunks.length) partial += 1;
      const where = `seed ${seed}, round ${round}`;
      const choice = choosePieces(
        [{ path: "f", before: text(before), after: text(after) }],
        chosen.map((index) => index + 1),
      );
      if (!("files" in choice)) throw new Error(`${where}: ${choice.answer}`);
      fs.writeFileSync(path.join(folder, "f"), before);
      // Places in the new text shift by what was not chosen; git looks there first, and repeated lines would mislead it.
      let shift = 0;
      const body = hunks.map((hunk, index) => {
        const grown = hunk.edits.reduce((sum, { sign }) => sum + (sign === "+" ? 1 : sign === "-" ? -1 : 0), 0);
        if (!chosen.includes(index)) return "";
        const written = hunkText({ ...hunk, newBefore: hunk.oldBefore + shift });
        shift += grown;
        return written;
      });
      const side = (hash: string) => ({ mode: plain, hash: hash.repeat(40) });
      const patch = filePatch("f", side("1"), side("2"), { type: "text", hunks: body.join("") });
      execFileSync("git", ["apply", "--whitespace=nowarn", "-"], { cwd: folder, input: patch });
      expect(choice.files[0]?.after?.text, where).toBe(fs.readFileSync(path.join(folder, "f"), "utf8"));
    }
    expect(partial).toBeGreaterThan(20);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

/** Few different lines, so that hunks look alike. */
function randomText(random: Random, lines: number): string {
  const content = Array.from({ length: lines }, () => random.pick(["a", "b", "", "}", "c\r"])).join("\n");
  return random.chance(0.5) ? `${content}\n` : `${content}x`;
}

function randomEdit(random: Random, before: string): string {
  const lines = before.split("\n").flatMap((line) => {
    if (random.chance(0.9)) return [line];
    return random.pick([[], [line, "new"], ["changed"], ["new", line]]);
  });
  return lines.join("\n");
}
