import { expect, test } from "vitest";
import { drawnRows } from "../../web/app/talk/drawn-rows.ts";

const sight = { startIndex: 10, endIndex: 12, overscan: 6, count: 30 };

test.each<{ what: string; heights: Record<number, number>; drawn: [first: number, last: number] }>([
  { what: "low rows: as many as may be", heights: {}, drawn: [4, 18] },
  { what: "a high row next to those in sight is there", heights: { 9: 90_000, 13: 90_000 }, drawn: [9, 13] },
  { what: "a high row behind a low one is not", heights: { 8: 90_000, 14: 90_000 }, drawn: [9, 13] },
  { what: "rows are drawn until they are high together", heights: { 9: 800, 8: 800, 7: 1 }, drawn: [8, 18] },
])("$what", ({ heights, drawn: [first, last] }) => {
  const drawn = drawnRows(sight, (index) => heights[index] ?? 100);
  expect([drawn[0], drawn.at(-1), drawn.length]).toEqual([first, last, last - first + 1]);
});

test("at the ends of the list there is nothing beyond", () => {
  const height = () => 100;
  expect(drawnRows({ startIndex: 0, endIndex: 2, overscan: 6, count: 3 }, height)).toEqual([0, 1, 2]);
  expect(drawnRows({ startIndex: 0, endIndex: -1, overscan: 6, count: 0 }, height)).toEqual([]);
});
