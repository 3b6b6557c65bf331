/** What a locked screen shows of a thread, and what a push service never sees more of than fits. */
import { expect, test } from "vitest";
import { pushLimits } from "#core/limits";
import type { Ask } from "#core/push/attention";
import { askEvent, endedEvent, messageText } from "#core/push/message";

const threadId = "01900000-0000-7000-8000-000000000001";
const ask = (parts: Partial<Ask> = {}): Ask => ({
  requestId: "r1",
  kind: "command",
  itemId: "call_1",
  text: "npm test",
  ...parts,
});
const ended = (parts = {}) => ({ turnId: "t1", seq: 9, status: "completed" as const, durationMs: 1, text: "", ...parts });

test("a command that waits is told with its thread's name, and opens the thread", () => {
  expect(JSON.parse(messageText(askEvent(threadId, "Tidy the notes", ask()), 2))).toEqual({
    kind: "approval",
    threadId,
    itemId: "call_1",
    title: "Tidy the notes",
    body: "Wants to run: npm test",
    place: `#/threads/${threadId}`,
    waiting: 2,
  });
});

test("a diff that waits opens on the diff, by an address that holds any id", () => {
  const event = askEvent(threadId, "", ask({ kind: "changes", itemId: "call/ä #2", text: "notes.txt, src/a.ts" }));
  expect(event).toMatchObject({
    kind: "approval",
    title: "Spindle",
    body: "Wants to change notes.txt, src/a.ts",
    place: `#/threads/${threadId}/changes/call%2F%C3%A4%20%232`,
  });
});

test("an item whose id is a text of its own is not named", () => {
  const event = askEvent(threadId, "n", ask({ kind: "changes", itemId: "x".repeat(pushLimits.itemIdCharactersMax + 1) }));
  expect([event.itemId, event.place]).toEqual([null, `#/threads/${threadId}`]);
});

test("a question says its words; an ended turn what was said last, or what failed", () => {
  expect(askEvent(threadId, "n", ask({ kind: "question", text: "Which one?" }))).toMatchObject({
    kind: "question",
    body: "Which one?",
  });
  expect(endedEvent(threadId, "n", ended({ text: "All done." }))).toMatchObject({
    kind: "turnCompleted",
    body: "All done.",
    itemId: null,
  });
  expect(endedEvent(threadId, "n", ended())).toMatchObject({ kind: "turnCompleted", body: "The turn is finished" });
  expect(endedEvent(threadId, "n", ended({ status: "failed", text: "no model" }))).toMatchObject({
    kind: "turnFailed",
    body: "no model",
  });
});

test("signs that cannot be seen are gone, and what looks like a secret is hidden, also where it is cut", () => {
  const token = `ghp_${"A1b2C3d4".repeat(5)}`;
  const { title, body } = askEvent(threadId, "rm\u202e\u200b -rf", ask({ text: `${"x ".repeat(138)}curl -H ${token}\nmore` }));
  expect(title).toBe("rm -rf");
  expect(body).not.toContain("ghp_");
  expect(askEvent(threadId, `key ${token}`, ask({ text: `echo ${token}` }))).toMatchObject({
    title: "key [hidden-secret]",
    body: "Wants to run: echo [hidden-secret]",
  });
});

test("no text makes a message longer than a push may be, and what is cut is cut between characters", () => {
  for (const sign of ["x", '"', "\\", "ä", "漢", "🧵"]) {
    const event = askEvent(
      threadId,
      sign.repeat(5_000),
      ask({ text: sign.repeat(5_000), itemId: sign.repeat(60), kind: "changes" }),
    );
    const text = messageText(event, 1_000);
    expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(pushLimits.messageBytesMax);
    const { title, body } = JSON.parse(text);
    expect([title.isWellFormed(), body.isWellFormed()]).toEqual([true, true]);
    expect(Array.from(title)).toHaveLength(pushLimits.titleCharactersMax);
  }
});
