import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Client, type ClientOptions, createClient } from "#client/client";
import { type ConnectionState, reconnectPauseMs } from "#client/connection";
import { ClientClosed, ConnectionLost, CredentialEnded, RequestError } from "#client/failures";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import type { ThreadSettings } from "#protocol/thread-settings";
import { FakeServer, settled } from "./fake-server.ts";
import { changeRequestId, commandRequestId, compacted, recordedLog, threadId } from "./recorded-log.ts";

let server: FakeServer;
let clients: Client[];

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

function connect(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: "ws://fake/",
    clientInfo: { name: "test", version: "0" },
    WebSocket: server.WebSocket,
    random: () => 0,
    ...options,
  });
  clients.push(client);
  return client;
}

async function online(options: Partial<ClientOptions> = {}): Promise<Client> {
  const client = connect(options);
  await client.ready;
  await settled();
  return client;
}

/** The socket breaks, and the client's next one opens. */
async function reconnect(): Promise<void> {
  server.socket.drop();
  await vi.advanceTimersByTimeAsync(0);
  await settled();
}

function upTo(seq: number): Frame[] {
  return recordedLog.filter((frame) => frame.seq <= seq);
}

function folded(frames: Frame[]): Thread | null {
  return frames.reduce<Thread | null>(reduce, null);
}

describe("the handshake", () => {
  test("says initialize, waits for its answer, says initialized, and only then what was asked before", async () => {
    const client = connect();
    server.handlers["thread/list"] = () => ({ data: [], nextCursor: null, backwardsCursor: null });
    const list = await client.request("thread/list", {});
    expect(list.data).toEqual([]);
    const said = server.socket.said.map(({ method, params }) => ({ method, params }));
    expect(said).toEqual([
      {
        method: "initialize",
        params: {
          clientInfo: { name: "test", version: "0" },
          capabilities: { experimentalApi: true, extensions: { "spindle/replay": {}, "spindle/acknowledge": {} } },
        },
      },
      { method: "initialized", params: undefined },
      { method: "thread/list", params: {} },
    ]);
  });

  test("is said again on every new socket, under a new id", async () => {
    await online();
    await reconnect();
    const ids = server.sockets.map((socket) => socket.said[0]?.id);
    expect(server.sockets.map((socket) => socket.said.map(({ method }) => method))).toEqual([
      ["initialize", "initialized"],
      ["initialize", "initialized"],
    ]);
    expect(new Set(ids).size).toBe(2);
  });

  test("that the server refuses closes the client with the refusal, because it would be refused again", async () => {
    server.handlers.initialize = () => {
      throw { code: -32600, message: "Invalid clientInfo.name" };
    };
    const client = connect();
    await expect(client.ready).rejects.toEqual(new RequestError({ code: -32600, message: "Invalid clientInfo.name" }));
    expect(client.state).toMatchObject({ type: "closed", failure: { message: "Invalid clientInfo.name" } });
    await expect(client.request("thread/list", {})).rejects.toBeInstanceOf(RequestError);
  });

  test("carries the token as a header, and without one passes no second argument, which browsers would take for a subprotocol", async () => {
    await online({ token: "secret" });
    expect(server.socket.options).toEqual({ headers: { authorization: "Bearer secret" } });
    await online();
    expect(server.socket.options).toBeUndefined();
  });

  test("that gets no answer is given up after 15 seconds", async () => {
    server.acceptsSockets = false;
    connect();
    await vi.advanceTimersByTimeAsync(14_900);
    expect(server.sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(server.sockets).toHaveLength(2);
  });
});

describe("a request", () => {
  test("that the server refuses rejects with code, message and data", async () => {
    const client = await online();
    server.handlers["turn/start"] = () => {
      throw { code: -32602, message: "too long", data: { max_chars: 3 } };
    };
    const refused = client.request("turn/start", { threadId, input: [] });
    await expect(refused).rejects.toEqual(new RequestError({ code: -32602, message: "too long", data: { max_chars: 3 } }));
    await expect(refused).rejects.toMatchObject({ name: "RequestError", code: -32602, data: { max_chars: 3 } });
  });

  test("in flight when the socket drops is sent again if that changes nothing twice, under the same id", async () => {
    const client = await online();
    server.handlers["turn/start"] = () => undefined;
    server.handlers["thread/read"] = () => undefined;
    const turn = client.request("turn/start", { threadId, input: [], clientUserMessageId: "cm1" });
    const read = client.request("thread/read", { threadId });
    const before = server.socket.said.slice(2);
    server.handlers["turn/start"] = () => ({ turn: { id: "t1" } });
    server.handlers["thread/read"] = () => ({ thread: { id: threadId } });
    await reconnect();
    expect(server.socket.said.slice(2)).toEqual(before);
    expect(await turn).toEqual({ turn: { id: "t1" } });
    expect(await read).toEqual({ thread: { id: threadId } });
  });

  test("in flight that may happen twice rejects with ConnectionLost", async () => {
    const client = await online();
    server.handlers["turn/start"] = () => undefined;
    server.handlers["thread/start"] = () => undefined;
    const turn = client.request("turn/start", { threadId, input: [] });
    const thread = client.startThread();
    server.socket.drop();
    await expect(turn).rejects.toEqual(new ConnectionLost("turn/start"));
    await expect(thread).rejects.toEqual(new ConnectionLost("thread/start"));
    await vi.advanceTimersByTimeAsync(0);
    expect(server.socket.said.map(({ method }) => method)).toEqual(["initialize", "initialized"]);
  });

  test("made while there is no connection waits for one, even if it must not happen twice", async () => {
    const client = await online({ random: () => 1 });
    server.socket.drop();
    server.handlers["thread/archive"] = () => ({});
    const archived = client.request("thread/archive", { threadId });
    await vi.advanceTimersByTimeAsync(300);
    expect(await archived).toEqual({});
  });

  test("that finds the server overloaded is asked again, after a pause", async () => {
    const client = await online({ random: () => 1 });
    let asked = 0;
    server.handlers["thread/archive"] = () => {
      asked += 1;
      if (asked < 3) throw { code: -32001, message: "Server overloaded; retry later." };
      return {};
    };
    const archived = client.request("thread/archive", { threadId });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await archived).toEqual({});
    expect(asked).toBe(3);
  });

  test("is rejected by close, as is everything that waits", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(5));
    const thread = await client.openThread(threadId);
    server.handlers["thread/list"] = () => undefined;
    server.handlers["thread/resume"] = () => undefined;
    const waiting = [client.request("thread/list", {}), thread.until(() => false), client.openThread("another")];
    client.close();
    const ends = await Promise.allSettled([...waiting, client.request("thread/list", {}), client.openThread("a third")]);
    const reasons = ends.map((end) => (end.status === "rejected" ? end.reason.name : "fulfilled"));
    expect(reasons).toEqual(Array(5).fill("ClientClosed"));
    expect(thread.failure).toBeInstanceOf(ClientClosed);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a thread", () => {
  test("that is begun is folded from its first frame, which may come in the same packet as the answer", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(1));
    const thread = await client.startThread({ cwd: "/workspace" });
    expect(thread.id).toBe(threadId);
    expect(thread.state).toEqual(folded(upTo(1)));
    for (const frame of recordedLog.slice(1)) server.socket.deliver(frame);
    expect(thread.state).toEqual(folded(recordedLog));
  });

  test("has the settings that the answer tells, which an older frame of the replay does not undo and a newer one does", async () => {
    const client = await online();
    const settings = (effort: string) => ({ effort }) as unknown as ThreadSettings;
    const told = (seq: number, effort: string): Frame => ({
      method: "thread/settings/updated",
      params: { threadId, threadSettings: settings(effort) },
      seq,
      emittedAtMs: 0,
    });
    server.logs.set(threadId, [...upTo(2), told(3, "low"), told(4, "high")]);
    const thread = { ...server.threadOf(threadId), gitInfo: null };
    // As it was read while the replay was under way: it takes what came last into account.
    server.handlers["thread/resume"] = () => ({ thread, threadSettings: settings("high") });
    const handle = await client.openThread(threadId);
    expect([handle.state?.seq, handle.settings?.effort]).toEqual([4, "high"]);
    server.socket.deliver(told(5, "medium"));
    expect(handle.settings?.effort).toBe("medium");
  });

  test("that is opened comes whole, and goes on live", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(20));
    const thread = await client.openThread(threadId);
    expect(server.socket.said.at(-1)).toMatchObject({
      method: "thread/resume",
      params: { threadId, afterSeq: 0, excludeTurns: true },
    });
    expect(thread.state).toEqual(folded(upTo(20)));
    const heard: number[] = [];
    thread.subscribe((_, frame) => frame && heard.push(frame.seq));
    for (const frame of recordedLog.slice(20)) server.socket.deliver(frame);
    expect(thread.state).toEqual(folded(recordedLog));
    expect(heard).toEqual(recordedLog.slice(20).map(({ seq }) => seq));
  });

  test.each(recordedLog.map(({ seq }) => seq))(
    "cut after frame %i is the same in the end, whether streamed text was kept or dropped",
    async (cut) => {
      for (const log of [recordedLog, compacted(recordedLog)]) {
        const client = await online();
        server.logs.set(threadId, upTo(cut));
        const thread = await client.openThread(threadId);
        server.logs.set(threadId, log);
        await reconnect();
        expect(server.socket.said[2]?.params).toEqual({ threadId, afterSeq: cut, excludeTurns: true });
        expect(thread.state).toEqual(folded(recordedLog));
        expect(thread.isCaughtUp).toBe(true);
        client.close();
      }
    },
  );

  test("cut at every frame one after the other is the same in the end, with no frame told twice", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(1));
    const thread = await client.openThread(threadId);
    const heard: number[] = [];
    thread.subscribe((_, frame) => frame && heard.push(frame.seq));
    for (const { seq } of recordedLog.slice(1)) {
      server.logs.set(threadId, upTo(seq));
      await reconnect();
    }
    expect(thread.state).toEqual(folded(recordedLog));
    expect(heard).toEqual(recordedLog.slice(1).map(({ seq }) => seq));
  });

  test("ignores frames it has seen, and frames of sockets that were given up", async () => {
    const client = await online();
    server.logs.set(threadId, recordedLog);
    const thread = await client.openThread(threadId);
    const state = thread.state;
    for (const frame of recordedLog) server.socket.deliver(frame);
    const old = server.socket;
    await reconnect();
    old.isClosed = false;
    old.deliver({ method: "thread/deleted", params: { threadId }, seq: 99, emittedAtMs: 0 });
    expect(thread.state).toBe(state);
  });

  test("takes a frame of a newer server for a number and nothing else", async () => {
    const client = await online();
    server.logs.set(threadId, recordedLog);
    const thread = await client.openThread(threadId);
    server.socket.deliver({ method: "spindle/newer/thing", params: { threadId }, seq: 99 });
    expect(thread.state).toEqual({ ...folded(recordedLog), seq: 99 });
  });

  test("that does not exist, or no longer after a reconnect, fails with the server's refusal", async () => {
    const client = await online();
    await expect(client.openThread("none")).rejects.toMatchObject({ message: "no rollout found for thread id none" });
    server.logs.set(threadId, upTo(5));
    const thread = await client.openThread(threadId);
    const waiting = thread.until(({ turns }) => turns[0]?.status === "completed");
    server.logs.delete(threadId);
    const refusal = expect(waiting).rejects.toMatchObject({ message: `no rollout found for thread id ${threadId}` });
    await reconnect();
    await refusal;
    expect(thread.failure).toBeInstanceOf(RequestError);
  });

  test("whose object is just being moved is resumed again", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(5));
    const thread = await client.openThread(threadId);
    let attempts = 0;
    server.handlers["thread/resume"] = () => {
      attempts += 1;
      if (attempts < 3) throw { code: -32603, message: "Spindle failed to answer this request." };
      return { thread: server.threadOf(threadId) };
    };
    server.logs.set(threadId, recordedLog);
    await reconnect();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(attempts).toBe(3);
    expect(thread.state).toEqual(folded(recordedLog));
  });

  test("sends a message once, under a key, and answers a wait", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(1));
    const thread = await client.openThread(threadId);
    server.handlers["turn/start"] = () => ({ turn: { id: "t1" } });
    await thread.send("tidy up", { clientUserMessageId: "cm1" });
    expect(server.socket.said.at(-1)?.params).toEqual({
      threadId,
      clientUserMessageId: "cm1",
      input: [{ type: "text", text: "tidy up", text_elements: [] }],
    });
    const done = thread.until(({ turns }) => turns[0]?.status === "completed");
    for (const frame of recordedLog.slice(1)) server.socket.deliver(frame);
    expect((await done).turns[0]?.items).toHaveLength(5);
    const late = expect(thread.until(() => false, { timeoutMs: 100 })).rejects.toThrow("within 100 ms");
    await vi.advanceTimersByTimeAsync(100);
    await late;
  });

  test("is left by close: the server is told, waits are rejected, frames are ignored", async () => {
    const client = await online();
    server.logs.set(threadId, upTo(5));
    const thread = await client.openThread(threadId);
    const waiting = expect(thread.until(() => false)).rejects.toBeInstanceOf(ClientClosed);
    const state = thread.state;
    thread.close();
    await waiting;
    expect(server.socket.said.at(-1)).toMatchObject({ method: "thread/unsubscribe", params: { threadId } });
    for (const frame of recordedLog) server.socket.deliver(frame);
    expect(thread.state).toBe(state);
  });
});

describe("an answer to a server request", () => {
  const asked = recordedLog.find((frame) => "id" in frame && frame.id === changeRequestId)?.seq ?? 0;

  const accepted = { id: changeRequestId, result: { decision: "accept" } };

  async function openAsking() {
    const client = await online();
    server.logs.set(threadId, upTo(asked));
    return client.openThread(threadId);
  }

  test("goes out under the request's own id, and is forgotten once it is resolved", async () => {
    const thread = await openAsking();
    expect(thread.questions.map(({ id }) => id)).toEqual([changeRequestId]);
    thread.answer(changeRequestId, "accept");
    expect(server.answers).toEqual([{ id: changeRequestId, result: { decision: "accept" } }]);
    expect(thread.questions).toEqual([]);
    server.logs.set(threadId, recordedLog);
    await reconnect();
    await reconnect();
    expect(server.answers).toHaveLength(1);
    expect(thread.state?.requests).toEqual([]);
  });

  test("that the socket may have taken with it is sent again after the resume", async () => {
    const thread = await openAsking();
    thread.answer(changeRequestId, "decline");
    await reconnect();
    expect(server.answers).toEqual([
      { id: changeRequestId, result: { decision: "decline" } },
      { id: changeRequestId, result: { decision: "decline" } },
    ]);
    expect(server.socket.said.map(({ method }) => method)).toEqual(["initialize", "initialized", "thread/resume", undefined]);
  });

  test("given while there is no connection is sent when there is one", async () => {
    const thread = await openAsking();
    server.socket.drop();
    thread.answer(changeRequestId, "accept");
    expect(server.answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(0);
    await settled();
    expect(server.answers).toEqual([{ id: changeRequestId, result: { decision: "accept" } }]);
  });

  test("of hunks that cannot be taken opens the question again and says why, and another answer stands in its place", async () => {
    const thread = await openAsking();
    thread.answerHunks(changeRequestId, [7], "f00d");
    expect(server.answers).toEqual([{ id: changeRequestId, result: { decision: "accept", hunks: [7], proposalHash: "f00d" } }]);
    expect(thread.questions).toEqual([]);
    const error = { code: -32600, message: "no hunk 7" };
    server.socket.deliver({ method: "spindle/approval/refused", params: { threadId, requestId: changeRequestId, error } });
    expect(thread.questions.map(({ id }) => id)).toEqual([changeRequestId]);
    expect(thread.refusals.get(changeRequestId)).toBe("no hunk 7");
    thread.answer(changeRequestId, "accept");
    expect(thread.refusals.size).toBe(0);
    await reconnect();
    // What was refused is not said again.
    expect(server.answers.slice(1)).toEqual([accepted, accepted]);
    server.socket.deliver({ method: "spindle/approval/refused", params: { threadId, requestId: "nobody asked", error } });
    expect(thread.refusals.size).toBe(0);
  });

  test("to what was resolved already, or is asked twice, changes nothing", async () => {
    const thread = await openAsking();
    thread.answer(commandRequestId, "accept");
    expect(server.answers).toEqual([]);
    // Asked again after a resume, under the same number.
    const again = recordedLog[asked - 1];
    if (again) server.socket.deliver(again);
    expect(thread.questions).toHaveLength(1);
  });
});

describe("a connection", () => {
  test.each([0, 1, 4_999, 9_999, 10_000, 10_001, 14_000, 19_999, 40_000, 45_001])(
    "whose server falls silent %i ms after the handshake is given up within 20 seconds, and the next one is opened",
    async (aliveMs) => {
      await online();
      await vi.advanceTimersByTimeAsync(aliveMs);
      server.answersPings = false;
      await vi.advanceTimersByTimeAsync(20_000);
      expect(server.sockets[0]?.isClosed).toBe(true);
      await vi.advanceTimersByTimeAsync(1);
      expect(server.sockets).toHaveLength(2);
    },
  );

  test("is asked for life only after ten seconds of silence", async () => {
    await online();
    const pings = () => server.socket.sent.filter((text) => text === "ping").length;
    expect(pings(), "once at first: to learn whether this server answers").toBe(1);
    for (let second = 0; second < 60; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      server.socket.deliver({ method: "warning", params: {} });
    }
    expect(pings()).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(pings()).toBe(7);
    expect(server.sockets).toHaveLength(1);
  });

  test("is told how much was read, after every quarter of a mebi, on each socket anew", async () => {
    const client = await online();
    const told = () => server.socket.sent.flatMap((text) => (text.includes("spindle/read") ? [JSON.parse(text).params] : []));
    const message = { method: "warning", params: { message: "x".repeat(100_000) } };
    const characters = JSON.stringify(message).length;
    for (let times = 0; times < 5; times++) server.socket.deliver(message);
    expect(told()).toHaveLength(1);
    expect(told()[0].characters).toBeGreaterThanOrEqual(3 * characters);
    expect(told()[0].characters).toBeLessThan(4 * characters);
    server.socket.drop();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.sockets).toHaveLength(2);
    server.socket.deliver(message);
    expect(told()).toEqual([]);
    client.close();
  });

  test("that somebody comes back to is asked at once, and given up after three seconds of silence", async () => {
    const client = await online();
    await vi.advanceTimersByTimeAsync(5_000);
    client.wake();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(server.sockets).toHaveLength(1);
    server.answersPings = false;
    client.wake();
    await vi.advanceTimersByTimeAsync(2_000);
    client.wake();
    await vi.advanceTimersByTimeAsync(999);
    expect(server.sockets[0]?.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.sockets[0]?.isClosed).toBe(true);
    expect(server.sockets[0]?.sent.filter((text) => text === "ping")).toHaveLength(3);
  });

  test("to a server that does not know pings is never taken for dead while it answers at all", async () => {
    server.answersPings = false;
    await online();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(server.sockets).toHaveLength(1);
    expect(
      server.socket.sent.filter((text) => text === "ping"),
      "it is not asked again what it does not know",
    ).toHaveLength(1);
  });

  test("that dies before its first pong is given up within 20 seconds", async () => {
    server.answersPings = false;
    await online();
    server.handlers.ping = () => undefined;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.sockets[0]?.isClosed).toBe(true);
    expect(server.sockets.length).toBeGreaterThan(1);
    server.answersPings = true;
    await vi.advanceTimersByTimeAsync(20_000);
    const sockets = server.sockets.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(server.sockets, "the next one is asked by pings again").toHaveLength(sockets);
    expect(server.socket.sent.filter((text) => text === "ping").length).toBeGreaterThan(30);
  });

  test("that falls silent later is given up also where the server does not know pings", async () => {
    server.answersPings = false;
    await online();
    await vi.advanceTimersByTimeAsync(60_000);
    server.handlers.ping = () => undefined;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.sockets[0]?.isClosed).toBe(true);
  });

  test("pauses longer after each failure, never above ten seconds, and at random", () => {
    for (let failures = 1; failures <= 40; failures += 1) {
      const ceiling = Math.min(10_000, 250 * 2 ** (failures - 1));
      expect(reconnectPauseMs(failures, 0)).toBe(0);
      expect(reconnectPauseMs(failures, 0.5)).toBe(ceiling / 2);
      expect(reconnectPauseMs(failures, 0.999)).toBeLessThan(ceiling);
    }
  });

  test("begins with a short pause again after one that held, and not after one that dropped at once", async () => {
    const states: ConnectionState[] = [];
    server.refusesSockets = true;
    connect({ random: () => 1, onStateChange: (state) => states.push(state) });
    await vi.advanceTimersByTimeAsync(4_000);
    server.refusesSockets = false;
    await vi.advanceTimersByTimeAsync(10_000);
    const attempts = () => states.filter(({ type }) => type === "waiting").map((state) => "attempt" in state && state.attempt);
    expect(attempts()).toEqual([1, 2, 3, 4, 5]);
    server.socket.drop();
    expect(attempts().at(-1)).toBe(1);
    await vi.advanceTimersByTimeAsync(300);
    server.socket.drop();
    expect(attempts().at(-1)).toBe(2);
  });

  test("that waits is opened at once when the network is back", async () => {
    const client = await online({ random: () => 1 });
    server.socket.drop();
    expect(client.state.type).toBe("waiting");
    client.wake();
    await settled();
    expect(client.state.type).toBe("online");
  });

  test("whose credential the server has ended is not tried again", async () => {
    const client = await online();
    server.handlers["turn/start"] = () => undefined;
    const waiting = client.request("turn/start", { threadId, input: [] });
    server.socket.end(4401);
    await expect(waiting).rejects.toBeInstanceOf(CredentialEnded);
    expect(client.state).toEqual({ type: "closed", failure: expect.any(CredentialEnded) });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(1);
  });

  test("that is closed opens nothing more and leaves no timer", async () => {
    const client = await online();
    client.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    expect(client.state).toEqual({ type: "closed", failure: null });
  });
});
