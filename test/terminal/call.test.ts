import { expect, test } from "vitest";
import { parseCallCommand } from "../../web/terminal/call-arguments.ts";

const parse = (...words: string[]) => parseCallCommand(words, { SPINDLE_TOKEN: "secret" });

test("a method, and params that are none unless they are given", () => {
  const command = { method: "thread/list", params: {}, url: "ws://127.0.0.1:8787/", token: "secret" };
  expect(parse("thread/list")).toEqual({ type: "run", command });
  expect(parse("thread/read", '{"threadId":"t"}', "--url", "https://x.test", "--token", "other")).toEqual({
    type: "run",
    command: { method: "thread/read", params: { threadId: "t" }, url: "wss://x.test/", token: "other" },
  });
  expect(parse("--help")).toEqual({ type: "help" });
});

test("what is wrong is said", () => {
  const why = (...words: string[]) => {
    const parsed = parse(...words);
    return parsed.type === "wrong" ? parsed.reason : parsed.type;
  };
  expect(why()).toContain("A method is missing");
  expect(why("thread/list", "{}", "{}")).toContain("a word too many");
  expect(why("thread/list", "{threadId}")).toBe("The params are no JSON object: {threadId}");
  expect(why("thread/list", "[]")).toBe("The params are no JSON object: []");
  expect(why("thread/list", "--url", "127.0.0.1:8787")).toContain("is no address of a server");
  expect(why("thread/list", "--all")).toContain("--all");
});
