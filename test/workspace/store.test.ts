import { expect, test } from "vitest";
import { WorkspaceError } from "#workspace/error";
import { relativePath } from "#workspace/path";
import { bytesOf, createWorkspace, textAt, treeOf } from "../support/workspace.ts";

/** The error a call throws, as `code: message`. */
function refusalOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof WorkspaceError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing was refused";
}

test("a written file is there with its size, git's hash and mode, and both times", () => {
  const { workspace, clock } = createWorkspace();
  workspace.write("notes/a.txt", bytesOf("hello\n"));
  clock.nowMs = 2_000;
  workspace.write("notes/a.txt", bytesOf("hello world\n"), 0o100755);
  expect(workspace.entry("notes/a.txt")).toEqual({
    type: "file",
    mode: 0o100755,
    size: 12,
    hash: "3b18e512dba79e4c8300dd08aeb37f8e728b8dad", // git hash-object
    createdAtMs: 1_000,
    modifiedAtMs: 2_000,
  });
  expect(workspace.entry("notes")).toEqual({
    type: "directory",
    mode: 0o040000,
    size: 0,
    hash: null,
    createdAtMs: 1_000,
    modifiedAtMs: 2_000,
  });
  expect(workspace.entry("nothing")).toBeNull();
  expect(workspace.entry("")?.type).toBe("directory");
});

test("overwriting a file keeps its executable bit unless a mode is given", () => {
  const { workspace } = createWorkspace();
  workspace.write("run.sh", bytesOf("one"), 0o100755);
  workspace.write("run.sh", bytesOf("two"));
  expect(workspace.entry("run.sh")?.mode).toBe(0o100755);
});

test("a file over a megabyte is stored in parts no longer than a row may be, and comes back exact", () => {
  const { workspace, sql } = createWorkspace();
  for (const size of [0, 1, 999_999, 1_000_000, 1_000_001, 3_456_789]) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8)) & 255);
    workspace.write("big.bin", bytes);
    expect(Buffer.compare(Buffer.from(workspace.read("big.bin")), Buffer.from(bytes))).toBe(0);
  }
  const rows = sql.exec<{ longest: number }>("SELECT max(length(bytes)) AS longest FROM blobs").one();
  expect(rows.longest).toBe(1_000_000);
});

test("a view into a larger buffer is stored as what it shows", () => {
  const { workspace } = createWorkspace();
  workspace.write("a", new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 3));
  expect([...workspace.read("a")]).toEqual([2, 3]);
});

test("failures have the names and the messages that the real server sends", () => {
  const { workspace } = createWorkspace({ file: "x", "directory/inner": "y" });
  const calls: Record<string, () => unknown> = {
    "read nothing": () => workspace.read("nothing"),
    "read a directory": () => workspace.read("directory"),
    "write a directory": () => workspace.write("directory", bytesOf("")),
    "write below a file": () => workspace.write("file/below", bytesOf("")),
    "list nothing": () => workspace.list("nothing"),
    "list a file": () => workspace.list("file"),
    "create what is there": () => workspace.createDirectory("directory"),
    "create where a file is": () => workspace.createDirectory("file", { recursive: true }),
    "create below a file": () => workspace.createDirectory("file/below", { recursive: true }),
    "create without a parent": () => workspace.createDirectory("missing/below"),
    "remove nothing": () => workspace.remove("nothing"),
    "remove what is not empty": () => workspace.remove("directory"),
    "copy nothing": () => workspace.copy("nothing", "b"),
    "copy a directory": () => workspace.copy("directory", "b"),
    "copy a directory into itself": () => workspace.copy("directory", "directory/below", { recursive: true }),
    "copy a file onto a directory": () => workspace.copy("file", "directory"),
    "write upwards": () => workspace.write("../outside", bytesOf("")),
    "write git's own": () => workspace.write("a/.GIT/config", bytesOf("")),
  };
  const refusals = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, refusalOf(call)]));
  expect(refusals).toEqual({
    "read nothing": "notFound: No such file or directory (os error 2)",
    "read a directory": "isDirectory: Is a directory (os error 21)",
    "write a directory": "isDirectory: Is a directory (os error 21)",
    "write below a file": "notDirectory: Not a directory (os error 20)",
    "list nothing": "notFound: No such file or directory (os error 2)",
    "list a file": "notDirectory: Not a directory (os error 20)",
    "create what is there": "alreadyExists: File exists (os error 17)",
    "create where a file is": "alreadyExists: File exists (os error 17)",
    "create below a file": "notDirectory: Not a directory (os error 20)",
    "create without a parent": "notFound: No such file or directory (os error 2)",
    "remove nothing": "notFound: No such file or directory (os error 2)",
    "remove what is not empty": "notEmpty: Directory not empty (os error 39)",
    "copy nothing": "notFound: No such file or directory (os error 2)",
    "copy a directory": "isDirectory: fs/copy requires recursive: true when sourcePath is a directory",
    "copy a directory into itself": "invalidPath: fs/copy cannot copy a directory to itself or one of its descendants",
    "copy a file onto a directory": "isDirectory: Is a directory (os error 21)",
    "write upwards": 'invalidPath: not a path of a workspace: "../outside"',
    "write git's own": 'invalidPath: not a path of a workspace: "a/.GIT/config"',
  });
  expect(treeOf(workspace)).toEqual({ file: "100644 x", "directory/inner": "100644 y" });
});

test("directories are there when made, or while something lies in them, and are listed sorted", () => {
  const { workspace } = createWorkspace({ "b/c/d.txt": "d", "a.txt": "a", "b-file": "x" });
  workspace.createDirectory("made/by/hand", { recursive: true });
  workspace.write("link", bytesOf("a.txt"), 0o120000);
  expect(workspace.list("")).toEqual([
    { name: "a.txt", type: "file" },
    { name: "b", type: "directory" },
    { name: "b-file", type: "file" },
    { name: "link", type: "symlink" },
    { name: "made", type: "directory" },
  ]);
  expect(workspace.list("made/by")).toEqual([{ name: "hand", type: "directory" }]);
  expect(workspace.list("made/by/hand")).toEqual([]);
  workspace.remove("b/c/d.txt");
  // As in Linux, the directory outlives its last file.
  expect(workspace.list("b")).toEqual([{ name: "c", type: "directory" }]);
  workspace.remove("b/c");
  workspace.remove("made", { recursive: true });
  expect(workspace.list("").map((entry) => entry.name)).toEqual(["a.txt", "b", "b-file", "link"]);
  workspace.remove("nothing", { force: true });
});

test("a copied directory has the same files, modes and links, and sharing contents costs no blob", () => {
  const { workspace, sql } = createWorkspace({ "from/a": "a", "from/deep/b": "b" });
  workspace.write("from/run", bytesOf("run"), 0o100755);
  workspace.write("from/link", bytesOf("a"), 0o120000);
  workspace.createDirectory("from/empty");
  const blobs = () => sql.exec<{ count: number }>("SELECT count(*) AS count FROM blobs").one().count;
  const before = blobs();
  workspace.copy("from", "to/there", { recursive: true });
  expect(blobs()).toBe(before);
  expect(workspace.list("to/there").map(({ name, type }) => `${type} ${name}`)).toEqual([
    "file a",
    "directory deep",
    "directory empty",
    "symlink link",
    "file run",
  ]);
  expect(workspace.entry("to/there/run")?.mode).toBe(0o100755);
});

test("symlinks are followed inside the workspace, and nowhere else", () => {
  const { workspace } = createWorkspace({ "real/a.txt": "a" });
  const link = (path: string, target: string) => workspace.write(path, bytesOf(target), 0o120000);
  link("to-file", "real/a.txt");
  link("to-directory", "real");
  link("nested/up", "../to-directory");
  link("outside", "../../etc/passwd");
  link("absolute", "/etc/passwd");
  link("circle", "circle");
  link("growing", "growing/more");
  expect(textAt(workspace, "to-file")).toBe("a");
  expect(textAt(workspace, "nested/up/a.txt")).toBe("a");
  workspace.write("to-directory/b.txt", bytesOf("b"));
  workspace.write("to-file", bytesOf("changed"));
  expect(textAt(workspace, "real/b.txt")).toBe("b");
  expect(textAt(workspace, "real/a.txt")).toBe("changed");
  expect(workspace.entry("to-file")).toMatchObject({ type: "symlink", size: 10 });
  for (const path of ["outside", "absolute", "circle", "growing"]) {
    expect(refusalOf(() => workspace.read(path))).toBe("notFound: No such file or directory (os error 2)");
  }
  workspace.remove("to-directory");
  expect(textAt(workspace, "real/b.txt")).toBe("b");
});

test("what does not fit is refused before anything is written", () => {
  const { workspace } = createWorkspace({ a: "12345" }, { fileBytesMax: 6, workspaceBytesMax: 10, filesMax: 2 });
  expect(refusalOf(() => workspace.write("b", bytesOf("1234567")))).toBe("tooLarge: File too large (os error 27)");
  expect(refusalOf(() => workspace.write("b", bytesOf("123456")))).toBe("full: No space left on device (os error 28)");
  workspace.write("b", bytesOf("12345"));
  expect(refusalOf(() => workspace.write("c", bytesOf("")))).toBe("full: No space left on device (os error 28)");
  workspace.write("a", bytesOf("54321"));
  expect(workspace.totals()).toEqual({ files: 2, bytes: 10 });
  workspace.remove("a");
  expect(workspace.totals()).toEqual({ files: 1, bytes: 5 });
});

test("a transaction that fails leaves nothing, not even the totals", () => {
  const { workspace, transactionSync } = createWorkspace({ a: "a" });
  expect(() =>
    transactionSync(() => {
      workspace.write("b", bytesOf("b"));
      workspace.remove("a");
      throw new Error("crash");
    }),
  ).toThrow("crash");
  expect(treeOf(workspace)).toEqual({ a: "100644 a" });
  expect(workspace.totals()).toEqual({ files: 1, bytes: 1 });
});

test("collecting deletes the contents that nobody names any more", () => {
  const { workspace, sql } = createWorkspace({ a: "old", b: "kept" });
  const pending = workspace.putBlob(bytesOf("pending"));
  workspace.putBlob(bytesOf("forgotten"));
  workspace.write("a", bytesOf("new"));
  workspace.collectBlobs([pending]);
  expect(sql.exec<{ count: number }>("SELECT count(*) AS count FROM blobs").one().count).toBe(3);
  expect(textAt(workspace, "b")).toBe("kept");
  expect(new TextDecoder().decode(workspace.readBlob(pending))).toBe("pending");
});

test.for([
  ["/workspace", "/workspace", ""],
  ["/workspace", "/workspace/a/b.txt", "a/b.txt"],
  ["/workspace/", "/workspace/./a//b/../c", "a/c"],
  ["/workspace", "/workspace/../workspace/a", "a"],
  ["/", "/a", "a"],
])("in %s the path %s is %o", ([cwd, absolute, expected]) => {
  expect(relativePath(cwd as string, absolute as string)).toBe(expected);
});

test.for(["/workspace/../etc", "/workspaces", "/", "a.txt", "/work"])("the path %s is outside of the workspace", (absolute) => {
  expect(refusalOf(() => relativePath("/workspace", absolute))).toBe(
    `outside: path is outside of the workspace /workspace: ${absolute}`,
  );
});
