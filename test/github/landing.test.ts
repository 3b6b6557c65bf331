/** What is approved is what lands: a repository enters a workspace, is changed there, and its commit has the tree that real git builds. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { CommitChange } from "#github/effect";
import { choose, fetchContents, type SnapshotSource, snapshotBounds } from "#github/snapshot";
import { readBlobs, readTree } from "#github/snapshot-source";
import { blobHash } from "#workspace/blob";
import { fileMode } from "#workspace/change";
import { Workspace } from "#workspace/store";
import { commentEvent, deliver, openWorld, privateKey, type World } from "../support/github/repository.ts";
import { installationId, openStage, people, type Stage } from "../support/github/stage.ts";
import { createRandom } from "../support/random.ts";
import { createSql } from "../support/sql.ts";

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Files = Map<string, { mode: number; bytes: Uint8Array }>;

/** The tree that git builds of these files, in a folder of its own. */
function treeByGit(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), "spindle-git-"));
  try {
    const git = (...parameters: string[]) =>
      execFileSync("git", ["-c", "core.autocrlf=false", "-c", "core.fileMode=true", ...parameters], {
        cwd: folder,
        encoding: "utf8",
      }).trim();
    git("init", "-q");
    for (const [path, { mode, bytes }] of files) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      if (mode === fileMode.symlink) symlinkSync(Buffer.from(bytes), join(folder, path));
      else writeFileSync(join(folder, path), bytes, { mode: mode === fileMode.executable ? 0o755 : 0o644 });
    }
    git("add", "-A", "-f");
    return git("write-tree");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openPlace(): Promise<{ stage: Stage; world: World; source: SnapshotSource }> {
  const stage = await openStage({ privateKey });
  closing.push(async () => {
    expect(stage.problems).toEqual([]);
    await stage.close();
  });
  const world = openWorld(stage);
  deliver(world, commentEvent(stage, { number: 1, body: "" }));
  await world.settle();
  const source: SnapshotSource = {
    readTree: (oid) => world.repository.read((calls) => readTree(calls, oid)),
    readBlobs: (oids) => world.repository.read((calls) => readBlobs(calls, oids)),
  };
  return { stage, world, source };
}

async function headOf(stage: Stage, branch = "main"): Promise<string> {
  const response = await stage.as(people.writer, "GET", `/repos/acme/widgets/git/ref/heads/${branch}`);
  return ((await response.json()) as { object: { sha: string } }).object.sha;
}

async function treeOf(stage: Stage, commitOid: string): Promise<string> {
  const response = await stage.as(people.writer, "GET", `/repos/acme/widgets/git/commits/${commitOid}`);
  return ((await response.json()) as { tree: { sha: string } }).tree.sha;
}

/** Names and contents that quoting, sorting, encodings and line ends have gone wrong with. */
const paths = [
  "a",
  "a.b",
  "a/b",
  "a-b/c",
  "dir/deep/er/file.txt",
  "späce name.txt",
  "日本.md",
  "-dash",
  "x'y\"z",
  "UPPER",
  "docs/README.md",
];
const texts = ["", "\n", "no end", "a\r\nb\r\n", "\ufeffbom\n", "ä\n", "x".repeat(70_000)];

test.for([1, 2, 3, 4, 5, 6])("seed %i: changes land with the tree that git builds", async (seed) => {
  const random = createRandom(seed);
  const { stage, world } = await openPlace();
  const files: Files = new Map([["README.md", { mode: fileMode.plain, bytes: new TextEncoder().encode("# widgets\n") }]]);
  expect(await treeOf(stage, await headOf(stage))).toBe(treeByGit(files));
  const modes = seed % 2 === 0 ? [fileMode.plain] : Object.values(fileMode);
  for (let round = 0; round < 4; round++) {
    const changes: CommitChange[] = [];
    const contents: Uint8Array[] = [];
    for (const path of new Set([random.pick(paths), random.pick(paths), random.pick(paths)])) {
      // A file cannot be where a folder is.
      if ([...files.keys()].some((other) => other !== path && (other.startsWith(`${path}/`) || path.startsWith(`${other}/`))))
        continue;
      if (changes.some((other) => other.path.startsWith(`${path}/`) || path.startsWith(`${other.path}/`))) continue;
      const known = files.get(path);
      const before = known ? { mode: known.mode, oid: blobHash(known.bytes) } : null;
      if (known && random.chance(0.3)) {
        changes.push({ path, before, after: null });
        files.delete(path);
        continue;
      }
      const mode = random.pick(modes);
      const binary = Uint8Array.from({ length: 300 }, () => random.below(256));
      const bytes =
        mode === fileMode.symlink
          ? new TextEncoder().encode("README.md")
          : random.chance(0.2)
            ? binary
            : new TextEncoder().encode(random.pick(texts));
      changes.push({ path, before, after: { mode, oid: blobHash(bytes) } });
      contents.push(bytes);
      files.set(path, { mode, bytes });
    }
    if (changes.length === 0) continue;
    const key = `round-${round}`;
    const action = { type: "commit", branch: "main", baseOid: await headOf(stage), headline: key, body: "", changes } as const;
    world.repository.add([{ key, lane: "main", action }], contents);
    await world.settle();
    const outcome = world.repository.outcomeOf(key);
    expect(outcome).toEqual({ type: "done", result: { type: "commit", oid: await headOf(stage) } });
    expect(await treeOf(stage, await headOf(stage))).toBe(treeByGit(files));
  }
});

test("contents come within bounds, each once, and the rest when it is wanted: links and instructions first", async () => {
  const { stage, world, source } = await openPlace();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const all: Files = new Map([
    ["README.md", { mode: fileMode.plain, bytes: bytes("# widgets\n") }],
    ["run.sh", { mode: fileMode.executable, bytes: bytes("#!/bin/sh\n") }],
    ["link", { mode: fileMode.symlink, bytes: bytes("src/a.ts") }],
    ["src/deep/AGENTS.md", { mode: fileMode.plain, bytes: bytes("Be brief.\n") }],
    ["src/a.ts", { mode: fileMode.plain, bytes: bytes("export {};\n") }],
    ["src/copy.ts", { mode: fileMode.plain, bytes: bytes("export {};\n") }],
    ["src/large.bin", { mode: fileMode.plain, bytes: new Uint8Array(5_000).fill(7) }],
  ]);
  const changes = [...all]
    .slice(1)
    .map(([path, { mode, bytes: content }]) => ({ path, before: null, after: { mode, oid: blobHash(content) } }));
  const action = { type: "commit", branch: "main", baseOid: await headOf(stage), headline: "files", body: "", changes } as const;
  world.repository.add(
    [{ key: "files", lane: "main", action }],
    [...all.values()].map(({ bytes: content }) => content),
  );
  await world.settle();

  const storage = createSql();
  Workspace.createSchema(storage.sql);
  const workspace = new Workspace({ sql: storage.sql, now: () => 0 });
  const target = { workspace, write: storage.transactionSync };
  const listing = await source.readTree(await headOf(stage));
  expect(listing.treeOid).toBe(treeByGit(all));
  const snapshot = choose(listing, { ...snapshotBounds, filesMax: 4, bytesMax: 1_000, fileBytesMax: 1_000 });
  expect(snapshot.copied.map(({ path }) => path).toSorted()).toEqual(["README.md", "link", "run.sh", "src/deep/AGENTS.md"]);
  expect(snapshot.listed.map(({ path }) => path)).toEqual(["src/a.ts", "src/copy.ts", "src/large.bin"]);
  const oidsOf = (files: { oid: string }[]) => files.map(({ oid }) => oid);
  await fetchContents(source, target, oidsOf(snapshot.copied));
  expect(oidsOf(snapshot.copied).every((oid) => workspace.hasBlob(oid))).toBe(true);
  expect(oidsOf(snapshot.listed).some((oid) => workspace.hasBlob(oid))).toBe(false);

  const blobsHeard = () => stage.heard.filter(({ path }) => path.includes("/git/blobs/")).length;
  const heard = blobsHeard();
  await fetchContents(source, target, oidsOf(snapshot.copied));
  expect(blobsHeard()).toBe(heard);
  await fetchContents(source, target, oidsOf(listing.files));
  // Two of the three have one content.
  expect(blobsHeard()).toBe(heard + 2);
});

test("what a workspace has no room to list is named, and so is a link whose target would have to be waited for", () => {
  const file = (path: string, mode: number, size: number) => ({ path, mode, oid: "a".repeat(40), size });
  const files = [file("a", fileMode.plain, 10), file("b/c", fileMode.plain, 10), file("link", fileMode.symlink, 10)];
  const listing = { commitOid: "", treeOid: "", files, submodules: [], isTruncated: false };
  const chosen = (bounds: object) => {
    const { copied, listed, missing } = choose(listing, { ...snapshotBounds, ...bounds });
    return [copied, listed].map((some) => some.map(({ path }) => path)).concat([missing]);
  };
  expect(chosen({})).toEqual([["link", "a", "b/c"], [], []]);
  expect(chosen({ listedFilesMax: 2 })).toEqual([["link", "a"], [], ["b/c"]]);
  expect(chosen({ listedBytesMax: 20 })).toEqual([["link", "a"], [], ["b/c"]]);
  expect(chosen({ filesMax: 1 })).toEqual([["link"], ["a", "b/c"], []]);
  expect(chosen({ fileBytesMax: 9 })).toEqual([[], ["a", "b/c"], ["link"]]);
});

test("a stopped installation reads nothing for anybody", async () => {
  const { stage, world, source } = await openPlace();
  const head = await headOf(stage);
  world.stopped.add(installationId);
  await expect(source.readTree(head)).rejects.toThrow("stopped");
});

test("a content that is not what its id says enters no workspace", async () => {
  const { stage, source } = await openPlace();
  const { files } = await source.readTree(await headOf(stage));
  stage.faults.push({
    matches: ({ path }) => path.includes("/git/blobs/"),
    when: "after",
    answer: { status: 200, body: { content: btoa("something else"), encoding: "base64", sha: files[0]?.oid } },
  });
  await expect(source.readBlobs(files.map(({ oid }) => oid))).rejects.toThrow("has another content");
});

test("paths that lead out of a workspace, and other repositories inside, are named and not entered", () => {
  const file = (path: string, mode: number = fileMode.plain) => ({ path, mode, oid: "a".repeat(40), size: 1 });
  const files = [file("ok"), file("../x"), file(".git/config"), file("a/.GIT/hooks/x"), file("a//b"), file("strange", 0o100600)];
  const snapshot = choose({ commitOid: "", treeOid: "", files, submodules: ["vendor/lib"], isTruncated: false });
  expect(snapshot.copied.map(({ path }) => path)).toEqual(["ok"]);
  expect(snapshot.missing.toSorted()).toEqual(["../x", ".git/config", "a/.GIT/hooks/x", "a//b", "strange", "vendor/lib"]);
});
