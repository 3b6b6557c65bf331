/** Hunks of a proposal are what real git makes of those hunks, whatever else is in it, and are counted alike by whoever counts. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, expect, test } from "vitest";
import { patchLines } from "#client/patch-lines";
import { numberedPieces } from "#core/hunks";
import { partOfChanges, proposedFile, type ReadContent } from "#workspace/part";
import { changeTo, land, propose } from "#workspace/proposal";
import type { Workspace } from "#workspace/store";
import { createRandom, type Random } from "../support/random.ts";
import { bytesOf, createWorkspace, textAt } from "../support/workspace.ts";

const cwd = "/workspace";
const seed = 20261130;
const readOf =
  (workspace: Workspace): ReadContent =>
  (hash) =>
    workspace.readBlob(hash);

test("a part is a proposal of its own, with its own hash, and the same choice is always the same", () => {
  const far = Array.from({ length: 30 }, (_, line) => `${line}\n`);
  const { workspace } = createWorkspace({ a: far.join(""), b: "b\n" });
  const edited = far.map((line, index) => (index === 0 || index === 29 ? `new ${line}` : line)).join("");
  const changes = [changeTo(workspace, "a", bytesOf(edited)), changeTo(workspace, "b", null)];
  const part = (numbers: number[]) => {
    const chosen = partOfChanges(changes, numbers, readOf(workspace));
    if ("refused" in chosen) throw new Error(chosen.answer);
    for (const content of chosen.contents) workspace.putBlob(content);
    return { ...chosen, hash: propose(workspace, chosen.changes, cwd).hash };
  };
  expect(part([2])).toEqual(part([2]));
  expect(part([1, 2, 3])).toMatchObject({ changes, contents: [], isAll: true, hash: propose(workspace, changes, cwd).hash });
  expect(new Set([[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]].map((numbers) => part(numbers).hash)).size).toBe(7);
  // All hunks of a file are the file as it was proposed: nothing is stored a second time.
  expect(part([1, 2])).toMatchObject({ changes: [changes[0]], contents: [] });
  land(workspace, part([2, 3]).changes);
  expect(textAt(workspace, "a")).toBe(far.map((line, index) => (index === 29 ? `new ${line}` : line)).join(""));
  expect(workspace.version("b")).toBeNull();
});

test(`a part of any proposal lands with the tree that git builds of those hunks (seed ${seed})`, () => {
  const random = createRandom(seed);
  const seen = { partial: 0, cut: 0, kinds: new Set<string>() };
  for (let round = 0; round < 25; round++) {
    const where = `seed ${seed}, round ${round}`;
    const { workspace } = createWorkspace(randomFiles(random));
    const before = filesOf(workspace);
    const { changes, diff } = propose(workspace, randomChanges(random, workspace), cwd);
    const pieces = numberedPieces(changes.map((change) => proposedFile(change, readOf(workspace))));
    const numbers = pieces.map(({ number }) => number).filter(() => random.chance(0.5));
    for (const { kind } of pieces) seen.kinds.add(kind);
    // A client that has the patch alone counts the same.
    const counted = patchLines(diff).flatMap(({ hunk }) => hunk ?? []);
    expect(counted, where).toEqual(pieces.map(({ number }) => number));
    if (numbers.length === 0) continue;
    const part = partOfChanges(changes, numbers, readOf(workspace));
    if ("refused" in part) throw new Error(`${where}: ${part.answer}`);
    expect(part.isAll, where).toBe(numbers.length === pieces.length);
    if (!part.isAll) seen.partial += 1;
    if (part.contents.length > 0) seen.cut += 1;
    for (const content of part.contents) workspace.putBlob(content);
    const wanted = treeByGit(before, patchOf(diff, numbers));
    // Applied as its own patch it is the same as well: what the item shows is what landed.
    expect(treeByGit(before, propose(workspace, part.changes, cwd).diff), where).toBe(wanted);
    land(workspace, part.changes);
    expect(treeByGit(filesOf(workspace), ""), where).toBe(wanted);
  }
  expect(seen.partial).toBeGreaterThan(15);
  expect(seen.cut).toBeGreaterThan(10);
  expect([...seen.kinds].sort()).toEqual(["added", "binary", "deleted", "lines", "mode"]);
});

/** The patch with these hunks only, out of git's own form and by nothing of ours. */
function patchOf(diff: string, numbers: readonly number[]): string {
  let number = 0;
  return diff
    .split(/^(?=diff --git )/m)
    .map((file) => {
      const [head = "", ...hunks] = file.split(/^(?=@@ )/m);
      const isOne = hunks.length === 0 || /^(?:new file|deleted file|old) mode /m.test(head);
      if (isOne) return numbers.includes(++number) ? file : "";
      let shift = 0;
      const kept = hunks.flatMap((hunk) => {
        if (!numbers.includes(++number)) return [];
        const [, old = "", from = "", oldCount = ",1", newCount = ",1"] = /^@@ -((\d+)(,\d+)?) \+\d+(,\d+)? @@/.exec(hunk) ?? [];
        const start = Number(from) + shift + (newCount === ",0" ? -1 : 0) + (oldCount === ",0" ? 1 : 0);
        shift += Number(newCount.slice(1)) - Number(oldCount.slice(1));
        return [hunk.replace(/^@@ .* @@/, `@@ -${old} +${start}${newCount} @@`)];
      });
      return kept.length === 0 ? "" : head.replace(/^index .*\n/m, "") + kept.join("");
    })
    .join("");
}

type Files = { path: string; mode: number; bytes: Uint8Array }[];

function filesOf(workspace: Workspace): Files {
  return workspace.files().map(({ path: name, mode, hash }) => ({ path: name, mode, bytes: workspace.readBlob(hash) }));
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "spindle-part-"));
const git = (args: string[], input = "") =>
  execFileSync("git", ["-c", "core.autocrlf=false", ...args], { cwd: folder, input, encoding: "utf8" }).trim();
git(["init", "-q"]);
afterAll(() => fs.rmSync(folder, { recursive: true }));

function treeByGit(files: Files, patch: string): string {
  for (const name of fs.readdirSync(folder)) if (name !== ".git") fs.rmSync(path.join(folder, name));
  for (const { path: name, mode, bytes } of files) {
    fs.writeFileSync(path.join(folder, name), bytes, { mode: mode === 0o100755 ? 0o755 : 0o644 });
  }
  git(["add", "-A", "-f"]);
  if (patch !== "") git(["apply", "--index", "--whitespace=nowarn", "-"], patch);
  return git(["write-tree"]);
}

const names = ["a.txt", "b.txt", "c d.txt", "ä.txt", "run.sh", "z.bin"];
let lines = 0;

function randomText(random: Random): string {
  const text = Array.from({ length: 20 + random.below(50) }, () => `line ${lines++}\n`).join("");
  return random.chance(0.3) ? text.slice(0, -1) : text;
}

function randomFiles(random: Random): Record<string, string> {
  return Object.fromEntries(names.filter(() => random.chance(0.7)).map((name) => [name, randomText(random)]));
}

function randomChanges(random: Random, workspace: Workspace): ReturnType<typeof changeTo>[] {
  return names
    .filter(() => random.chance(0.8))
    .map((name) => {
      const known = workspace.version(name) === null ? null : textAt(workspace, name);
      if (known === null) return changeTo(workspace, name, bytesOf(randomText(random)));
      if (random.chance(0.1)) return changeTo(workspace, name, null);
      if (random.chance(0.1)) return changeTo(workspace, name, Uint8Array.from([0, random.below(256), 1]));
      const edited = known
        .split(/(?<=\n)/)
        .flatMap((line) => (random.chance(0.06) ? [] : random.chance(0.06) ? [line, `new ${lines++}\n`] : [line]))
        .join("");
      return changeTo(workspace, name, bytesOf(edited), random.chance(0.1) ? 0o100755 : undefined);
    });
}
