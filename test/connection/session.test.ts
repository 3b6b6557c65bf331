import { expect, test } from "vitest";
import type { Gateway } from "#connection/gateway";
import { Session, type SessionState } from "#connection/session";

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

/** A session that follows one thread from its beginning. */
function follow() {
  const sent: string[] = [];
  const kept: SessionState[] = [];
  const gateway = {} as Gateway;
  const state: SessionState = {
    version: 1,
    account: "local",
    connection: "local/c",
    initialized: { client: { name: "t", version: "0" }, experimentalApi: true, replay: false, optOut: [] },
    threads: [{ threadId, cursor: 0, cwd: "/workspace" }],
    searches: [],
    watches: [],
  };
  const socket = {
    send: (text: string) => void sent.push(text),
    close: () => {},
    keep: (now: SessionState) => void kept.push(structuredClone(now)),
  };
  const session = new Session(state, socket, gateway, { version: "0", defaultModel: "m", models: [] });
  return { session, sent, kept, gateway };
}
