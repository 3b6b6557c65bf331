import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import type { FileChange } from "#workspace/change";
import { StaleError } from "#workspace/error";
import { changeTo, land, propose } from "#workspace/proposal";
import type { Workspace } from "#workspace/store";
import { createRandom, type Random } from "../support/random.ts";
import { bytesOf, createWorkspace, treeOf } from "../support/workspace.ts";

const cwd = "/workspace";

test("a proposal says what changes, in the protocol's form and as one patch, and touches nothing", () => {
  const { workspace } = createWorkspace({ "old.txt": "gone\n", "notes.txt": "one\ntwo\nthree\n", "run.sh": "run\n" });
  const before = treeOf(workspace);
  const proposal = propose(
    workspace,
    [
      changeTo(workspace, "new.txt", bytesOf("alpha\n")),
      changeTo(workspace, "notes.txt", bytesOf("one\n2\nthree\n")),
      changeTo(workspace, "old.txt", null),
      changeTo(workspace, "run.sh", bytesOf("run\n"), 0o100755),
      changeTo(workspace, "picture.png", new Uint8Array([0, 1, 2])),
    ],
    cwd,
  );
  expect(proposal.wire).toEqual([
    { path: "/workspace/new.txt", kind: { type: "add" }, diff: "alpha\n" },
    {
      path: "/workspace/notes.txt",
      kind: { type: "update", move_path: null },
      diff: "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
    },
    { path: "/workspace/old.txt", kind: { type: "delete" }, diff: "gone\n" },
    { path: "/workspace/picture.png", kind: { type: "add" }, diff: "Binary file, 3 bytes" },
    { path: "/workspace/run.sh", kind: { type: "update", move_path: null }, diff: "Mode changed from 100644 to 100755" },
  ]);
  expect(proposal.diff).toContain("diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n");
  expect(treeOf(workspace)).toEqual(before);
});

test("the hash is the same for the same changes in any order, and another for any other path, mode or content", () => {
  const { workspace } = createWorkspace({ a: "a\n" });
  const hashOf = (changes: FileChange[]) => propose(workspace, changes, cwd).hash;
  const first = changeTo(workspace, "a", bytesOf("b\n"));
  const second = changeTo(workspace, "c", bytesOf("c\n"));
  const base = hashOf([first, second]);
  expect(base).toMatch(/^[0-9a-f]{64}$/);
  expect(hashOf([second, first])).toBe(base);
  expect(hashOf([second, first, changeTo(workspace, "a/unchanged", null)])).toBe(base);
  const others = [
    [first],
    [first, changeTo(workspace, "d", bytesOf("c\n"))],
    [first, changeTo(workspace, "c", bytesOf("d\n"))],
    [first, changeTo(workspace, "c", bytesOf("c\n"), 0o100755)],
  ];
  expect(new Set([base, ...others.map(hashOf)]).size).toBe(5);
});

test("an accepted proposal lands whole", () => {
  const { workspace, transactionSync } = createWorkspace({ a: "a", b: "b", "folder/inner": "x" });
  const changes = [
    changeTo(workspace, "a", bytesOf("A")),
    changeTo(workspace, "b", null),
    // A file becomes a directory, and a directory a file.
    changeTo(workspace, "b/now/deep", bytesOf("deep")),
    changeTo(workspace, "folder/inner", null),
    changeTo(workspace, "folder", bytesOf("file")),
  ];
  const proposal = propose(workspace, changes, cwd);
  transactionSync(() => land(workspace, proposal.changes));
  expect(treeOf(workspace)).toEqual({ a: "100644 A", "b/now/deep": "100644 deep", folder: "100644 file" });
});

test("a proposal on a stale base lands nothing, and names every path that moved", () => {
  const { workspace, transactionSync } = createWorkspace({ a: "a", b: "b", c: "c", d: "d" });
  const changes = ["a", "b", "c", "d", "new"].map((name) => changeTo(workspace, name, bytesOf(`${name}!`)));
  workspace.write("b", bytesOf("changed meanwhile"));
  workspace.write("c", bytesOf("c"), 0o100755);
  workspace.remove("d");
  workspace.write("new", bytesOf("came meanwhile"));
  const before = treeOf(workspace);
  expect(() => transactionSync(() => land(workspace, changes))).toThrow(new StaleError(["b", "c", "d", "new"]));
  expect(treeOf(workspace)).toEqual(before);
});

test("a file that came to stand where a directory is needed makes a proposal stale", () => {
  const { workspace } = createWorkspace();
  const changes = [changeTo(workspace, "a/b", bytesOf("b")), changeTo(workspace, "c", bytesOf("c"))];
  workspace.write("a", bytesOf("in the way"));
  workspace.write("c/d", bytesOf("in the way too"));
  expect(() => land(workspace, changes)).toThrow(new StaleError(["a/b", "c"]));
  expect(treeOf(workspace)).toEqual({ a: "100644 in the way", "c/d": "100644 in the way too" });
});

test("what does not fit lands nothing", () => {
  const { workspace } = createWorkspace({ a: "a" }, { filesMax: 2 });
  const changes = ["b", "c"].map((name) => changeTo(workspace, name, bytesOf(name)));
  expect(() => land(workspace, changes)).toThrow("No space left on device (os error 28)");
  expect(treeOf(workspace)).toEqual({ a: "100644 a" });
});

test("changes too large for a row of the log are refused by name", () => {
  const { workspace } = createWorkspace();
  const change = changeTo(workspace, "big.txt", bytesOf("line\n".repeat(100_000)));
  expect(() => propose(workspace, [change], cwd)).toThrow("the changes are too large to be approved");
  expect(propose(workspace, [change], cwd, { diffBytesMax: 10_000_000 }).wire).toHaveLength(1);
});

/** `SEED=7` repeats one run, `SEEDS=1000` makes more of them. */
const { SEED, SEEDS = "40" } = process.env;
const seeds = SEED === undefined ? Array.from({ length: Number(SEEDS) }, (_, index) => index + 1) : [Number(SEED)];

test.for(seeds)("seed %i: git apply makes of the proposal's patch, byte for byte, what lands", (seed) => {
  const random = createRandom(seed);
  const { workspace, transactionSync } = createWorkspace();
  for (const file of randomTree(random)) {
    if (isFree(workspace, file.path)) workspace.write(file.path, file.bytes, file.mode);
  }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "spindle-proposal-"));
  try {
    writeTree(directory, workspace);
    const git = (...args: string[]) => execFileSync("git", args, { cwd: directory, stdio: ["pipe", "pipe", "pipe"] });
    git("init", "--quiet");
    git("config", "core.autocrlf", "false");
    const proposal = propose(workspace, randomChanges(random, workspace), cwd, { diffBytesMax: 100_000_000 });
    if (proposal.diff !== "") {
      fs.writeFileSync(path.join(directory, ".git", "the.patch"), proposal.diff);
      git("apply", "--whitespace=nowarn", path.join(".git", "the.patch"));
    }
    transactionSync(() => land(workspace, proposal.changes));
    expect(readTree(directory), `SEED=${seed}\n${proposal.diff}`).toEqual(treeOf(workspace));
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
});

const segments = [
  "a",
  "b.txt",
  "with space",
  "end ",
  " begin",
  "ümläut",
  "日本語",
  'quote"d',
  "back\\slash",
  "tab\tbed",
  "new\nline",
  "b",
];

function randomTree(random: Random): { path: string; bytes: Uint8Array; mode: number }[] {
  return Array.from({ length: 3 + random.below(15) }, () => ({ path: randomPath(random), ...randomFile(random) }));
}

function randomPath(random: Random): string {
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(segments)).join("/");
}

function randomFile(random: Random): { bytes: Uint8Array; mode: number } {
  // Targets that lead nowhere, so that no write through a link takes part.
  if (random.chance(0.15)) return { bytes: bytesOf(random.pick(["nowhere", "../nowhere/ü", "no where"])), mode: 0o120000 };
  return { bytes: randomContent(random), mode: random.chance(0.2) ? 0o100755 : 0o100644 };
}

function randomContent(random: Random): Uint8Array {
  switch (random.below(6)) {
    case 0:
      return new Uint8Array();
    case 1:
      return Uint8Array.from({ length: random.below(3_000) }, () => random.below(256));
    case 2:
      return bytesOf("\ufeffwith a byte order mark\n");
    default:
      return bytesOf(randomLines(random, random.below(60)).join(""));
  }
}

function randomLines(random: Random, count: number): string[] {
  const end = random.pick(["\n", "\n", "\r\n", "\r"]);
  const words = [
    "",
    "alpha",
    "  beta",
    "gamma ",
    "\tdelta",
    "-- ",
    "+++ b/x",
    "@@ -1 +1 @@",
    "日本",
    "\\ No newline",
    "diff --git a/a b/a",
  ];
  const lines = Array.from({ length: count }, () => random.pick(words) + (random.chance(0.05) ? "\n" : end));
  if (lines.length > 0 && random.chance(0.4)) lines[lines.length - 1] = random.pick(["x", "last line", "\r"]);
  return lines;
}

function randomChanges(random: Random, workspace: Workspace): FileChange[] {
  const changes = new Map<string, FileChange>();
  for (const { path: file, mode, hash } of workspace.files()) {
    if (random.chance(0.5)) continue;
    const text = Buffer.from(workspace.readBlob(hash)).toString("latin1");
    const kind = random.below(5);
    if (kind === 0) changes.set(file, changeTo(workspace, file, null));
    else if (kind === 1 && mode !== 0o120000) {
      changes.set(file, changeTo(workspace, file, workspace.readBlob(hash), mode === 0o100644 ? 0o100755 : 0o100644));
    } else if (kind === 2) {
      const next = randomFile(random);
      changes.set(file, changeTo(workspace, file, next.bytes, next.mode));
    } else if (mode !== 0o120000) {
      const lines = text.split(/(?<=\n)/);
      for (let edits = 1 + random.below(3); edits > 0; edits -= 1) {
        lines.splice(random.below(lines.length + 1), random.below(3), ...randomLines(random, random.below(3)));
      }
      changes.set(file, changeTo(workspace, file, Buffer.from(lines.join(""), "latin1"), random.chance(0.2) ? 0o100755 : mode));
    }
  }
  for (let count = random.below(5); count > 0; count -= 1) {
    const file = randomPath(random);
    const next = randomFile(random);
    if (!changes.has(file) && isFree(workspace, file, [...changes.keys()])) {
      changes.set(file, changeTo(workspace, file, next.bytes, next.mode));
    }
  }
  return [...changes.values()];
}

/** Whether a file may come to stand at a path next to all others, present and coming. */
function isFree(workspace: Workspace, file: string, coming: string[] = []): boolean {
  const others = [...workspace.files().map((other) => other.path), ...coming];
  return others.every((other) => !other.startsWith(`${file}/`) && !file.startsWith(`${other}/`)) && !others.includes(file);
}

function writeTree(directory: string, workspace: Workspace): void {
  for (const { path: file, mode, hash } of workspace.files()) {
    const target = path.join(directory, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const bytes = Buffer.from(workspace.readBlob(hash));
    if (mode === 0o120000) fs.symlinkSync(bytes, target);
    else fs.writeFileSync(target, bytes, { mode: mode & 0o777 });
  }
}

/** In the form of `treeOf`. */
function readTree(directory: string): Record<string, string> {
  const tree: Record<string, string> = {};
  const visit = (prefix: string) => {
    for (const entry of fs.readdirSync(path.join(directory, prefix), { withFileTypes: true })) {
      const file = prefix + entry.name;
      const absolute = path.join(directory, file);
      if (entry.name === ".git" && prefix === "") continue;
      if (entry.isDirectory()) visit(`${file}/`);
      else if (entry.isSymbolicLink()) tree[file] = `120000 ${fs.readlinkSync(absolute, "buffer").toString("latin1")}`;
      else {
        const mode = (fs.statSync(absolute).mode & 0o100) === 0 ? "100644" : "100755";
        tree[file] = `${mode} ${fs.readFileSync(absolute).toString("latin1")}`;
      }
    }
  };
  visit("");
  return tree;
}
