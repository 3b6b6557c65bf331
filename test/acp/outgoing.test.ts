/** What a client of ACP may leave unread. */
import { expect, test } from "vitest";
import { acpLimits } from "../../workers/acp/limits.ts";
import { Outgoing } from "../../workers/acp/outgoing.ts";

function open() {
  const told = { sent: 0, closed: [] as number[], ended: 0 };
  const socket = {
    send: () => {
      told.sent += 1;
    },
    close: (code: number) => told.closed.push(code),
  };
  const out = new Outgoing(socket, () => {
    told.ended += 1;
  });
  return { out, told };
}

const large = "x".repeat(acpLimits.unreadCharactersMax / 4 + 1);

test("who reads nothing is closed once, with the code for coming again", () => {
  const { out, told } = open();
  for (let count = 0; count < 9; count += 1) out.send(large);
  expect(told).toEqual({ sent: 4, closed: [1013], ended: 1 });
});

test("a word is a sign of life, until the client says itself what it has read", () => {
  const { out, told } = open();
  for (let count = 0; count < 9; count += 1) {
    out.send(large);
    out.showedLife();
  }
  expect(told.closed).toEqual([]);
  out.acknowledged(large.length);
  for (let count = 0; count < 9; count += 1) {
    out.send(large);
    out.showedLife();
  }
  expect(told.closed).toEqual([1013]);
});

test("who acknowledges may listen for ever", () => {
  const { out, told } = open();
  for (let count = 0; count < 20; count += 1) {
    out.send(large);
    out.acknowledged(large.length);
  }
  expect(told).toMatchObject({ sent: 20, closed: [] });
});
