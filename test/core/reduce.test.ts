import { expect, test } from "vitest";
import type { Draft, Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { folded, numbered, opening, openThread, turn, wireThread } from "./threads.ts";

const place = { threadId: "t", turnId: "u" };
const message = {
  type: "agentMessage",
  moderation: null,
  id: "m1",
  text: "",
  phase: null,
  memoryCitation: null,
  delivery: null,
  questions: null,
  startedAtMs: 1,
  completedAtMs: null,
} as const;
const said: Draft[] = [
  { method: "item/started", params: { item: message, ...place, startedAtMs: 1 } },
  { method: "item/agentMessage/delta", params: { ...place, itemId: "m1", delta: "one " } },
  { method: "item/agentMessage/delta", params: { ...place, itemId: "m1", delta: "two" } },
];
const request: Draft = {
  method: "item/fileChange/requestApproval",
  id: "t:r",
  params: { ...place, itemId: "i", startedAtMs: 1, reason: null, grantRoot: null },
};

test("streamed text gathers in its item, and the completed item is what was streamed", () => {
  const streaming = folded([...opening, ...said]);
  expect(streaming.turns[0]?.items).toEqual([{ ...message, text: "one two" }]);
  const item = { ...message, text: "one two", completedAtMs: 5 };
  const done = folded([
    ...opening,
    ...said,
    { method: "item/completed", params: { item, ...place, contentTokenCount: null, completedAtMs: 5 } },
  ]);
  expect(done.turns[0]?.items).toEqual([item]);
});

test("a frame that was seen changes nothing, whatever it says", () => {
  const frames = numbered([...opening, ...said]);
  const once = frames.reduce<Thread | null>(reduce, null);
  expect(frames.reduce<Thread | null>(reduce, once)).toBe(once);
});

test("what is given is never changed", () => {
  const thread = openThread();
  const before = structuredClone(thread);
  for (const frame of numbered([...opening, ...said, request]).slice(2)) reduce(thread, frame);
  expect(thread).toEqual(before);
});

test("a request waits from the frame that asks to the frame that resolves", () => {
  const waiting = folded([...opening, request]);
  expect(waiting.requests).toEqual([{ id: "t:r", seq: 3, method: request.method, params: request.params }]);
  const resolved: Draft = { method: "serverRequest/resolved", params: { threadId: "t", requestId: "t:r" } };
  expect(folded([...opening, request, resolved]).requests).toEqual([]);
});

test("a turn's time is what it worked, not what it waited for people", () => {
  const resolved: Draft = { method: "serverRequest/resolved", params: { threadId: "t", requestId: "t:r" } };
  // One frame a second: from the turn's start to the question, and from the answer on.
  expect(folded([...opening, ...said, request]).work?.activeMs).toBe(3_000);
  expect(folded([...opening, ...said, request, resolved]).work?.activeMs).toBe(3_000);
  expect(folded([...opening, ...said, request, resolved, ...said]).work?.activeMs).toBe(6_000);
});

test("a turn that ended keeps its items and nothing of the loop's work", () => {
  const ended = folded([
    ...opening,
    ...said,
    { method: "turn/completed", params: { threadId: "t", turn: { ...turn, status: "completed", completedAt: 9 } } },
  ]);
  expect(ended.turns[0]).toMatchObject({ status: "completed", completedAt: 9, itemsView: "full" });
  expect(ended.turns[0]?.items).toHaveLength(1);
  expect(ended.work).toBeNull();
});

test("without the private part a client folds the same thread, less the loop's own state", () => {
  const drafts = [...opening, ...said, request];
  const withoutPrivate = drafts.map(({ private: _, ...draft }) => draft as Draft);
  const { settings: _, work: __, grants: ___, ...seen } = folded(drafts);
  const { settings, work, grants, ...client } = folded(withoutPrivate);
  expect(client).toEqual(seen);
  expect({ settings, work }).toEqual({ settings: null, work: null });
});

test("a method that only newer servers know moves the count and nothing else", () => {
  const thread = folded(opening.map(({ private: _, ...draft }) => draft as Draft));
  const newer = { seq: 3, emittedAtMs: 2_000, method: "spindle/newer/thing", params: { threadId: "t" } } as unknown as Frame;
  expect(reduce(thread, newer)).toEqual({ ...thread, seq: 3 });
});

test("a log that does not begin with thread/started is refused", () => {
  expect(() => reduce(null, { ...numbered([request])[0] } as Frame)).toThrow("begins with thread/started");
  expect(folded([{ method: "thread/started", params: { thread: wireThread } }]).info.id).toBe("t");
});
