import { expect, test } from "vitest";
import { compact, isNearlyFull } from "#core/compaction";
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { next } from "#core/next";
import type { ModelItem } from "#core/private";
import { instructions, modelInput } from "#core/prompt";
import type { Thread } from "#core/thread";
import type { ItemOf } from "#protocol/item";
import { folded, numbered, opening, openThread, turn } from "./threads.ts";

const place = { threadId: "t", turnId: "u" };

function userSays(text: string, id = "m"): Draft {
  const item: ItemOf<"userMessage"> = {
    type: "userMessage",
    id,
    clientId: null,
    content: [{ type: "text", text, text_elements: [] }],
    startedAtMs: 1,
    completedAtMs: 1,
  };
  const said: ModelItem = { type: "message", role: "user", content: [{ type: "input_text", text }] };
  return {
    method: "item/completed",
    params: { item, ...place, contentTokenCount: null, completedAtMs: 1 },
    private: { modelItems: [said], event: { type: "userSaid" } },
  };
}

const landed: Draft = {
  method: "warning",
  params: { threadId: "t", message: "" },
  private: {
    event: {
      type: "settled",
      callId: "c",
      landed: [{ path: "src/a.ts", before: null, after: { mode: 33188, hash: "h", size: 1 } }],
    },
    modelItems: [{ type: "function_call_output", call_id: "c", output: "x".repeat(50_000) }],
  },
};
const planned: Draft = {
  method: "turn/plan/updated",
  params: { ...place, explanation: null, plan: [{ step: "write the test", status: "inProgress" }] },
};
const ended: Draft = { method: "turn/completed", params: { threadId: "t", turn: { ...turn, status: "completed" } } };
const second: Draft = {
  method: "turn/started",
  params: { threadId: "t", turn: { ...turn, id: "v" } },
  private: { event: { type: "turnStarted", settings: openThread().settings ?? never(), outputSchema: undefined } },
};

test("what people said, what landed and the plan are kept; tool output is not", () => {
  const { items, tokens } = compact(numbered([...opening, userSays("please fix it"), landed, planned, ended]), null, null);
  const text = textOf(items);
  for (const part of ["please fix it", "added src/a.ts", "[inProgress] write the test"]) expect(text).toContain(part);
  expect(text.length).toBeLessThan(1_000);
  expect(tokens).toBe(Math.ceil(JSON.stringify(items).length / 4));
});

test("the running turn is kept as it is, behind the summary", () => {
  const now = userSays("and now this", "n");
  const { items } = compact(numbered([...opening, userSays("before"), ended, second, now]), "v", null);
  expect(items.slice(1)).toEqual(now.private?.modelItems);
  expect(textOf(items.slice(0, 1))).not.toContain("and now this");
});

test("a second compaction keeps the first one's summary, and does not grow without end", () => {
  let frames: Draft[] = [
    ...opening,
    ...Array.from({ length: 200 }, (_, index) => userSays(`${index} ${"word ".repeat(900)}`, `m${index}`)),
  ];
  const sizes: number[] = [];
  for (let round = 0; round < 6; round++) {
    const { items, tokens } = compact(numbered(frames), null, null);
    sizes.push(JSON.stringify(items).length);
    frames = [
      { ...planned, private: { modelItems: items, event: { type: "compacted", tokens } } },
      ...Array.from({ length: 200 }, (_, index) => userSays(`${round} ${index} ${"word ".repeat(900)}`, `m${index}`)),
    ];
  }
  const charactersMax = limits.contextTokensDefault * limits.compactedShareMax * 4;
  for (const size of sizes) expect(size).toBeLessThan(charactersMax * 1.1);
});

test("the input begins anew where the past was made shorter", () => {
  const items: ModelItem[] = [{ type: "message", role: "user", content: [] }];
  const compacted: Draft = { ...planned, private: { modelItems: items, event: { type: "compacted", tokens: 1 } } };
  expect(modelInput(numbered([...opening, userSays("old"), compacted]))).toEqual(items);
  expect(folded([...opening, userSays("old"), compacted])).toMatchObject({ inputFromSeq: 4, contextTokens: 1 });
});

test("it is done when the window is nearly full, once, before the model is asked again", () => {
  const full = (tokens: number): Thread => {
    const thread = openThread();
    return { ...thread, contextTokens: tokens, work: thread.work && { ...thread.work, awaitsModel: true } };
  };
  const most = limits.contextTokensDefault * limits.contextShareMax;
  expect(isNearlyFull(full(most))).toBe(false);
  expect(next(full(most)).type).toBe("askModel");
  expect(next(full(most + 1)).type).toBe("compact");
});

test("guides go from the root down, are bounded, and yield to people", () => {
  const settings = openThread().settings ?? never();
  const text = instructions(settings, "/workspace", [
    { path: "src/AGENTS.md", text: "deep" },
    { path: "AGENTS.md", text: "root" },
    { path: "big/AGENTS.md", text: "x".repeat(limits.guideCharactersMax * 2) },
  ]);
  expect(text.indexOf("From AGENTS.md:\nroot")).toBeGreaterThan(0);
  expect(text.indexOf("From AGENTS.md")).toBeLessThan(text.indexOf("From big/AGENTS.md"));
  expect(text.length).toBeLessThan(limits.guideCharactersMax + 3_000);
  expect(text).toContain("The person in the thread outranks them.");
});

function textOf(items: ModelItem[]): string {
  return items.flatMap(({ content }) => (Array.isArray(content) ? content.map(({ text }) => String(text)) : [])).join("\n");
}

function never(): never {
  throw new Error("no settings");
}
