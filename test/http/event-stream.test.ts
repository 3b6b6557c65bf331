/** Frames as events: each once, in order, acknowledged when they were taken, and an end that a reader sees. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { afterOf, eventStream } from "../../workers/http/event-stream.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function opened(after = 0) {
  const told = { taken: 0, left: 0 };
  const stream = eventStream({
    after,
    heartbeatMs: 1_000,
    reconnectMs: 500,
    taken: (characters) => {
      told.taken += characters;
    },
    left: () => {
      told.left += 1;
    },
  });
  const reader = stream.body.getReader();
  const next = async () => {
    const { value, done } = await reader.read();
    return done ? null : new TextDecoder().decode(value);
  };
  return { stream, told, next, reader };
}

const frame = (seq: number, method = "turn/started") => JSON.stringify({ method, params: { text: "ä\nb" }, seq });

test("a frame is one event with its number, and its text stays in one line", async () => {
  const { stream, next } = opened();
  stream.message(frame(1));
  expect(await next()).toBe("retry: 500\n\n");
  expect(await next()).toBe(`id: 1\ndata: ${frame(1)}\n\n`);
});

test("answers, texts that are no frames, and what the reader has are left out and count as read", async () => {
  const { stream, next, told } = opened(5);
  const others = ['{"id":2,"result":{},"seq":9}', "pong", '{"method":"thread/status/changed","params":{}}', frame(4), frame(5)];
  for (const text of others) stream.message(text);
  expect(told.taken).toBe(others.join("").length);
  stream.message(frame(6));
  stream.message(frame(6));
  await next();
  expect(await next()).toContain("id: 6\n");
  stream.end();
  expect(await next()).toBe(null);
});

test("what nobody reads is not acknowledged", async () => {
  const { stream, next, told } = opened();
  await next();
  stream.message(frame(1));
  stream.message(frame(2));
  expect(told.taken).toBe(0);
  await next();
  expect(told.taken).toBe(frame(1).length);
  await next();
  expect(told.taken).toBe(frame(1).length + frame(2).length);
});

test("a silent thread says that it is there, and a reader who is behind is not told so", async () => {
  const { stream, next } = opened();
  await next();
  const beat = next();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await beat).toMatch(/^: .*\n\n$/);
  stream.message(frame(1));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await next()).toContain("id: 1\n");
  stream.end();
  expect(await next()).toBe(null);
  expect(vi.getTimerCount()).toBe(0);
});

test("the end comes behind what waits, and a reader who leaves is told once", async () => {
  const ended = opened();
  ended.stream.message(frame(1));
  ended.stream.end();
  ended.stream.message(frame(2));
  expect([await ended.next(), await ended.next(), await ended.next()]).toEqual([
    "retry: 500\n\n",
    `id: 1\ndata: ${frame(1)}\n\n`,
    null,
  ]);
  const left = opened();
  await left.next();
  await left.reader.cancel();
  left.stream.message(frame(1));
  expect(left.told).toEqual({ taken: 0, left: 1 });
  expect(vi.getTimerCount()).toBe(0);
});

test("the header of a browser that comes back counts before the query", () => {
  expect(afterOf(null, undefined)).toBe(0);
  expect(afterOf(null, 7)).toBe(7);
  expect(afterOf("9", 7)).toBe(9);
  expect(afterOf("", 7)).toBe(7);
  for (const bad of ["x", "-1", "1.5", " 1", "9".repeat(16)]) expect(afterOf(bad, 7)).toHaveProperty("problem");
});
