/** What the memory says of itself is what was shown, in words that do not flatter. */
import { expect, test } from "vitest";
import { type HealthInput, healthOf } from "#core/memory/health";
import { type ArmRecord, compareArms, emptyArm, type ThreadRecord, withOutcome } from "#core/memory/sequential-test";
import { fragment } from "./fragments.ts";

/** Threads of `size` turns, of which as many succeed as the pattern says. */
function arm(threads: number, size: number, successes: (thread: number) => number): ArmRecord {
  let record = emptyArm;
  for (let thread = 0; thread < threads; thread++) {
    let own: ThreadRecord | null = null;
    for (let turn = 0; turn < size; turn++) {
      const next = withOutcome(record, own, { y: Number(turn < successes(thread)), weight: 1 });
      own = next.thread;
      record = next.arm;
    }
  }
  return record;
}

const input: HealthInput = {
  fragments: [],
  newMean: 0.03,
  memory: emptyArm,
  none: emptyArm,
  turns: 0,
  turnsServed: 0,
  publishedAt: null,
  optimizedAt: null,
  nowMs: 1_000,
};
const sentence = (memory: ArmRecord, none: ArmRecord) => healthOf({ ...input, memory, none }).sentence;

test("one sentence says whether memory helps, and does not claim what was not shown", () => {
  expect(sentence(emptyArm, emptyArm)).toBe("Nothing can be said yet: 0 outcomes with memory, 0 without.");
  expect(
    sentence(
      arm(400, 2, () => 1),
      arm(400, 2, (thread) => thread % 2),
    ),
  ).toMatch(/^Memory helps: \+25 points, 95% interval \+1\d/);
  expect(
    sentence(
      arm(400, 2, (thread) => thread % 2),
      arm(400, 2, () => 1),
    ),
  ).toMatch(/^Memory harms, and is switched off for this scope: −25 points/);
  expect(
    sentence(
      arm(200, 2, () => 1),
      arm(200, 2, () => 1),
    ),
  ).toMatch(/^Not decided yet: 0 points, 95% interval −\d/);
  const many = arm(10_000, 1, (thread) => thread % 2);
  expect(sentence(many, many)).toMatch(
    /^Memory has no measurable effect: 0 points, .*; 10000 outcomes with memory, 10000 without\.$/,
  );
});

test("the interval is clear of nought exactly when the test has decided", () => {
  for (let successes = 200; successes <= 300; successes += 2) {
    const one = arm(500, 1, (thread) => Number(thread < successes));
    const other = arm(500, 1, (thread) => Number(thread < 250));
    const { difference, halfWidth, verdict } = compareArms(one, other);
    expect(Math.abs(difference) > halfWidth, String(successes)).toBe(verdict !== "undecided");
  }
});

test("turns of a thread that go together count for less than turns of many threads", () => {
  const independent = compareArms(
    arm(200, 10, () => 5),
    arm(200, 10, () => 5),
  );
  const together = compareArms(
    arm(200, 10, (thread) => (thread % 2) * 10),
    arm(200, 10, (thread) => (thread % 2) * 10),
  );
  expect(together.halfWidth).toBeGreaterThan(independent.halfWidth * 2);
  expect(
    compareArms(
      arm(5, 100, () => 100),
      arm(200, 10, () => 0),
    ).verdict,
  ).toBe("undecided");
});

test("figures: who was served, how many probably harm, how many say the same twice, how old it all is", () => {
  const bad = { ...fragment("any").statistics, weight: 400, credit: -80, shown: 400 };
  const health = healthOf({
    ...input,
    fragments: [
      fragment("a", { statistics: bad }),
      fragment("b", {
        title: "Something else",
        when: "entirely",
        content: "different",
        keys: [],
        statistics: { ...bad, credit: 80 },
      }),
      fragment("c"),
      fragment("d", { state: "tombstone" }),
    ],
    turns: 10,
    turnsServed: 4,
    publishedAt: 400,
    optimizedAt: 300,
  });
  expect(health).toMatchObject({
    servedShare: 0.4,
    snapshotAgeMs: 600,
    optimizedAt: 300,
    difference: null,
    verdict: "undecided",
  });
  expect(health.harmfulShare).toBeCloseTo(0.5, 3);
  expect(health.duplicateShare).toBeCloseTo(2 / 3, 12);
  expect(healthOf(input)).toMatchObject({ servedShare: null, harmfulShare: null, duplicateShare: null, snapshotAgeMs: null });
});
