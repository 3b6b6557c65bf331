/** The tree of a workspace: what is drawn, and where the keys lead. */
import { expect, test } from "vitest";
import { type Folders, problemOfPath, rowsOf, sorted, stepOf, withAncestors } from "../../web/app/files/tree.ts";

const file = (name: string) => ({ name, isFolder: false });
const folder = (name: string) => ({ name, isFolder: true });
const folders: Folders = new Map([
  ["", [folder("src"), folder("empty"), file("README.md")]],
  ["src", [folder("deep"), file("a.ts")]],
  ["empty", []],
]);

test("folders come first, and numbers count as numbers", () => {
  const names = sorted([file("a10"), file("a2"), folder("z"), file("B")]).map(({ name }) => name);
  expect(names).toEqual(["z", "a2", "a10", "B"]);
});

test("a folder shows what is in it while it is open", () => {
  expect(rowsOf(folders, new Set()).map(({ path }) => path)).toEqual(["src", "empty", "README.md"]);
  expect(
    rowsOf(folders, new Set(["src"])).map(({ path, level, position, siblings }) => [path, level, position, siblings]),
  ).toEqual([
    ["src", 1, 1, 3],
    ["src/deep", 2, 1, 2],
    ["src/a.ts", 2, 2, 2],
    ["empty", 1, 2, 3],
    ["README.md", 1, 3, 3],
  ]);
});

test.each([
  ["ArrowDown", "src", { type: "focus", path: "src/deep" }],
  ["ArrowUp", "src", null],
  ["End", "src", { type: "focus", path: "README.md" }],
  ["Home", "README.md", { type: "focus", path: "src" }],
  ["ArrowRight", "empty", { type: "open", path: "empty" }],
  ["ArrowRight", "src", { type: "focus", path: "src/deep" }],
  ["ArrowRight", "README.md", null],
  ["ArrowLeft", "src", { type: "close", path: "src" }],
  ["ArrowLeft", "src/a.ts", { type: "focus", path: "src" }],
  ["ArrowLeft", "README.md", null],
  ["r", "src", { type: "focus", path: "README.md" }],
  ["e", "README.md", { type: "focus", path: "empty" }],
  ["x", "src", null],
])("%s at %s", (key, path, step) => {
  expect(stepOf(key, rowsOf(folders, new Set(["src"])), path)).toEqual(step);
});

test("an open folder with nothing in it leads nowhere to the right", () => {
  expect(stepOf("ArrowRight", rowsOf(folders, new Set(["empty"])), "empty")).toBeNull();
});

test.each(["", "a//b", "/a", "a/", "../a", "a/./b", ".git/config", "x/.GIT/y", "a\nb", "é".repeat(600)])(
  "%j is no path for a new file",
  (path) => {
    expect(problemOfPath(path)).not.toBeNull();
  },
);

test.each(["a", ".gitignore", "src/a b.ts", "…/ü"])("%j is one", (path) => {
  expect(problemOfPath(path)).toBeNull();
});

test("a change deep below is one of every folder above it", () => {
  expect(withAncestors("a/b/c")).toEqual(["a/b/c", "a/b", "a", ""]);
});
