import { expect, test } from "vitest";
import { searchPaths } from "#workspace/search";

const files = (...paths: string[]) => paths.map((path) => ({ path, type: "file" as const }));
const found = (query: string, ...paths: string[]) => searchPaths(files(...paths), query, 50).map(({ path }) => path);

test("letters in order match, the better place first, and say where they stand", () => {
  expect(searchPaths(files("src/README.md", "README.md", "src/main.ts"), "READ", 50)).toMatchObject([
    { path: "README.md", type: "file", indices: [0, 1, 2, 3] },
    { path: "src/README.md", type: "file", indices: [4, 5, 6, 7] },
  ]);
  expect(found("mts", "src/main.ts", "mist/other.txt", "a.md")).toEqual(["src/main.ts"]);
});

test("small letters match capitals and capitals only themselves; words apart all have to match", () => {
  expect(found("read", "README.md", "readme.txt")).toEqual(expect.arrayContaining(["README.md", "readme.txt"]));
  expect(found("READ", "README.md", "readme.txt")).toEqual(["README.md"]);
  expect(found("src .ts$ !test", "src/a.ts", "src/a.test.ts", "lib/a.ts")).toEqual(["src/a.ts"]);
});

test("among equals the path decides, and of many the best are kept whatever piece they came in", () => {
  const many = Array.from({ length: 12_000 }, (_, index) => `folder/file-${String(index).padStart(5, "0")}.txt`);
  const best = searchPaths(files(...many, "file.txt"), "file.txt", 3);
  expect(best.map(({ path }) => path)).toEqual(["file.txt", "folder/file-00000.txt", "folder/file-00001.txt"]);
  expect(best[0]?.score).toBeGreaterThan(best[1]?.score ?? 0);
});
