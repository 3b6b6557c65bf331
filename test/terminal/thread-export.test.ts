import { expect, test } from "vitest";
import type { Client } from "#client/client";
import { parseThreadCommand } from "../../web/terminal/thread-arguments.ts";
import { exportedText } from "../../web/terminal/thread-export.ts";

/** A server that tells five entries, two a page. */
function server(entries: number): { client: Pick<Client, "request">; cursors: unknown[] } {
  const cursors: unknown[] = [];
  const request = async (_method: string, params: { cursor?: string | null; format?: string | null }) => {
    cursors.push(params.cursor);
    const after = Number(params.cursor ?? 0);
    const data = Array.from({ length: Math.min(2, entries - after) }, (_, index) => ({
      type: "warning",
      seq: after + index + 1,
    }));
    const isMarkdown = params.format === "markdown";
    const markdown = isMarkdown ? data.map(({ seq }) => `entry ${seq}\n`).join("") : null;
    const nextCursor = after + 2 < entries ? String(after + 2) : null;
    return { thread: { id: "t" }, data: isMarkdown ? [] : data, markdown, nextCursor };
  };
  return { client: { request: request as unknown as Client["request"] }, cursors };
}

async function written(entries: number, format: "json" | "markdown"): Promise<{ text: string; cursors: unknown[] }> {
  const { client, cursors } = server(entries);
  let text = "";
  for await (const part of exportedText(client, "t", format)) text += part;
  return { text, cursors };
}

test("all pages together are one JSON document", async () => {
  for (const entries of [0, 1, 2, 5]) {
    const { text, cursors } = await written(entries, "json");
    const seqs = Array.from({ length: entries }, (_, index) => ({ type: "warning", seq: index + 1 }));
    expect(JSON.parse(text)).toEqual({ version: 1, thread: { id: "t" }, entries: seqs });
    expect(cursors).toEqual([null, "2", "4"].slice(0, Math.max(1, Math.ceil(entries / 2))));
  }
});

test("or one text", async () => {
  expect((await written(3, "markdown")).text).toBe("entry 1\nentry 2\nentry 3\n");
});

test("the command line names a thread, and says what is wrong with it", () => {
  const parse = (...words: string[]) => parseThreadCommand(words, { SPINDLE_TOKEN: "secret" });
  const command = { type: "export", threadId: "t", format: "json", url: "ws://127.0.0.1:8787/", token: "secret" };
  expect(parse("export", "t")).toEqual({ type: "run", command });
  expect(parse("export", "t", "--format", "markdown", "--url", "https://x.test", "--token", "other")).toEqual({
    type: "run",
    command: { ...command, format: "markdown", url: "wss://x.test/", token: "other" },
  });
  const server = { url: "ws://127.0.0.1:8787/", token: "secret" };
  expect(parse("import", "f")).toEqual({ type: "run", command: { type: "import", file: "f", ...server } });
  expect(parse("--help")).toEqual({ type: "help" });
  for (const words of [
    [],
    ["import"],
    ["import", "f", "g"],
    ["import", "f", "--format", "copy"],
    ["export"],
    ["export", "t", "u"],
    ["export", "t", "--format", "pdf"],
    ["export", "t", "--url", "x"],
    ["export", "t", "--what"],
  ]) {
    expect(parse(...words).type, words.join(" ")).toBe("wrong");
  }
});
