import { expect, test } from "vitest";
import {
  beginTurn,
  type Exceeded,
  leavePlace,
  nothingUsed,
  type Quotas,
  storageExceeded,
  takePlace,
  threadsExceeded,
  tokensExceeded,
  tokensOfDay,
  turnsOfMinute,
  type Usage,
  useTokens,
} from "#core/quota";

const quotas: Quotas = { turnsPerMinute: 3, turnsAtOnce: 2, tokensPerDay: 1_000, threads: 5, storageBytes: 100 };
const hourMs = 60 * 60_000;
/** At a whole hour. */
const noonMs = 500_000 * hourMs;

/** Begins turns at these moments (ms after noon): "begun", or how long to wait. */
function begin(atMs: number[], own: Quotas = quotas): (number | "begun")[] {
  let usage = nothingUsed;
  return atMs.map((at) => {
    const begun = beginTurn(usage, own, noonMs + at);
    if ("limit" in begun) return begun.retryAfterMs ?? -1;
    usage = begun;
    return "begun";
  });
}

test("so many turns begin at once, and then one in each such part of a minute", () => {
  expect(begin([0, 0, 0, 0])).toEqual(["begun", "begun", "begun", 20_000]);
  expect(begin([0, 0, 0, 5_000, 19_999, 20_000, 20_000])).toEqual(["begun", "begun", "begun", 15_000, 1, "begun", 20_000]);
  expect(begin([0, 0, 0, 60_000, 60_000, 60_000, 60_000])).toEqual([...Array(6).fill("begun"), 20_000]);
});

test("a number by which a minute cannot be divided loses and gives no turn", () => {
  const own = { ...quotas, turnsPerMinute: 7 };
  for (let round = 0, usage = nothingUsed as Usage; round < 1_000; round++) {
    for (let turn = 0; turn < 7; turn++) {
      const begun = beginTurn(usage, own, noonMs + round * 60_000);
      expect("limit" in begun).toBe(false);
      usage = begun as Usage;
    }
    expect(beginTurn(usage, own, noonMs + round * 60_000)).toMatchObject({ limit: "turnsPerMinute", max: 7, now: 7 });
  }
});

test("no dice find a minute in which more than twice as many begin, or a promised moment at which none may", () => {
  for (let seed = 1; seed <= 200; seed++) {
    let state = seed;
    const below = (bound: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % bound;
    };
    let usage: Usage = nothingUsed;
    let nowMs = noonMs;
    const begunAtMs: number[] = [];
    for (let step = 0; step < 100; step++) {
      nowMs += below(4) === 0 ? below(30_000) : 0;
      let begun = beginTurn(usage, quotas, nowMs);
      if ("limit" in begun) {
        const { retryAfterMs } = begun as Exceeded;
        expect(beginTurn(usage, quotas, nowMs + (retryAfterMs ?? 0) - 2)).toHaveProperty("limit");
        nowMs += retryAfterMs ?? 0;
        begun = beginTurn(usage, quotas, nowMs);
      }
      expect(begun).not.toHaveProperty("limit");
      usage = begun as Usage;
      begunAtMs.push(nowMs);
      expect(begunAtMs.filter((atMs) => atMs > nowMs - 60_000).length).toBeLessThan(2 * quotas.turnsPerMinute);
    }
  }
});

test("a clock that was set back keeps nobody out for longer than a minute", () => {
  const ahead = { ...nothingUsed, turnsFullAtMs: noonMs + 24 * hourMs };
  expect(turnsOfMinute(ahead, quotas, noonMs)).toBe(3);
  expect(beginTurn(ahead, quotas, noonMs)).toMatchObject({ retryAfterMs: 20_000 });
  expect(tokensOfDay({ ...nothingUsed, tokensByHour: [[noonMs / hourMs + 5, 900]] }, noonMs)).toBe(0);
});

test("tokens count for the running hour and the 23 before it, and it is said when enough are too old", () => {
  let usage: Usage = nothingUsed;
  usage = useTokens(usage, 400, noonMs);
  usage = useTokens(usage, 100, noonMs + 1);
  usage = useTokens(usage, 600, noonMs + 3 * hourMs);
  expect(tokensOfDay(usage, noonMs + 3 * hourMs)).toBe(1_100);
  expect(tokensExceeded(usage, quotas, noonMs + 3 * hourMs)).toEqual({
    limit: "tokensPerDay",
    max: 1_000,
    now: 1_100,
    retryAfterMs: 21 * hourMs,
  });
  expect(beginTurn(usage, quotas, noonMs + 3 * hourMs)).toMatchObject({ limit: "tokensPerDay" });
  expect(tokensExceeded(usage, quotas, noonMs + 24 * hourMs - 1)).not.toBeNull();
  expect(tokensExceeded(usage, quotas, noonMs + 24 * hourMs)).toBeNull();
  expect(useTokens(usage, 1, noonMs + 30 * hourMs).tokensByHour).toHaveLength(1);
});

test("storage and threads are full when they are, and free by what somebody deletes", () => {
  expect(storageExceeded({ ...nothingUsed, storageBytes: 99 }, quotas)).toBeNull();
  expect(storageExceeded({ ...nothingUsed, storageBytes: 100 }, quotas)).toMatchObject({ now: 100, retryAfterMs: null });
  expect(beginTurn({ ...nothingUsed, storageBytes: 100 }, quotas, noonMs)).toMatchObject({ limit: "storageBytes" });
  expect(threadsExceeded(4, quotas)).toBeNull();
  expect(threadsExceeded(5, quotas)).toEqual({ limit: "threads", max: 5, now: 5, retryAfterMs: null });
});

test("places are taken, renewed, given back, and lost by who does not renew", () => {
  const ask = (usage: Usage, threadId: string, atMs: number) =>
    takePlace(usage, quotas, { threadId, nowMs: noonMs + atMs, leaseMs: 1_000 });
  const two = ask(ask(nothingUsed, "a", 0) as Usage, "b", 500) as Usage;
  expect(ask(two, "c", 600)).toBeNull();
  expect(ask(two, "a", 600)?.places).toEqual({ a: noonMs + 1_600, b: noonMs + 1_500 });
  expect(ask(two, "c", 1_000)?.places).toEqual({ b: noonMs + 1_500, c: noonMs + 2_000 });
  expect(ask(leavePlace(two, "b"), "c", 600)).not.toBeNull();
});

test("a limit that is off refuses nothing", () => {
  const off = Object.fromEntries(Object.keys(quotas).map((name) => [name, Number.POSITIVE_INFINITY])) as unknown as Quotas;
  let usage: Usage = { ...nothingUsed, storageBytes: 1e15, tokensByHour: [[noonMs / hourMs, 1e15]] };
  for (let turn = 0; turn < 1_000; turn++) usage = beginTurn(usage, off, noonMs) as Usage;
  expect(turnsOfMinute(usage, off, noonMs)).toBe(0);
  expect(threadsExceeded(1e9, off)).toBeNull();
});
