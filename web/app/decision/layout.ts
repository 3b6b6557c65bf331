/** Where the nodes of a decision tree stand in its picture: from left to right, what is so above what is not. */
import { hierarchy, tree } from "d3-hierarchy";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";

export type DecisionNode = DecisionTreeRevision["root"];

/** In pixels of the page. */
export const measures = { nodeWidth: 176, nodeHeight: 84, columnGap: 72, rowGap: 18 } as const;

export interface Placed {
  /** What is taken to be so or not on the way to it; empty for the root. */
  way: Taken[];
  node: DecisionNode;
  left: number;
  top: number;
}

export interface Taken {
  assumptionId: string;
  isTrue: boolean;
}

export interface Link {
  from: Placed;
  to: Placed;
  /** Of this turn of the way, given that one has come to `from`. */
  probability: number;
  /** Whether the chosen action stands at the end of this way, or of one that goes on from here. */
  leadsToChosen: boolean;
}

export interface Layout {
  nodes: Placed[];
  links: Link[];
  width: number;
  height: number;
}

export function layoutOf(root: DecisionNode, chosenActionId: string | null): Layout {
  const { nodeWidth, nodeHeight, columnGap, rowGap } = measures;
  const drawn = tree<DecisionNode>().nodeSize([nodeHeight + rowGap, nodeWidth + columnGap])(hierarchy(root, childrenOf));
  const all = drawn.descendants();
  const top = Math.min(...all.map(({ x }) => x));
  const placed = new Map<unknown, Placed>();
  // Parents come before their children.
  for (const point of all) {
    const before = placed.get(point.parent);
    const taken =
      before?.node.type === "split"
        ? [{ assumptionId: before.node.assumptionId, isTrue: before.node.whenTrue === point.data }]
        : [];
    placed.set(point, { way: [...(before?.way ?? []), ...taken], node: point.data, left: point.y, top: point.x - top });
  }
  const links = drawn.links().flatMap(({ source, target }): Link[] => {
    const [from, to] = [placed.get(source), placed.get(target)];
    if (!from || !to) return [];
    const leadsToChosen = leavesOf(to.node).some(({ actionId }) => actionId === chosenActionId);
    return [{ from, to, probability: shareOf(to.node, from.node), leadsToChosen }];
  });
  const nodes = [...placed.values()];
  return {
    nodes,
    links,
    width: Math.max(...nodes.map(({ left }) => left)) + nodeWidth,
    height: Math.max(...nodes.map((node) => node.top)) + nodeHeight,
  };
}

export function leavesOf(node: DecisionNode): Extract<DecisionNode, { type: "leaf" }>[] {
  return node.type === "leaf" ? [node] : [...leavesOf(node.whenTrue), ...leavesOf(node.whenFalse)];
}

/** The probability of going on to the child, once one has come to its parent: 0 where nobody comes. */
export function shareOf(child: DecisionNode, parent: DecisionNode): number {
  return parent.probability > 0 ? Math.min(1, child.probability / parent.probability) : 0;
}

function childrenOf(node: DecisionNode): DecisionNode[] {
  return node.type === "split" ? [node.whenTrue, node.whenFalse] : [];
}
