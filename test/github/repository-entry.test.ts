/** A repository becomes the workspace between two turns: exactly the commit's files, whatever was there, and never under a turn. */
import { expect, test } from "vitest";
import type { SnapshotSource } from "#github/snapshot";
import { enterRepository, type RepositoryEntry } from "#thread/repository-entry";
import type { ThreadRuntime } from "#thread/runtime";
import { blobHash } from "#workspace/blob";
import { fileMode } from "#workspace/change";
import { Workspace } from "#workspace/store";
import { createSql } from "../support/sql.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const commit: RepositoryEntry = {
  repositoryId: 1,
  commitOid: "c".repeat(40),
  guidesOid: "c".repeat(40),
  key: "delivery",
  name: "An issue",
  gitInfo: { sha: "c".repeat(40), branch: "main", originUrl: null },
};

interface Scene {
  workspace: Workspace;
  enter(): ReturnType<typeof enterRepository>;
  /** The platform's thread, as far as the entry looks at it. */
  thread: { openTurn: boolean; keys: string[] };
  files(): Record<string, string>;
  read: string[];
}

function open(held: Record<string, { text: string; mode?: number }>, whileReading: (scene: Scene) => void = () => {}): Scene {
  const storage = createSql();
  Workspace.createSchema(storage.sql);
  const workspace = new Workspace({ sql: storage.sql, now: () => 0 });
  const contents = new Map(Object.values(held).map(({ text }) => [blobHash(bytes(text)), bytes(text)]));
  const files = Object.entries(held).map(([path, { text, mode = fileMode.plain }]) => ({
    path,
    mode,
    oid: blobHash(bytes(text)),
    size: text.length,
  }));
  const source: SnapshotSource = {
    readTree: async (commitOid) => ({ commitOid, treeOid: "", files, submodules: ["vendor/lib"], isTruncated: false }),
    readBlobs: async (oids) => {
      whileReading(scene);
      scene.read.push(...oids);
      return { blobs: oids.map((oid) => ({ oid, bytes: contents.get(oid) ?? bytes("") })), rest: [] };
    },
  };
  const scene: Scene = {
    workspace,
    thread: { openTurn: false, keys: [] },
    read: [],
    files: () =>
      Object.fromEntries(workspace.files().map(({ path, hash }) => [path, new TextDecoder().decode(workspace.readBlob(hash))])),
    enter: () => enterRepository(runtime, source, commit),
  };
  const runtime = {
    workspace,
    log: { turnOfClientMessage: (key: string) => (scene.thread.keys.includes(key) ? "turn" : null) },
    get current() {
      const info = { name: "", gitInfo: commit.gitInfo };
      return { turns: scene.thread.openTurn ? [{ id: "turn", status: "inProgress" }] : [], info };
    },
    changeFiles: <Result>(change: () => Result) => storage.transactionSync(change),
    recordWrites: () => {},
    commit: () => {},
    status: () => ({}),
    host: {
      transaction: <Result>(work: () => Result) => storage.transactionSync(work),
      sleep: async () => {},
      threadId: "thread",
    },
  } as unknown as ThreadRuntime;
  return scene;
}

test("what the commit has is there, what else was there is gone, and what is there already is not read again", async () => {
  const scene = open({
    "README.md": { text: "new" },
    "src/a.ts": { text: "a" },
    tool: { text: "#!/bin/sh", mode: fileMode.executable },
  });
  scene.workspace.write("README.md", bytes("old"));
  scene.workspace.write("left/over.txt", bytes("x"));
  expect(await scene.enter()).toEqual({
    type: "entered",
    unread: 0,
    missing: { count: 1, named: ["vendor/lib"] },
    isTruncated: false,
  });
  expect(scene.files()).toEqual({ "README.md": "new", "src/a.ts": "a", tool: "#!/bin/sh" });
  expect(scene.workspace.version("tool")?.mode).toBe(fileMode.executable);
  const { length } = scene.read;
  expect(await scene.enter()).toMatchObject({ type: "entered" });
  expect(scene.read).toHaveLength(length);
});

test("a folder where the commit has a file, and a link where it has another file, make room", async () => {
  const scene = open({ a: { text: "now a file" }, b: { text: "now plain" }, target: { text: "untouched" } });
  scene.workspace.write("a/inside.txt", bytes("x"));
  scene.workspace.write("b", bytes("target"), fileMode.symlink);
  await scene.enter();
  expect(scene.files()).toEqual({ a: "now a file", b: "now plain", target: "untouched" });
  expect(scene.workspace.version("b")?.mode).toBe(fileMode.plain);
});

test("the files of a turn that began already, or that runs, are its own", async () => {
  const scene = open({ "README.md": { text: "new" } });
  scene.workspace.write("README.md", bytes("of the turn"));
  scene.thread.keys = ["delivery"];
  expect(await scene.enter()).toEqual({ type: "begun" });
  scene.thread.keys = [];
  scene.thread.openTurn = true;
  expect(await scene.enter()).toEqual({ type: "busy" });
  expect(scene.files()).toEqual({ "README.md": "of the turn" });
});

test("a turn that begins while files come gets none of them, and the entry fails, to be tried again", async () => {
  const scene = open({ "README.md": { text: "new" } }, ({ thread }) => {
    thread.openTurn = true;
  });
  await expect(scene.enter()).rejects.toThrow("a turn began while the repository entered");
  expect(scene.files()).toEqual({});
});
