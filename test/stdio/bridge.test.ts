/** The bridge's parent never notices a drop: sockets that break at every place, against a server in memory. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Frame } from "#core/frame";
import { FakeServer, type Message, settled } from "#test/client/fake-server";
import { commandRequestId, recordedLog, threadId } from "#test/client/recorded-log";
import { Bridge } from "../../web/stdio/bridge.ts";
import { bridgeLimits } from "../../web/stdio/limits.ts";
import type { BridgeOptions } from "../../web/stdio/process.ts";

let server: FakeServer;
let bridge: Bridge;
/** What the parent read, line by line. */
let lines: string[];
let refusals: string[];
let ids: number;

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer();
  server.handlers["account/read"] = () => ({ account: null });
  lines = [];
  refusals = [];
  ids = 0;
  bridge = begin();
});
afterEach(() => {
  bridge.close();
  vi.useRealTimers();
});

function begin(options: Partial<BridgeOptions> = {}): Bridge {
  return new Bridge({
    url: "ws://fake/",
    WebSocket: server.WebSocket,
    random: () => 0,
    write: (line) => lines.push(line),
    note: () => {},
    refused: (reason) => refusals.push(reason),
    refusal: async () => null,
    ...options,
  });
}

function say(message: object): void {
  bridge.receive(JSON.stringify(message));
}

/** Returns the request's id. */
function request(method: string, params: object = {}): number {
  ids += 1;
  say({ id: ids, method, params });
  return ids;
}

async function shakeHands(capabilities: object = {}): Promise<void> {
  request("initialize", { clientInfo: { name: "parent", version: "7" }, capabilities });
  await settled();
  say({ method: "initialized" });
  await settled();
}

async function reconnect(): Promise<void> {
  server.socket.drop();
  await vi.advanceTimersByTimeAsync(1);
  await settled();
}

const read = (): Message[] => lines.map((line) => JSON.parse(line) as Message);
const answerTo = (id: number) => read().find((message) => message.id === id && message.method === undefined);
const frames = () => read().filter(({ method }) => method !== undefined);
const said = (method: string) => server.socket.said.filter((message) => message.method === method);

/** The recorded thread is begun by the parent, and its first frames have come; the rest stands in its log. */
async function follow(seqMax: number): Promise<void> {
  server.handlers["thread/start"] = () => undefined;
  const id = request("thread/start");
  await settled();
  server.logs.set(threadId, [...recordedLog]);
  server.socket.deliver({ id, result: { thread: { id: threadId } }, seq: 2 });
  for (const frame of recordedLog.slice(0, seqMax)) server.socket.deliver(frame);
}

/** As the parent has to see them: no number. */
function plain(log: readonly Frame[]): object[] {
  return log.map(({ seq: _seq, ...frame }) => frame);
}

describe("the handshake", () => {
  test("is the parent's own with the extension added, and nothing of it is seen by the parent", async () => {
    await shakeHands({ experimentalApi: true, optOutNotificationMethods: ["a", "serverRequest/resolved"] });
    expect(server.socket.said).toEqual([
      {
        id: 1,
        method: "initialize",
        params: {
          clientInfo: { name: "parent", version: "7" },
          capabilities: {
            experimentalApi: true,
            optOutNotificationMethods: ["a"],
            extensions: { "spindle/replay": {}, "spindle/acknowledge": {} },
          },
        },
      },
      { method: "initialized" },
    ]);
    expect(read()).toEqual([{ id: 1, result: expect.objectContaining({ userAgent: "fake" }) }]);
  });

  test.each([
    ["that knows no extension hears nothing of Spindle's own", {}, 0],
    ["that asks for the extension hears it all", { extensions: { "spindle/replay": {} } }, 1],
  ])("of a parent %s", async (_, capabilities, heard) => {
    await shakeHands(capabilities);
    await follow(2);
    const params = { threadId, turnId: "t", revision: 1, mode: "observe", because: "", flip: null, delta: {} };
    server.socket.deliver({ method: "spindle/decisionTree/updated", params, seq: 3 });
    expect(frames().filter(({ method }) => method === "spindle/decisionTree/updated")).toHaveLength(heard);
  });

  test("is said again on every new socket, and answered to the parent once", async () => {
    await shakeHands();
    const [first] = said("initialize");
    await reconnect();
    expect(said("initialize")).toEqual([{ ...first, id: expect.any(String) }]);
    expect(said("initialized")).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  test("that was cut before its answer is simply said again", async () => {
    server.handlers.initialize = () => undefined;
    request("initialize", { clientInfo: { name: "parent", version: "7" } });
    await settled();
    delete server.handlers.initialize;
    await reconnect();
    expect(said("initialize")).toEqual([expect.objectContaining({ id: 1 })]);
    expect(answerTo(1)?.result).toBeDefined();
  });

  test("that the server refuses is the parent's to correct", async () => {
    server.handlers.initialize = () => {
      throw { code: -32600, message: "Invalid clientInfo.name" };
    };
    request("initialize", { clientInfo: { name: "\n", version: "7" } });
    await settled();
    expect(answerTo(1)?.error?.message).toBe("Invalid clientInfo.name");
    delete server.handlers.initialize;
    await shakeHands();
    expect(said("initialize").at(-1)?.params).toMatchObject({ capabilities: { extensions: { "spindle/replay": {} } } });
    expect(refusals).toEqual([]);
  });

  test("is not made up for a parent that says none: the server says what is wrong", async () => {
    server.handlers["thread/list"] = () => {
      throw { code: -32600, message: "Not initialized" };
    };
    request("thread/list");
    await settled();
    expect(answerTo(1)?.error?.message).toBe("Not initialized");
    expect(said("initialize")).toEqual([]);
  });

  test("that an old parent's new server refuses ends everything, with the server's words", async () => {
    await shakeHands();
    server.handlers.initialize = () => {
      throw { code: -32600, message: "no more of you" };
    };
    await reconnect();
    expect(refusals).toEqual(["the server refused to go on: no more of you"]);
  });

  test("that was refused once and works by the time we know why goes on", async () => {
    const asked = Promise.withResolvers<string | null>();
    bridge = begin({ refusal: () => asked.promise });
    server.refusesSockets = true;
    request("initialize", { clientInfo: { name: "parent", version: "7" } });
    await settled();
    server.refusesSockets = false;
    await vi.advanceTimersByTimeAsync(1);
    asked.resolve("not now");
    await settled();
    expect(answerTo(1)?.result).toBeDefined();
    expect(refusals).toEqual([]);
  });

  test("for which no socket opens ends everything when the server says why, and is tried again when it does not", async () => {
    let reason: string | null = null;
    bridge = begin({ refusal: async () => reason });
    server.refusesSockets = true;
    request("initialize", { clientInfo: { name: "parent", version: "7" } });
    await vi.advanceTimersByTimeAsync(10);
    expect(server.sockets.length).toBeGreaterThan(1);
    expect(refusals).toEqual([]);
    reason = "invalid websocket bearer token";
    await vi.advanceTimersByTimeAsync(10);
    expect(refusals).toContain("invalid websocket bearer token");
    const { length } = server.sockets;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.sockets).toHaveLength(length);
  });
});

describe("a thread's frames", () => {
  test("come once and in order, wherever the socket breaks, and without their numbers", async () => {
    for (let broken = 0; broken <= recordedLog.length; broken += 1) {
      lines = [];
      bridge.close();
      bridge = begin();
      await shakeHands();
      await follow(broken);
      await reconnect();
      expect(said("thread/resume")).toEqual([
        { id: expect.any(String), method: "thread/resume", params: { threadId, afterSeq: broken, excludeTurns: true } },
      ]);
      expect(frames(), `broken after ${broken}`).toEqual(plain(recordedLog));
    }
  });

  test("keep their numbers for a parent that asked for them", async () => {
    await shakeHands({ extensions: { "spindle/replay": {} } });
    await follow(3);
    await reconnect();
    expect(frames()).toEqual(recordedLog);
  });

  test("that come twice are told once", async () => {
    await shakeHands();
    await follow(5);
    for (const frame of recordedLog) server.socket.deliver(frame);
    expect(frames()).toEqual(plain(recordedLog));
  });

  test("of a thread that is not followed any more are not asked for", async () => {
    await shakeHands();
    await follow(2);
    request("thread/unsubscribe", { threadId });
    await reconnect();
    expect(said("thread/resume")).toEqual([]);
  });

  test("cannot come from a thread that is gone: the parent hears that it is closed", async () => {
    await shakeHands();
    await follow(2);
    server.logs.clear();
    await reconnect();
    expect(frames().at(-1)).toEqual({ method: "thread/closed", params: { threadId } });
    await reconnect();
    expect(said("thread/resume")).toEqual([]);
  });

  test("are asked for again when the server had trouble of its own", async () => {
    await shakeHands();
    await follow(2);
    server.handlers["thread/resume"] = () => {
      delete server.handlers["thread/resume"];
      throw { code: -32603, message: "moved" };
    };
    await reconnect();
    expect(frames()).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(frames()).toEqual(plain(recordedLog));
  });

  test("that a parent does not read are left in the log until it does", async () => {
    await shakeHands();
    await follow(4);
    bridge.block(true);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(frames()).toHaveLength(4);
    expect(server.sockets.at(-1)?.isClosed).toBe(true);
    bridge.block(false);
    await vi.advanceTimersByTimeAsync(1);
    await settled();
    expect(frames()).toEqual(plain(recordedLog));
  });
});

describe("a resume of the parent's own", () => {
  const catchUp = { method: "item/started", params: { threadId, item: { type: "agentMessage", text: "" } } };
  const waiting = recordedLog.find((frame) => "id" in frame && frame.id === commandRequestId) as Frame;

  test("is told whole, or not at all and then once more", async () => {
    await shakeHands();
    server.logs.set(threadId, [...recordedLog]);
    server.handlers["account/read"] = () => undefined;
    const id = request("thread/resume", { threadId });
    await settled();
    server.socket.deliver(catchUp);
    // Cut before what waits for an answer came.
    expect(lines).toHaveLength(1);
    server.handlers["account/read"] = () => ({ account: null });
    await reconnect();
    server.socket.deliver(catchUp);
    server.socket.deliver(waiting);
    expect(answerTo(id)?.result).toBeDefined();
    expect(frames()).toEqual([catchUp, ...plain([waiting])]);
    expect(said("thread/resume")).toEqual([{ id, method: "thread/resume", params: { threadId } }]);
  });

  test("that was cut keeps nothing of what the thread itself brings from the parent", async () => {
    await shakeHands();
    await follow(4);
    server.handlers["account/read"] = () => undefined;
    const id = request("thread/resume", { threadId });
    await settled();
    server.handlers["account/read"] = () => ({ account: null });
    await reconnect();
    expect(answerTo(id)?.result).toBeDefined();
    expect(frames()).toEqual(plain(recordedLog));
  });

  test("holds what follows it back until it was told itself", async () => {
    await shakeHands();
    server.logs.set(threadId, [...recordedLog]);
    server.handlers["account/read"] = () => undefined;
    const id = request("thread/resume", { threadId });
    await settled();
    server.socket.deliver(catchUp);
    server.socket.deliver(waiting);
    expect(lines).toHaveLength(1);
    server.socket.deliver({ id: String(said("account/read")[0]?.id), result: {} });
    expect(read().slice(1)).toEqual([{ id, result: expect.anything() }, catchUp, ...plain([waiting])]);
  });
});

describe("what was not answered when the socket broke", () => {
  test("is sent again when it is a read", async () => {
    await shakeHands();
    server.handlers["thread/read"] = () => undefined;
    const id = request("thread/read", { threadId });
    server.handlers["thread/read"] = () => ({ thread: { id: threadId } });
    await reconnect();
    expect(answerTo(id)?.result).toEqual({ thread: { id: threadId } });
    expect(said("thread/read")).toHaveLength(1);
  });

  test.each(["turn/start", "turn/steer", "thread/queue/add"])("%s gets a key, so that it happens once", async (method) => {
    const seen: unknown[] = [];
    server.handlers[method] = ({ clientUserMessageId }) => {
      seen.push(clientUserMessageId);
      return seen.length === 1 ? undefined : { turnId: "t" };
    };
    await shakeHands();
    const id = request(method, { threadId, input: [] });
    await reconnect();
    expect(seen).toEqual([expect.any(String), seen[0]]);
    expect(answerTo(id)?.result).toEqual({ turnId: "t" });
  });

  test("keeps the parent's own key, and its very text", async () => {
    await shakeHands();
    server.handlers["turn/start"] = () => undefined;
    const text = `{"id":9007199254740993,"method":"turn/start","params":{"threadId":"t","input":[],"clientUserMessageId":"mine","x":9007199254740993}}`;
    bridge.receive(text);
    expect(server.socket.sent.at(-1)).toBe(text);
  });

  test("is answered with the truth when sending it again could do it twice", async () => {
    await shakeHands();
    server.handlers["thread/archive"] = () => undefined;
    const id = request("thread/archive", { threadId });
    await reconnect();
    expect(answerTo(id)?.error).toEqual({
      code: -32603,
      message: "the connection was lost before thread/archive was answered; it may or may not have happened",
    });
    expect(said("thread/archive")).toEqual([]);
  });

  test("and what was asked while there was no socket, is asked in order when there is one again", async () => {
    await shakeHands();
    server.refusesSockets = true;
    server.socket.drop();
    const id = request("thread/archive", { threadId });
    say({ method: "some/notification" });
    request("thread/read", { threadId });
    await vi.advanceTimersByTimeAsync(5);
    server.refusesSockets = false;
    server.handlers["thread/archive"] = () => ({});
    await vi.advanceTimersByTimeAsync(5);
    await settled();
    expect(answerTo(id)?.result).toEqual({});
    const order = server.socket.said.map(({ method }) => method);
    expect(order).toEqual(["initialize", "initialized", "some/notification", "thread/archive", "thread/read"]);
  });

  test("is bounded: one request more is refused as the real server refuses it", async () => {
    await shakeHands();
    server.handlers["thread/read"] = () => undefined;
    for (let count = 0; count < bridgeLimits.pendingMax; count += 1) request("thread/read");
    const id = request("thread/read");
    expect(answerTo(id)?.error).toEqual({ code: -32001, message: "Server overloaded; retry later." });
  });
});

describe("a request of the server", () => {
  const upToRequest = recordedLog.findIndex((frame) => "id" in frame && frame.id === commandRequestId) + 1;
  const decision = { id: commandRequestId, result: { decision: "accept" } };
  const asked = () => frames().filter(({ id }) => id === commandRequestId);

  test("is told once, also when it is asked again after a drop", async () => {
    await shakeHands();
    await follow(upToRequest);
    server.logs.set(threadId, recordedLog.slice(0, upToRequest));
    await reconnect();
    server.socket.deliver(recordedLog[upToRequest - 1] as Frame);
    expect(asked()).toHaveLength(1);
  });

  test("that is answered while there is no socket gets its answer when there is one, once the thread is back", async () => {
    await shakeHands();
    await follow(upToRequest);
    server.logs.set(threadId, recordedLog.slice(0, upToRequest));
    server.socket.drop();
    say(decision);
    expect(server.answers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await settled();
    expect(server.answers).toEqual([decision]);
    expect(server.socket.said.at(-1)).toEqual(decision);
  });

  test("gets its answer once on a socket on which the thread is not back yet", async () => {
    await shakeHands();
    await follow(upToRequest);
    server.logs.set(threadId, recordedLog.slice(0, upToRequest));
    server.handlers["thread/resume"] = () => undefined;
    await reconnect();
    say(decision);
    expect(server.answers).toEqual([]);
    server.socket.deliver({ id: String(said("thread/resume")[0]?.id), result: {}, seq: upToRequest });
    expect(server.answers).toEqual([decision]);
  });

  test("is answered again on the next socket unless the server said that it is resolved", async () => {
    await shakeHands();
    await follow(upToRequest);
    server.logs.set(threadId, recordedLog.slice(0, upToRequest));
    say(decision);
    await reconnect();
    expect(server.answers).toEqual([decision, decision]);
    server.socket.deliver({ method: "serverRequest/resolved", params: { threadId, requestId: commandRequestId }, seq: 900 });
    await reconnect();
    expect(server.answers).toHaveLength(2);
  });

  test("that is resolved is not told to a parent that opted out of hearing so", async () => {
    await shakeHands({ optOutNotificationMethods: ["serverRequest/resolved"] });
    await follow(recordedLog.length);
    expect(frames()).toEqual(plain(recordedLog.filter(({ method }) => method !== "serverRequest/resolved")));
  });
});

describe("the end of the input", () => {
  test("waits for what is not answered yet", async () => {
    await shakeHands();
    server.handlers["thread/read"] = () => undefined;
    const id = request("thread/read");
    let hasEnded = false;
    void bridge.end().then(() => {
      hasEnded = true;
    });
    await settled();
    expect(hasEnded).toBe(false);
    server.socket.deliver({ id, result: {} });
    await settled();
    expect(hasEnded).toBe(true);
  });

  test("waits until the server has an answer that the parent gave", async () => {
    const upToRequest = recordedLog.findIndex((frame) => "id" in frame && frame.id === commandRequestId) + 1;
    await shakeHands();
    await follow(upToRequest);
    say({ id: commandRequestId, result: { decision: "accept" } });
    let hasEnded = false;
    void bridge.end().then(() => {
      hasEnded = true;
    });
    await settled();
    expect(hasEnded).toBe(false);
    server.socket.deliver(recordedLog[upToRequest] as Frame);
    await settled();
    expect(hasEnded).toBe(true);
  });

  test("does not wait for ever", async () => {
    await shakeHands();
    server.handlers["thread/read"] = () => undefined;
    request("thread/read");
    const ended = bridge.end();
    await vi.advanceTimersByTimeAsync(bridgeLimits.endMsMax);
    await ended;
  });

  test("leaves no timer", async () => {
    await shakeHands();
    await bridge.end();
    bridge.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("what is no message is dropped, as on the real server", async () => {
  await shakeHands();
  for (const line of ["nonsense", "[]", '{"id":null,"method":"x"}']) bridge.receive(line);
  expect(server.socket.said).toHaveLength(2);
  expect(lines).toHaveLength(1);
});
