import { expect, test } from "vitest";
import { parseTraceparent, stepTraceparent, traceIdOf, traceparentOf } from "#core/trace";

const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

test("a traceparent is taken as the standard writes it, and nothing else is", () => {
  expect(parseTraceparent(good)).toBe(good);
  expect(parseTraceparent(`cc${good.slice(2)}-what-the-future-will-be-like`), "a later version").toBe(good);
  const bad = [
    "",
    null,
    7,
    good.toUpperCase(),
    `${good}-more`,
    `ff${good.slice(2)}`,
    good.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0".repeat(32)),
    good.replace("00f067aa0ba902b7", "0".repeat(16)),
    good.slice(0, -1),
    ` ${good}`,
    `${good}\r\nx-admin: 1`,
  ];
  for (const value of bad) expect(parseTraceparent(value), String(value)).toBeNull();
  expect(traceparentOf({ traceparent: good, tracestate: "x=1" })).toBe(good);
  for (const value of [null, good, [], {}, { traceparent: null }]) expect(traceparentOf(value)).toBeNull();
});

test("a turn without a client's trace is its own", () => {
  const turnId = "01a1ee56-5e51-764d-adf3-ecb1ebd5ef1d";
  expect(traceIdOf(turnId, undefined)).toBe("01a1ee565e51764dadf3ecb1ebd5ef1d");
  expect(parseTraceparent(stepTraceparent(turnId, 12, undefined))).toBe(
    "00-01a1ee565e51764dadf3ecb1ebd5ef1d-b1ebd5ef1d00000c-00",
  );
  expect(parseTraceparent(stepTraceparent(turnId, 12, good))).toBe("00-4bf92f3577b34da6a3ce929d0e0e4736-b1ebd5ef1d00000c-01");
});
