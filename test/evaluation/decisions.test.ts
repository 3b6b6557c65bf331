/** The evaluation in small, so that a change of the core that decides worse turns a test red. `npm run eval:decisions` is the whole. */
import { expect, test } from "vitest";
import { measure, targetsOf } from "./measure.ts";
import { literal, proposed } from "./policies.ts";
import { regimes } from "./problems.ts";

for (const [index, regime] of regimes.entries()) {
  test(`the shipped core meets the targets where the estimator is ${regime.name}`, () => {
    const missed = targetsOf(measure(regime, 400, 1 + index)).filter(({ isMet }) => !isMet);
    expect(missed).toEqual([]);
  });
}

test("the same seed gives the same figures, another one others", () => {
  const [regime] = regimes;
  if (!regime) throw new Error("no regime");
  expect(measure(regime, 50, 7)).toEqual(measure(regime, 50, 7));
  expect(measure(regime, 50, 7).rows).not.toEqual(measure(regime, 50, 8).rows);
});

test("what is compared differs: the literal rule asks nothing, the proposed one does", () => {
  const [regime] = regimes;
  if (!regime) throw new Error("no regime");
  const { rows } = measure(regime, 100, 1);
  const asked = (name: string) => rows.find(({ policy }) => policy === name)?.lookUps ?? Number.NaN;
  expect(asked(literal)).toBe(0);
  expect(asked(proposed)).toBeGreaterThan(0);
});
