import { expect, test } from "vitest";
import { ask, type Circuit, closedCircuit, settled } from "#core/circuit";
import { circuitLimits } from "#core/limits";
import { createRandom } from "../support/random.ts";

const { windowMs, failuresMin, openMs, openMsMax, trialMsMax } = circuitLimits;

function failing(nowMs = 0): Circuit {
  let circuit = closedCircuit(nowMs);
  for (let times = 0; times < failuresMin; times++) circuit = settled(circuit, "failed", nowMs);
  return circuit;
}

test("an endpoint that mostly fails is left alone, and asked again by one", () => {
  const open = failing();
  expect(ask(open, openMs - 1)).toEqual({ circuit: open, waitMs: 1 });
  const tried = ask(open, openMs);
  expect(tried).toMatchObject({ passes: true, circuit: { state: "halfOpen" } });
  expect(ask(tried.circuit, openMs + 1)).toMatchObject({ waitMs: trialMsMax - 1 });
  expect(settled(tried.circuit, "answered", openMs + 2)).toEqual(closedCircuit(openMs + 2));
});

test("each failed trial doubles the pause, up to the ceiling", () => {
  let circuit = failing();
  let nowMs = 0;
  const pauses: number[] = [];
  for (let times = 0; times < 30; times++) {
    if (circuit.state !== "open") throw new Error("it is open");
    pauses.push(circuit.untilMs - nowMs);
    nowMs = circuit.untilMs;
    circuit = settled(ask(circuit, nowMs).circuit, "failed", nowMs);
  }
  expect(pauses.slice(0, 4)).toEqual([openMs, 2 * openMs, 4 * openMs, openMsMax]);
  expect(Math.max(...pauses)).toBe(openMsMax);
});

test("a trial that is never heard of does not keep the circuit open for ever", () => {
  const tried = ask(failing(), openMs).circuit;
  expect(ask(tried, openMs + trialMsMax)).toMatchObject({ passes: true });
});

test("a clock that was set back keeps nobody waiting for longer than the longest pause", () => {
  expect(ask(failing(10_000_000), 0)).toMatchObject({ waitMs: openMsMax });
});

test("failures of long ago count no more", () => {
  let circuit = closedCircuit(0);
  for (let times = 0; times < failuresMin - 1; times++) circuit = settled(circuit, "failed", 0);
  expect(settled(circuit, "failed", 3 * windowMs).state).toBe("closed");
});

test("whatever comes when: it opens only on enough failures that are half of all, and one request at a time tries it", () => {
  let opened = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = createRandom(seed);
    const share = random.below(100) / 100;
    let circuit = closedCircuit(0);
    let nowMs = 0;
    let recent: { atMs: number; failed: boolean }[] = [];
    for (let step = 0; step < 200; step++) {
      nowMs += random.below(2_000);
      const asked = ask(circuit, nowMs);
      const before = circuit.state;
      circuit = asked.circuit;
      if ("waitMs" in asked) {
        expect(asked.waitMs).toBeGreaterThan(0);
        continue;
      }
      if (circuit.state === "halfOpen") expect("waitMs" in ask(circuit, nowMs), "a second one waits").toBe(true);
      const failed = random.chance(share);
      circuit = settled(circuit, failed ? "failed" : "answered", nowMs);
      if (before !== "closed") recent = [];
      else recent.push({ atMs: nowMs, failed });
      if (before === "closed" && ask(circuit, nowMs).circuit.state === "open") {
        opened += 1;
        const seen = recent.filter(({ atMs }) => atMs > nowMs - 2 * windowMs);
        expect(seen.filter((one) => one.failed).length).toBeGreaterThanOrEqual(failuresMin);
        recent = [];
      }
    }
  }
  expect(opened).toBeGreaterThan(50);
});
