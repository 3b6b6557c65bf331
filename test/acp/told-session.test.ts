/** What the stdio bridge remembers of a session: cut anywhere, the editor hears each update once. */
import { describe, expect, test } from "vitest";
import { ToldSession, type UpdateParams } from "../../web/stdio/acp/told-session.ts";

function chunk(seq: number, text: string, offset: number): UpdateParams {
  return {
    sessionId: "s",
    update: { sessionUpdate: "agent_message_chunk", messageId: "m", content: { type: "text", text } },
    _meta: { spindle: { seq, offset } },
  };
}

const card = (seq: number, sessionUpdate: string): UpdateParams => ({
  sessionId: "s",
  update: { sessionUpdate },
  _meta: { spindle: { seq } },
});

/** Frames 1 to 6; the third has two updates. */
const log = [
  card(1, "plan"),
  chunk(2, "ab", 0),
  card(3, "tool_call"),
  card(3, "tool_call_update"),
  chunk(4, "cd", 2),
  chunk(5, "ef", 4),
  card(6, "usage_update"),
];

/** What the server says after a cut. */
const behind = (afterSeq: number | null) => log.filter((one) => (one._meta?.spindle?.seq ?? 0) > (afterSeq ?? 0));

describe("an editor hears each update once, in order", () => {
  test("wherever the socket drops, also within a frame", () => {
    for (let first = 0; first <= log.length; first += 1) {
      for (let second = 0; second <= log.length; second += 1) {
        const session = new ToldSession("s", "/");
        const heard = log.slice(0, first).map((one) => session.take(one));
        heard.push(
          ...behind(session.takeUp())
            .slice(0, second)
            .map((one) => session.take(one)),
        );
        heard.push(...behind(session.takeUp()).map((one) => session.take(one)));
        expect(heard.filter((one) => one !== null)).toEqual(log);
      }
    }
  });

  test("where streamed text has left the log, the rest of the message and no more", () => {
    const session = new ToldSession("s", "/");
    session.take(chunk(2, "ab", 0));
    session.take(chunk(4, "cd", 2));
    const rest = session.take(chunk(9, "abcdef", 0));
    expect(rest?.update.content?.text).toBe("ef");
    expect(session.take(chunk(10, "abcdef", 0))).toBeNull();
  });

  test("but not its own words, and not the same commands again", () => {
    const session = new ToldSession("s", "/");
    session.said("key");
    const own = { ...card(3, "user_message_chunk"), _meta: { spindle: { seq: 3, clientUserMessageId: "key" } } };
    expect(session.take(own)).toBeNull();
    const commands = { sessionId: "s", update: { sessionUpdate: "available_commands_update" } };
    expect([session.take(commands), session.take(commands)]).toEqual([commands, null]);
  });
});

test("after an answer that names its frame, a cut before the first update asks for what is behind it", () => {
  const session = new ToldSession("s", "/");
  expect(session.takeUp()).toBeNull();
  session.reached(7);
  expect(session.takeUp()).toBe(7);
  session.reached(3);
  expect(session.takeUp()).toBe(7);
});
