/** When a push is tried again, and when not. */
import { expect, test } from "vitest";
import { pushLimits } from "#core/limits";
import { outcomeOf } from "#core/push/outcome";

const nowMs = Date.UTC(2026, 10, 21, 12);
const at = (parts = {}) => ({ attempts: 1, nowMs, endsAtMs: nowMs + pushLimits.askLifetimeMs, random: 1, ...parts });
const answer = (status: number, retryAfter: string | null = null) => ({ status, retryAfter });

test.each([200, 201, 202, 204])("%d is a delivery", (status) => {
  expect(outcomeOf(answer(status), at())).toEqual({ type: "delivered" });
});

test.each([404, 410])("%d says that the device is gone", (status) => {
  expect(outcomeOf(answer(status), at())).toMatchObject({ type: "gone" });
});

test.each([301, 307, 400, 401, 403, 413])("%d does not pass: nobody tries again, and no redirect is followed", (status) => {
  expect(outcomeOf(answer(status), at())).toMatchObject({ type: "givenUp", reason: `the push service answered ${status}` });
});

test.each([null, answer(408), answer(429), answer(500), answer(503)])(
  "%j is tried again, later each time, up to a ceiling",
  (failed) => {
    const pauses = [1, 2, 3, 7].map((attempts) => {
      const outcome = outcomeOf(failed, at({ attempts }));
      return outcome.type === "retry" ? outcome.atMs - nowMs : outcome;
    });
    expect(pauses).toEqual([10_000, 20_000, 40_000, pushLimits.retryPauseMsMax]);
    expect(outcomeOf(failed, at({ attempts: pushLimits.attemptsMax }))).toMatchObject({ type: "givenUp" });
  },
);

test("what failed together does not come back together", () => {
  expect(outcomeOf(null, at({ random: 0 }))).toMatchObject({ type: "retry", atMs: nowMs + 5_000 });
});

test.each([
  ["120", 120_000],
  [new Date(nowMs + 90_000).toUTCString(), 90_000],
  ["0", pushLimits.retryPauseMs],
  ["999999999", pushLimits.retryAfterMsMax],
  ["tomorrow, say", 10_000],
])("Retry-After: %s is kept within bounds", (retryAfter, pauseMs) => {
  expect(outcomeOf(answer(429, retryAfter), at())).toMatchObject({ type: "retry", atMs: nowMs + pauseMs });
});

test("nothing is tried when nobody would want it any more", () => {
  expect(outcomeOf(answer(503), at({ endsAtMs: nowMs + 9_999 }))).toMatchObject({ type: "givenUp" });
});
