/** A session's promises that no story can time: here the thread does what the test says, when it says so. */
import { expect, test } from "vitest";
import type { ThreadHandle } from "#client/thread-handle";
import type { Thread } from "#core/thread";
import type { Turn } from "#protocol/turn";
import { turn } from "#test/core/threads";
import { AcpSession, type SessionPeer } from "../../workers/acp/session.ts";

const peer: SessionPeer = {
  hearing: { notices: false, compaction: false },
  tell: () => {},
  ask: () => {},
  withdraw: () => {},
  ended: () => {},
};

/** A thread whose turns stand as they are told to, and whose `interrupt` comes too late. */
function thread() {
  let turns: Turn[] = [];
  const waiting: (() => void)[] = [];
  const handle = {
    id: "t",
    state: null,
    failure: null,
    subscribe: () => () => {},
    send: async () => ({ turn: { id: turn.id } }),
    interrupt: async () => {},
    until: (isMet: (thread: Thread) => boolean) => {
      const { promise, resolve } = Promise.withResolvers<Thread>();
      const look = () => {
        const state = { seq: 1, turns } as unknown as Thread;
        if (isMet(state)) resolve(state);
      };
      waiting.push(look);
      look();
      return promise;
    },
  };
  const become = (...next: Turn[]) => {
    turns = next;
    for (const look of waiting) look();
  };
  return { handle: handle as unknown as ThreadHandle, become };
}

test("a prompt that was cancelled is cancelled, also where its turn was done before", async () => {
  const { handle, become } = thread();
  const session = new AcpSession(handle, peer, true);
  const ended = session.prompt([], "key");
  become({ ...turn, status: "inProgress" });
  await session.cancel();
  become({ ...turn, status: "completed" });
  expect(await ended).toBe("cancelled");
});

test("a prompt whose turn was taken back while it ran is cancelled, and does not wait for ever", async () => {
  const { handle, become } = thread();
  const session = new AcpSession(handle, peer, true);
  const ended = session.prompt([], "key");
  become({ ...turn, status: "inProgress" });
  await Promise.resolve();
  await Promise.resolve();
  await Promise.resolve();
  become();
  expect(await ended).toBe("cancelled");
});

test("a turn that completes is the prompt's end, and a prompt before it that was cancelled is another matter", async () => {
  const { handle, become } = thread();
  const session = new AcpSession(handle, peer, true);
  await session.cancel();
  const ended = session.prompt([], "key");
  become({ ...turn, status: "completed" });
  expect(await ended).toBe("end_turn");
});
