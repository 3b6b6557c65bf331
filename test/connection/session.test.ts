import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Gateway } from "#connection/gateway";
import { Session, type SessionState } from "#connection/session";
import { limits } from "#core/limits";
import { noMeter } from "#core/metrics/meter";
import { type ConnectionNotificationMethod, connectionNotifications } from "#protocol/connection-notifications";
import { extensionNotifications, notifications } from "#protocol/notifications";

const threadId = "01a1fb3f-4778-7c11-97e7-bf4dd7bdf055";
const frame = (seq: number) => ({
  seq,
  method: "turn/started",
  text: `{"method":"turn/started","params":{"threadId":"${threadId}"}}`,
});

test("the answer to a request goes before the frames that it caused", async () => {
  const { session, sent, gateway } = follow();
  const { promise, resolve } = Promise.withResolvers<{ resultText: string; seq: number }>();
  gateway.request = () => promise;
  const asked = session.receive(`{"id":7,"method":"turn/interrupt","params":{"threadId":"${threadId}","turnId":"t"}}`);
  const delivered = session.deliver({ threadId, after: 0, frames: [frame(1)] });
  await Promise.resolve();
  expect(sent).toEqual([]);
  resolve({ resultText: "{}", seq: 1 });
  await Promise.all([asked, delivered]);
  expect(sent).toEqual(['{"id":7,"result":{}}', frame(1).text]);
});

test("a frame goes to the socket once, and a delivery that leaves a hole is sent back to where the socket is", async () => {
  const { session, sent } = follow();
  expect(await session.deliver({ threadId, after: 0, frames: [frame(1), frame(2)] })).toEqual({ gone: false, cursor: 2 });
  expect(await session.deliver({ threadId, after: 0, frames: [frame(1), frame(2), frame(3)] })).toEqual({
    gone: false,
    cursor: 3,
  });
  expect(await session.deliver({ threadId, after: 5, frames: [frame(6)] })).toEqual({ gone: false, cursor: 3 });
  expect(sent).toHaveLength(3);
});

test("what the session has to remember is with the socket when the frames are", async () => {
  const { session, kept } = follow();
  await session.deliver({ threadId, after: 0, frames: [frame(1)] });
  expect(kept.at(-1)?.threads).toEqual([{ threadId, cursor: 1, cwd: "/workspace" }]);
});

test("what changed where somebody watches is told after the answer to what changed it, and not when the watch has ended", async () => {
  const { session, sent, gateway } = follow();
  session.state.watches = [{ watchId: "w", threadId }];
  const { promise, resolve } = Promise.withResolvers<{ resultText: string; seq: number }>();
  gateway.request = () => promise;
  const asked = session.receive(`{"id":7,"method":"fs/remove","params":{"path":"/workspace/a"}}`);
  const told = { method: "fs/changed", text: "changed", about: { threadId, watchId: "w" } } as const;
  const telling = session.tell(told);
  const ended = session.tell({ ...told, text: "not watched", about: { threadId, watchId: "other" } });
  await Promise.resolve();
  expect(sent).toEqual([]);
  resolve({ resultText: "{}", seq: 1 });
  await Promise.all([asked, telling, ended]);
  expect(sent).toEqual(['{"id":7,"result":{}}', "changed"]);
});

const known = { ...notifications, ...connectionNotifications };

test("a client hears nothing of what it opted out of, be it one notification or all of them", async () => {
  for (const optOut of [...Object.keys(known).map((method) => [method]), Object.keys(known)]) {
    const { session, sent } = follow({ optOut });
    const methods = Object.keys(known);
    const frames = methods.map((method, index) => ({ seq: index + 1, method, text: method }));
    expect(await session.deliver({ threadId, after: 0, frames })).toEqual({ gone: false, cursor: frames.length });
    for (const method of Object.keys(connectionNotifications)) {
      await session.tell({ method: method as ConnectionNotificationMethod, text: method });
    }
    // Those of the extension are for clients that asked for it.
    const wanted = (names: string[]) => names.filter((method) => !optOut.includes(method) && !extensionNotifications.has(method));
    expect(sent).toEqual([...wanted(methods), ...wanted(Object.keys(connectionNotifications))]);
  }
});

test("what a client missed reaches it on resuming, without what it opted out of", async () => {
  const { session, sent, gateway } = follow({ optOut: ["item/started"] });
  gateway.resumeThread = async () => ({
    result: {},
    seq: 1,
    cwd: "/workspace",
    cursor: 1,
    catchUp: [
      { method: "item/started", text: "started" },
      { method: "item/agentMessage/delta", text: "delta" },
    ],
    pending: [],
  });
  await session.receive(`{"id":1,"method":"thread/resume","params":{"threadId":"${threadId}"}}`);
  expect(sent).toEqual(['{"id":1,"result":{}}', "delta"]);
});

test("whoever opts out of every notification that Codex has is remembered as such", async () => {
  const methods = codexNotifications();
  expect(methods.length).toBeGreaterThan(60);
  const { session, kept } = follow({ initialized: false });
  const params = { clientInfo: { name: "t", version: "0" }, capabilities: { optOutNotificationMethods: methods } };
  await session.receive(JSON.stringify({ id: 1, method: "initialize", params }));
  expect(kept.at(-1)?.initialized?.optOut).toEqual(methods);
  expect(JSON.stringify(kept.at(-1)).length).toBeLessThan(limits.sessionStateBytesMax);
});

test("nobody opts out of what waits for an answer", async () => {
  const method = "item/fileChange/requestApproval";
  const { session, sent } = follow({ optOut: [method] });
  await session.deliver({ threadId, after: 0, frames: [{ seq: 1, method, text: "asked" }] });
  expect(sent).toEqual(["asked"]);
});

test("of thousands of requests at once each is answered, those beyond the bound at once and the others when they are done", async () => {
  const { session, sent, gateway } = follow();
  const answers: (() => void)[] = [];
  let waiting = 0;
  let most = 0;
  gateway.directory = () =>
    new Promise((resolve) => {
      waiting += 1;
      most = Math.max(most, waiting);
      answers.push(() => {
        waiting -= 1;
        resolve({ resultText: "{}" });
      });
    });
  const count = 5_000;
  const all = Array.from({ length: count }, (_, id) => session.receive(`{"id":${id},"method":"thread/loaded/list","params":{}}`));
  expect([most, sent.length]).toEqual([limits.requestsInFlightMax, count - limits.requestsInFlightMax]);
  for (const answer of answers) answer();
  await Promise.all(all);
  const ids = sent.map((text) => JSON.parse(text).id).sort((one, other) => one - other);
  expect(ids).toEqual(Array.from({ length: count }, (_, id) => id));
  expect(sent.filter((text) => text.includes('"code":-32001'))).toHaveLength(count - limits.requestsInFlightMax);
  const later = session.receive('{"id":"later","method":"thread/loaded/list","params":{}}');
  answers.at(-1)?.();
  await later;
  expect(sent.at(-1)).toBe('{"id":"later","result":{}}');
});

function codexNotifications(): string[] {
  const envelope = new URL("../fixtures/codex-0.169.0/envelopes/ServerNotification.json", import.meta.url);
  const { oneOf } = JSON.parse(readFileSync(envelope, "utf8")) as { oneOf: { properties: { method: { enum: [string] } } }[] };
  return oneOf.map(({ properties }) => properties.method.enum[0]);
}

/** A session that follows one thread from its beginning. */
function follow({ optOut = [] as string[], initialized = true } = {}) {
  const sent: string[] = [];
  const kept: SessionState[] = [];
  const gateway = { meter: noMeter, now: () => 0 } as Gateway;
  const state: SessionState = {
    version: 1,
    account: "local",
    connection: "local/c",
    initialized: initialized ? { client: { name: "t", version: "0" }, experimentalApi: true, replay: false, optOut } : null,
    threads: [{ threadId, cursor: 0, cwd: "/workspace" }],
    hasJoined: true,
    searches: [],
    watches: [],
  };
  const socket = {
    send: (text: string) => sent.push(text) > 0,
    close: () => {},
    keep: (now: SessionState) => void kept.push(structuredClone(now)),
  };
  const session = new Session(state, socket, gateway, { version: "0", defaultModel: "m", models: [] });
  return { session, sent, kept, gateway };
}

test("an announcement comes once, not of a thread that is followed, and behind the answer to a request about its thread", async () => {
  const { session, sent, gateway } = follow();
  const other = "01a1fb3f-4778-7c11-97e7-bf4dd7bdf056";
  const announced = (id: number, of: string, method = "thread/status/changed") => ({
    id,
    threadId: of,
    method,
    text: `${id}`,
    seq: null,
  });
  await session.announce({ announcements: [announced(1, other), announced(2, threadId)], isBehind: false });
  await session.announce({ announcements: [announced(1, other), announced(3, other)], isBehind: false });
  // What the Directory itself has to say of a thread is in no thread's log.
  await session.announce({ announcements: [announced(4, threadId, "thread/section/changed")], isBehind: false });
  expect(sent.splice(0)).toEqual(["1", "3", "4"]);

  const { promise, resolve } = Promise.withResolvers<{ resultText: string; seq: number }>();
  gateway.request = () => promise;
  const asked = session.receive(`{"id":8,"method":"thread/archive","params":{"threadId":"${other}"}}`);
  const told = session.announce({ announcements: [announced(5, other, "thread/archived")], isBehind: false });
  await Promise.resolve();
  expect(sent).toEqual([]);
  resolve({ resultText: "{}", seq: 1 });
  await asked;
  expect(await told).toEqual({ gone: false, id: 5 });
  expect(sent).toEqual(['{"id":8,"result":{}}', "5"]);
});

test("what a client heard in a thread that it has left is not announced to it again, and what came after is", async () => {
  const { session, sent, gateway, kept } = follow();
  gateway.detach = async () => {};
  await session.deliver({ threadId, after: 0, frames: [frame(1), frame(2), frame(3)] });
  await session.receive(`{"id":7,"method":"thread/unsubscribe","params":{"threadId":"${threadId}"}}`);
  sent.splice(0);
  const announced = (id: number, seq: number) => ({ id, threadId, method: "thread/status/changed", text: `${id}`, seq });
  expect(kept.at(-1)?.left).toEqual([{ threadId, cursor: 3 }]);
  await session.announce({ announcements: [announced(1, 2), announced(2, 3), announced(3, 4)], isBehind: false });
  expect(sent).toEqual(["3"]);
});

test("who could not join is answered all the same, and joins with the next request; who may not is refused by name", async () => {
  const { session, sent, gateway, kept } = follow();
  session.state.hasJoined = false;
  gateway.request = async () => ({ resultText: "{}", seq: 1 });
  gateway.report = () => {};
  const ask = () => session.receive(`{"id":9,"method":"thread/read","params":{"threadId":"${threadId}"}}`);
  gateway.join = () => Promise.reject(new Error("it is being moved"));
  await ask();
  expect(sent.splice(0)).toEqual(['{"id":9,"result":{}}']);
  gateway.join = async () => false;
  await ask();
  expect(sent.splice(0).join()).toContain("Server overloaded; retry later.");
  gateway.join = async () => true;
  await ask();
  expect(sent).toEqual(['{"id":9,"result":{}}']);
  expect(kept.at(-1)?.hasJoined).toBe(true);
});
