import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApprovedChange, blobId, readFolder, writeBack } from "../../web/terminal/folder.ts";
import { terminalLimits } from "../../web/terminal/limits.ts";
import { filesOfPatch } from "../../web/terminal/patch.ts";

let outside: string;
let root: string;
beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), "spindle-folder-")));
  root = join(outside, "root");
  mkdirSync(root);
});
afterEach(() => {
  rmSync(outside, { recursive: true, force: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** A change from `before` to `after`; null for "no file". */
function change(path: string, before: string | null, after: string | null, more: Partial<ApprovedChange> = {}): ApprovedChange {
  return {
    path,
    bytes: after === null ? null : Buffer.from(after),
    isExecutable: null,
    isBase: (contents) => (contents === null ? before === null : Buffer.from(contents).toString() === before),
    ...more,
  };
}

describe("an approved change", () => {
  test("is written: a new file with its folders, an edit with its mode kept, a deletion with the folders it empties", async () => {
    put("run.sh", "old");
    chmodSync(join(root, "run.sh"), 0o750);
    put("gone/deep/x", "x");
    expect(await writeBack(root, change("a/b/c.txt", null, "new"))).toEqual({ type: "written" });
    expect(await writeBack(root, change("run.sh", "old", "new"))).toEqual({ type: "written" });
    expect(await writeBack(root, change("gone/deep/x", "x", null))).toEqual({ type: "deleted" });
    expect([textOf("a/b/c.txt"), textOf("run.sh"), existsSync(join(root, "gone"))]).toEqual(["new", "new", false]);
    expect(statSync(join(root, "run.sh")).mode & 0o777).toBe(0o750);
    expect(statSync(join(root, "a/b/c.txt")).mode & 0o777).toBe(0o644);
  });

  test("makes a file executable, and only that if the contents are the same", async () => {
    put("run.sh", "same");
    chmodSync(join(root, "run.sh"), 0o640);
    expect(await writeBack(root, change("run.sh", "same", "same", { isExecutable: true }))).toEqual({ type: "written" });
    expect(statSync(join(root, "run.sh")).mode & 0o777).toBe(0o750);
    expect(await writeBack(root, change("new.sh", null, "x", { isExecutable: true }))).toEqual({ type: "written" });
    expect(statSync(join(root, "new.sh")).mode & 0o777).toBe(0o755);
  });

  test("that is in the folder already changes nothing", async () => {
    put("a.txt", "new");
    expect(await writeBack(root, change("a.txt", "old", "new"))).toEqual({ type: "unchanged" });
    expect(await writeBack(root, change("b.txt", "old", null))).toEqual({ type: "unchanged" });
  });

  test("of a file that changed here meanwhile leaves it, and lies beside it", async () => {
    put("a.txt", "mine");
    expect(await writeBack(root, change("a.txt", "old", "theirs"))).toEqual({ type: "conflict", beside: "a.txt.spindle" });
    expect([textOf("a.txt"), textOf("a.txt.spindle")]).toEqual(["mine", "theirs"]);
    put("b.txt", "mine");
    expect(await writeBack(root, change("b.txt", null, "theirs"))).toEqual({ type: "conflict", beside: "b.txt.spindle" });
    expect(await writeBack(root, change("b.txt", "old", null))).toEqual({ type: "conflict", beside: null });
    expect(textOf("b.txt")).toBe("mine");
    // Deleted here, changed there.
    expect(await writeBack(root, change("c.txt", "old", "theirs"))).toEqual({ type: "conflict", beside: "c.txt.spindle" });
    expect(existsSync(join(root, "c.txt"))).toBe(false);
  });

  test.each([
    "../x",
    "a/../../x",
    "/etc/x",
    "",
    ".",
    "a//b",
    "a/./b",
    "a\\..\\x",
    "C:/x",
    "a\0b",
    ".git/hooks/post-checkout",
    "sub/.GIT/config",
    ".Git",
  ])("of the path %j is refused", async (path) => {
    const outcome = await writeBack(root, change(path, null, "evil"));
    expect(outcome.type).toBe("refused");
    expect((await readFolder(outside)).files).toEqual([]);
  });

  test("through a symbolic link is refused, wherever it points and wherever it stands", async () => {
    writeFileSync(join(outside, "secret"), "safe");
    mkdirSync(join(outside, "elsewhere"));
    symlinkSync("../secret", join(root, "file-link"));
    symlinkSync("../elsewhere", join(root, "folder-link"));
    symlinkSync("nowhere", join(root, "broken-link"));
    put("inside/x", "x");
    symlinkSync("inside", join(root, "inner-link"));
    for (const path of ["file-link", "folder-link/new", "broken-link", "inner-link/x"]) {
      for (const after of ["evil", null]) {
        const outcome = await writeBack(root, change(path, "safe", after, { isBase: () => true }));
        expect(outcome).toEqual({ type: "refused", reason: `${path.split("/")[0]} is a symbolic link` });
      }
    }
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("safe");
    expect(existsSync(join(outside, "elsewhere/new"))).toBe(false);
    expect(existsSync(join(root, "nowhere"))).toBe(false);
    // A conflict's second file takes no detour either.
    put("a.txt", "mine");
    symlinkSync("../secret", join(root, "a.txt.spindle"));
    expect((await writeBack(root, change("a.txt", "old", "evil"))).type).toBe("refused");
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("safe");
  });

  test("whose place is taken by a folder, or whose folder is a file, is refused", async () => {
    put("folder/x", "x");
    expect(await writeBack(root, change("folder", null, "x"))).toEqual({ type: "refused", reason: "folder is in the way" });
    expect(await writeBack(root, change("folder/x/y", null, "x"))).toEqual({ type: "refused", reason: "folder/x is in the way" });
  });
});

describe("a folder", () => {
  test("is read without .git, node_modules and our own leftovers, at any depth, and says what else it left out", async () => {
    put("a.txt", "a");
    put("sub/node_modules/x/index.js", "x");
    put("sub/.git/config", "x");
    put("a.txt.spindle", "x");
    put("big.bin", "x".repeat(terminalLimits.fileBytesMax + 1));
    put("just.bin", "x".repeat(terminalLimits.fileBytesMax));
    symlinkSync("a.txt", join(root, "link"));
    const { files, leftOut } = await readFolder(root);
    expect(files.map(({ path }) => path)).toEqual(["a.txt", "just.bin"]);
    expect(leftOut).toEqual([
      { path: "big.bin", reason: "larger than 1 MiB" },
      { path: "link", reason: "a symbolic link" },
    ]);
  });

  test("of more than 64 MiB is taken up to there, smaller files still fitting in", async () => {
    const bytes = "x".repeat(terminalLimits.fileBytesMax);
    for (let index = 0; index < 66; index += 1) put(`f${String(index).padStart(2, "0")}`, bytes);
    const { files, leftOut } = await readFolder(root);
    expect(files).toHaveLength(64);
    expect(leftOut).toEqual([
      { path: "f64", reason: "more than 64 MiB in all" },
      { path: "f65", reason: "more than 64 MiB in all" },
    ]);
  });
});

test("a patch tells what was there and which mode comes, also of files with difficult names", () => {
  const [one, two, none] = ["1".repeat(40), "2".repeat(40), "0".repeat(40)];
  const patch = [
    `diff --git a/x b/y b/x b/y`,
    `index ${one}..${two} 100644`,
    "--- a/x b/y",
    "+++ b/x b/y",
    "@@ -1 +1 @@",
    `-index ${two}..${one}`,
    "+new mode 100755",
    'diff --git "a/\\303\\244\\"\\t.sh" "b/\\303\\244\\"\\t.sh"',
    "new file mode 100755",
    `index ${none}..${two}`,
    "diff --git a/mode b/mode",
    "old mode 100755",
    "new mode 100644",
    "diff --git a/gone b/gone",
    "deleted file mode 100644",
    `index ${one}..${none}`,
    "",
  ].join("\n");
  expect([...filesOfPatch(patch)]).toEqual([
    ["x b/y", { before: one, isExecutable: null }],
    ['ä"\t.sh', { before: null, isExecutable: true }],
    ["mode", { before: null, isExecutable: false }],
    ["gone", { before: one, isExecutable: null }],
  ]);
});

test("a blob's id is git's", () => {
  expect(blobId(Buffer.from("hello\n"))).toBe("ce013625030ba8dba906f756967f9e9ca394464a");
});
