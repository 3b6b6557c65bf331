/** Where the nodes of a decision tree's picture stand. */
import { expect, test } from "vitest";
import { type DecisionNode, layoutOf, measures, shareOf } from "../../web/app/decision/layout.ts";

const leaf = (actionId: string, probability: number): DecisionNode => ({
  type: "leaf",
  actionId,
  probability,
  expectedUtility: 0,
});

function split(assumptionId: string, whenTrue: DecisionNode, whenFalse: DecisionNode): DecisionNode {
  const probability = whenTrue.probability + whenFalse.probability;
  return { type: "split", assumptionId, probability, expectedValueOfPerfectInformation: 0.1, whenTrue, whenFalse };
}

const deep = split("A1", split("A2", leaf("a", 0.42), leaf("b", 0.28)), split("A3", leaf("b", 0.3), leaf("c", 0)));

test("a single leaf is a picture of one box", () => {
  const { nodes, links, width, height } = layoutOf(leaf("a", 1), "a");
  expect(nodes).toEqual([{ way: [], node: leaf("a", 1), left: 0, top: 0 }]);
  expect(links).toEqual([]);
  expect([width, height]).toEqual([measures.nodeWidth, measures.nodeHeight]);
});

test("no box lies upon another, none out of the picture, and what is so is above what is not", () => {
  const { nodes, width, height } = layoutOf(deep, null);
  expect(nodes).toHaveLength(7);
  for (const { left, top } of nodes) {
    expect(left).toBeGreaterThanOrEqual(0);
    expect(top).toBeGreaterThanOrEqual(0);
    expect(left + measures.nodeWidth).toBeLessThanOrEqual(width);
    expect(top + measures.nodeHeight).toBeLessThanOrEqual(height);
  }
  for (const [place, one] of nodes.entries())
    for (const other of nodes.slice(place + 1))
      expect(one.left !== other.left || Math.abs(one.top - other.top) >= measures.nodeHeight).toBe(true);
  const ways = nodes.filter(({ node }) => node.type === "leaf").toSorted((one, other) => one.top - other.top);
  expect(
    ways.map(({ way }) => way.map(({ assumptionId, isTrue }) => (isTrue ? assumptionId : `!${assumptionId}`)).join(" ")),
  ).toEqual(["A1 A2", "A1 !A2", "!A1 A3", "!A1 !A3"]);
});

test("every way to the chosen action is marked, and no other", () => {
  const marked = (chosen: string | null) => layoutOf(deep, chosen).links.filter(({ leadsToChosen }) => leadsToChosen).length;
  expect([marked("a"), marked("b"), marked("nothing of the tree"), marked(null)]).toEqual([2, 4, 0, 0]);
});

test("a way's share is that of its parent, and 0 where nobody comes", () => {
  const shares = layoutOf(deep, null).links.map(({ probability }) => Number(probability.toFixed(3)));
  expect(shares).toEqual([0.7, 0.3, 0.6, 0.4, 1, 0]);
  expect(shareOf(leaf("a", 0), leaf("b", 0))).toBe(0);
});
