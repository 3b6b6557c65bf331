import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readFolder } from "../../web/terminal/folder.ts";
import { isIgnored, parseIgnoreFile } from "../../web/terminal/ignore.ts";
import { createDice } from "./random.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "spindle-ignore-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, text = ""): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** What git itself would take. */
function takenByGit(): string[] {
  // The person's own global ignore file is none of our business.
  const environment = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", XDG_CONFIG_HOME: root };
  execFileSync("git", ["init", "-q", root], { env: environment });
  const listed = execFileSync("git", ["-C", root, "ls-files", "-z", "--others", "--exclude-standard"], { env: environment });
  return listed.toString().split("\0").filter(Boolean).sort();
}

async function takenByUs(): Promise<string[]> {
  return (await readFolder(root)).files.map(({ path }) => path).sort();
}

describe("one pattern", () => {
  const cases: [pattern: string, path: string, isDirectory: boolean, expected: boolean][] = [
    ["*.log", "a.log", false, true],
    ["*.log", "deep/a.log", false, true],
    ["/a.log", "deep/a.log", false, false],
    ["deep/*.log", "deep/a.log", false, true],
    ["deep/*.log", "very/deep/a.log", false, false],
    ["build/", "build", true, true],
    ["build/", "build", false, false],
    ["**/b", "a/x/b", false, true],
    ["a/**", "a", true, false],
    ["a/**", "a/b", false, true],
    ["a/**/b", "a/b", false, true],
    ["a/**/b", "a/x/y/b", false, true],
    ["a**b", "axxb", false, true],
    ["?.c", "x.c", false, true],
    ["[a-c].c", "d.c", false, false],
    ["[!a-c].c", "d.c", false, true],
    ["[]a].c", "].c", false, true],
    ["[[:digit:]]", "7", false, true],
    ["\\#x", "#x", false, true],
    ["\\!x", "!x", false, true],
    ["#x", "#x", false, false],
    ["x ", "x", false, true],
    ["x\\ ", "x ", false, true],
    ["a.c", "abc", false, false],
    ["(x|y)", "x", false, false],
    ["[a", "[a", false, false],
    ["x\\", "x\\", false, false],
  ];
  test.each(cases)("%j on %j (directory: %j) is %j, and git says so too", (pattern, path, isDirectory, expected) => {
    expect(isIgnored([parseIgnoreFile(pattern, "")], path, isDirectory)).toBe(expected);
    put(".gitignore", `${pattern}\n`);
    if (isDirectory) mkdirSync(join(root, path), { recursive: true });
    else put(path);
    execFileSync("git", ["init", "-q", root]);
    const checked = spawnSync("git", ["-C", root, "check-ignore", "-q", "--no-index", path]);
    expect(checked.status).toBe(expected ? 0 : 1);
  });
});

test("the last rule that fits decides, an inner file before an outer one, and what lies in an ignored folder stays out", async () => {
  put(".gitignore", "*.log\n!keep.log\nout/\n!out/kept\n");
  put("keep.log");
  put("drop.log");
  put("out/kept");
  put("inner/.gitignore", "keep.log\n!drop.log\n");
  put("inner/keep.log");
  put("inner/drop.log");
  expect(await takenByUs()).toEqual([".gitignore", "inner/.gitignore", "inner/drop.log", "keep.log"]);
  expect(await takenByUs()).toEqual(takenByGit());
});

test("a folder within a repository obeys the files above it and .git/info/exclude", async () => {
  put(".gitignore", "*.log\npackages/*/made\n");
  put("packages/one/a.log");
  put("packages/one/made/x");
  put("packages/one/private");
  put("packages/one/source");
  takenByGit();
  put(".git/info/exclude", "private\n");
  const { files } = await readFolder(join(root, "packages/one"));
  expect(files.map(({ path }) => path)).toEqual(["source"]);
});

const names = ["a", "b", "ab", "a.c", "b.log", "[x]", "x y", "#c", "!n", "é", "a-b", "Z", "7", "x\\y", "(p", "d+"];
const pieces = [
  "a",
  "b",
  "x",
  "*",
  "**",
  "?",
  "[ab]",
  "[!a]",
  "[^b-d]",
  "[[:alpha:]]",
  ".",
  "log",
  "c",
  "\\*",
  "\\a",
  "Z",
  "7",
  "-",
  "(p",
  "+",
  "é",
  "[x",
  "[]]",
  "{a}",
];

test.each(Array.from({ length: 40 }, (_, index) => index + 1))("tree %i is taken as git takes it", async (seed) => {
  const dice = createDice(seed);
  const place = (depth: number): string => Array.from({ length: 1 + dice.below(depth) }, () => dice.pick(names)).join("/");
  const pattern = (): string => {
    const segments = Array.from({ length: 1 + dice.below(3) }, () =>
      dice.below(4) === 0 ? "**" : Array.from({ length: 1 + dice.below(3) }, () => dice.pick(pieces)).join(""),
    );
    return `${dice.below(4) === 0 ? "!" : ""}${dice.below(4) === 0 ? "/" : ""}${segments.join("/")}${dice.below(4) === 0 ? "/" : ""}`;
  };
  for (let file = 0; file < 60; file += 1) {
    try {
      put(place(4), "x");
    } catch {
      // A file stands where a folder would have to be, or the other way round: the tree goes without.
    }
  }
  for (const folder of ["", ...names.slice(0, 4).map((name) => `${name}/`)]) {
    try {
      put(`${folder}.gitignore`, Array.from({ length: 1 + dice.below(5) }, pattern).join("\n"));
    } catch {
      // As above.
    }
  }
  expect(await takenByUs()).toEqual(takenByGit());
});
