/** Numbers as people read them. */
import { expect, test } from "vitest";
import { figure, percent, points } from "../../web/app/figures.ts";

test("nothing that is possible is said to be certain or impossible", () => {
  expect([0, 0.001, 0.005, 0.7, 0.994, 0.999, 1].map((share) => percent(share).split("\u00a0")[0])).toEqual([
    "0",
    "<1",
    "1",
    "70",
    "99",
    ">99",
    "100",
  ]);
});

test("a minus is a minus sign, and nothing is minus zero", () => {
  expect([0.45, -0.06, -0.001, 0].map(figure)).toEqual(["0.45", "−0.06", "0.00", "0.00"]);
  expect([0.08, -0.021, 0.0001].map(points)).toEqual(["+8", "−2.1", "0"]);
});
