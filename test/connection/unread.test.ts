import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SessionState } from "#connection/session";
import { BoundedSocket } from "#connection/unread";
import { limits } from "#core/limits";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const mebi = "x".repeat(1024 * 1024);

test("a client that does not acknowledge is closed with 1013, and nothing is sent to it any more", () => {
  const { socket, sent, closed, over } = open({ acknowledges: true });
  for (let times = 0; times < 30; times++) socket.send(mebi);
  expect(sent).toHaveLength(limits.unreadCharactersMax / mebi.length + 1);
  expect(closed).toEqual([1013]);
  expect(over).toEqual([limits.unreadCharactersMax + mebi.length]);
  expect(socket.isOver).toBe(true);
});

test("a client that acknowledges may be sent any amount, also when its object wakes without its memory in between", () => {
  const { state, sent, closed, kept, ...first } = open({ acknowledges: true });
  let { socket } = first;
  for (let times = 0; times < 100; times++) {
    socket.send(mebi);
    socket.acknowledged({ characters: mebi.length });
    socket = open({ acknowledges: true, state: kept.at(-1) as SessionState, sent, closed }).socket;
  }
  expect(sent).toHaveLength(100);
  expect(closed).toEqual([]);
  expect(state.initialized?.acknowledges).toBe(true);
});

test("an acknowledgement that is no number, or of more than was sent, gives nobody more room than there is", () => {
  const { socket, closed, sent } = open({ acknowledges: true });
  const nonsense = [
    null,
    undefined,
    {},
    { characters: "9" },
    { characters: -5 },
    { characters: Number.NaN },
    { characters: 1e300 },
  ];
  for (const params of nonsense) socket.acknowledged(params);
  socket.acknowledged({ characters: Number.MAX_SAFE_INTEGER });
  for (let times = 0; times < 30; times++) socket.send(mebi);
  expect(sent).toHaveLength(limits.unreadCharactersMax / mebi.length + 1);
  expect(closed).toEqual([1013]);
});

test("a client of Codex, which acknowledges nothing, may be silent for long, and any word of it begins anew", () => {
  const { socket, closed, sent } = open({ acknowledges: false });
  for (let times = 0; times < 16; times++) socket.send(mebi);
  socket.showedLife();
  for (let times = 0; times < 16; times++) socket.send(mebi);
  expect(closed).toEqual([]);
  for (let times = 0; times < 16; times++) socket.send(mebi);
  expect(closed).toEqual([1013]);
  expect(sent).toHaveLength(16 + limits.unreadSilentCharactersMax / mebi.length + 1);
});

test("a word of a client that acknowledges is no acknowledgement", () => {
  const { socket, closed } = open({ acknowledges: true });
  for (let times = 0; times < 30; times++) {
    socket.send(mebi);
    socket.showedLife();
  }
  expect(closed).toEqual([1013]);
});

test("what can wait, waits until the client has read; each acknowledgement gives it the whole time again", async () => {
  const { socket, closed } = open({ acknowledges: true });
  socket.send(mebi);
  socket.send(mebi);
  let hasRoom = false;
  const waiting = socket.room().then(() => {
    hasRoom = true;
  });
  for (let times = 0; times < 3; times++) {
    await vi.advanceTimersByTimeAsync(limits.acknowledgeMsMax - 1);
    expect(hasRoom).toBe(false);
    socket.acknowledged({ characters: limits.acknowledgeCharacters });
  }
  socket.acknowledged({ characters: limits.acknowledgeCharacters });
  await waiting;
  expect(closed).toEqual([]);
});

test("who acknowledges nothing for too long is closed, and whoever waited goes on", async () => {
  const { socket, closed } = open({ acknowledges: true });
  socket.send(mebi);
  socket.send(mebi);
  const waiting = Promise.all([socket.room(), socket.room()]);
  await vi.advanceTimersByTimeAsync(limits.acknowledgeMsMax);
  await waiting;
  expect(closed).toEqual([1013]);
});

test("nobody waits for a socket that is closed", async () => {
  const { socket, closed } = open({ acknowledges: true });
  socket.send(mebi);
  socket.send(mebi);
  const waiting = socket.room();
  socket.ended();
  await waiting;
  expect(closed).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

function open({
  acknowledges,
  state = stateOf(acknowledges),
  sent = [] as string[],
  closed = [] as number[],
}: {
  acknowledges: boolean;
  state?: SessionState;
  sent?: string[];
  closed?: number[];
}) {
  const kept: SessionState[] = [];
  const over: number[] = [];
  const platform = {
    send: (text: string) => sent.push(text) > 0,
    close: (code: number) => void closed.push(code),
    keep: (now: SessionState) => void kept.push(structuredClone(now)),
  };
  const socket = new BoundedSocket(platform, state, (unread) => void over.push(unread));
  return { socket, state, sent, closed, kept, over };
}

function stateOf(acknowledges: boolean): SessionState {
  const initialized = {
    client: { name: "t", version: "0" },
    experimentalApi: true,
    replay: acknowledges,
    acknowledges,
    optOut: [],
  };
  return { version: 1, account: "local", connection: "local/c", initialized, threads: [], searches: [], watches: [] };
}
