/** An upload takes what fits, says what it leaves, and can send again what failed. */
import { expect, test } from "vitest";
import { filesLimits } from "../../web/app/files/limits.ts";
import { type LocalFile, selectionOf, upload } from "../../web/app/files/upload.ts";

const local = (path: string, size = 1): LocalFile => ({ path, size, read: async () => new Uint8Array(size) });
const paths = (files: readonly LocalFile[]) => files.map(({ path }) => path);

test("git's and npm's own folders stay, each named once", () => {
  const { files, leftOut } = selectionOf(
    ["p/a.ts", "p/.git/HEAD", "p/.git/x/y", "p/.gitignore", "p/web/node_modules/z.js"].map((path) => local(path)),
  );
  expect(paths(files)).toEqual(["p/a.ts", "p/.gitignore"]);
  expect(leftOut).toEqual([
    { path: "p/.git", reason: "2 files that git or npm makes anew" },
    { path: "p/web/node_modules", reason: "1 file that git or npm makes anew" },
  ]);
});

test("a file above the bound, and what is too much together, stay by name", () => {
  const { uploadFileBytesMax, uploadBytesMax, uploadFilesMax } = filesLimits;
  const full = Array.from({ length: Math.floor(uploadBytesMax / uploadFileBytesMax) }, (_, at) =>
    local(`f${at}`, uploadFileBytesMax),
  );
  const bytes = selectionOf([
    local("big", uploadFileBytesMax + 1),
    ...full,
    local("more", uploadFileBytesMax),
    local("small", 1),
  ]);
  expect(bytes.leftOut).toEqual([
    { path: "big", reason: "larger than 5.0 MiB" },
    { path: "more", reason: "more than 64.0 MiB in all" },
  ]);
  const many = selectionOf(Array.from({ length: uploadFilesMax + 1 }, (_, at) => local(`f${at}`)));
  expect(many.leftOut).toEqual([{ path: `f${uploadFilesMax}`, reason: "more than 5000 files" }]);
});

test("what fails is named and the others arrive; the retry sends only what failed", async () => {
  const written: string[] = [];
  const files = Array.from({ length: 20 }, (_, at) => local(`f${at}`));
  let isBroken = true;
  const write = async (path: string) => {
    if (isBroken && path === "f7") throw new Error("no room");
    written.push(path);
  };
  const progress: number[] = [];
  const failed = await upload(files, write, (done) => progress.push(done));
  expect(failed.map(({ file, reason }) => [file.path, reason])).toEqual([["f7", "no room"]]);
  expect(written).toHaveLength(19);
  expect(progress.at(-1)).toBe(20);
  isBroken = false;
  expect(
    await upload(
      failed.map(({ file }) => file),
      write,
      () => {},
    ),
  ).toEqual([]);
  expect(written.toSorted()).toEqual(paths(files).toSorted());
});
