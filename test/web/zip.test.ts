/** An archive that the page makes is one that others open: Python's reader checks every byte and sum. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { zip } from "../../web/app/files/zip.ts";

const reader = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[info.filename, archive.read(info).hex(), info.compress_type, list(info.date_time), info.external_attr >> 16] for info in archive.infolist()]))
`;

async function read(files: Parameters<typeof zip>[0], madeAt = new Date(2026, 10, 21, 12, 30, 58)): Promise<unknown[][]> {
  const folder = mkdtempSync(join(tmpdir(), "spindle-zip-"));
  try {
    const place = join(folder, "archive.zip");
    writeFileSync(place, new Uint8Array(await (await zip(files, madeAt)).arrayBuffer()));
    return JSON.parse(execFileSync("python3", ["-c", reader, place], { encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const stored = 0;
const deflated = 8;

test("names, bytes, times and kinds come out as they went in", async () => {
  const repeated = new Uint8Array(100_000).fill(65);
  const random = crypto.getRandomValues(new Uint8Array(5_000));
  const made = [2026, 11, 21, 12, 30, 58];
  expect(
    await read([
      { path: "src/Grüße 🦉.txt", bytes: repeated },
      { path: "random.bin", bytes: random },
      { path: "empty.txt", bytes: new Uint8Array() },
      { path: "folder/", bytes: new Uint8Array() },
    ]),
  ).toEqual([
    ["src/Grüße 🦉.txt", Buffer.from(repeated).toString("hex"), deflated, made, 0o100644],
    ["random.bin", Buffer.from(random).toString("hex"), stored, made, 0o100644],
    ["empty.txt", "", stored, made, 0o100644],
    ["folder/", "", stored, made, 0o40755],
  ]);
});

test("nothing at all is an archive too", async () => {
  expect(await read([])).toEqual([]);
});
