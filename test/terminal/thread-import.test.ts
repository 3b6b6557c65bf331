import { expect, test } from "vitest";
import type { Client } from "#client/client";
import { withCopyEnd } from "../../web/terminal/copy-end.ts";
import { terminalLimits } from "../../web/terminal/limits.ts";
import { exportedText } from "../../web/terminal/thread-export.ts";
import { importCopy } from "../../web/terminal/thread-import.ts";

interface Page {
  page: number;
  lines: string[];
  isLast: boolean;
}

async function sent(...pieces: string[]): Promise<Page[]> {
  const pages: Page[] = [];
  const request = async (_method: string, params: Page) => pages.push(params);
  await importCopy({ request: request as unknown as Client["request"] }, from(pieces), "t");
  return pages;
}

async function* from(pieces: string[]): AsyncGenerator<string> {
  yield* pieces;
}

test("lines come whole and in order, however the file is read, and separators within texts are no line ends", async () => {
  const lines = ["{}", JSON.stringify("a\u2028b\u2029c"), "[]"];
  const text = lines.map((line) => `${line}\n`).join("");
  for (const size of [1, 2, 5, 100]) {
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
      text.slice(index * size, (index + 1) * size),
    );
    expect(await sent(...pieces)).toMatchObject([{ page: 0, lines, isLast: true }]);
  }
  expect(await sent("{}\n[]")).toMatchObject([{ page: 0, lines: ["{}", "[]"], isLast: true }]);
  expect(await sent("")).toMatchObject([{ page: 0, lines: [], isLast: true }]);
});

test("a page is full before it is too large, and the last one says so", async () => {
  const line = "x".repeat(terminalLimits.importPageCharacters / 2 - 1);
  const pages = await sent(...Array.from({ length: 5 }, () => `${line}\n`));
  expect(pages.map(({ page, lines, isLast }) => [page, lines.length, isLast])).toEqual([
    [0, 2, false],
    [1, 2, false],
    [2, 1, true],
  ]);
});

test("an export for an audit, and a file without lines, are named before anything is sent", async () => {
  await expect(sent('{"version":1,"thread":{},"entries":[\n')).rejects.toThrow("--format copy");
  await expect(sent("x".repeat(terminalLimits.importLineCharactersMax + 1))).rejects.toThrow("a line does not end");
});

test("whoever writes a copy ends it", async () => {
  const pages = [["{}", "[]"], ["1"]];
  const request = async (_method: string, { cursor }: { cursor: string | null }) => {
    const at = Number(cursor ?? 0);
    return { thread: {}, data: [], markdown: null, lines: pages[at], nextCursor: at + 1 < pages.length ? String(at + 1) : null };
  };
  let text = "";
  for await (const part of exportedText({ request: request as unknown as Client["request"] }, "t", "copy")) text += part;
  expect(text).toBe(`${withCopyEnd(pages.flat()).join("\n")}\n`);
});
