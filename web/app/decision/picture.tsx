/** The decision tree as a picture: boxes that can be read and pressed, and lines between them as wide as they are likely. */
import { Visible } from "../diff/visible.tsx";
import { figure, percent } from "../figures.ts";
import { type DecisionNode, type Layout, layoutOf, measures, type Placed, shareOf } from "./layout.ts";
import type { Shown } from "./shown.ts";

export function Picture({ shown }: { shown: Shown }) {
  const layout = layoutOf(shown.tree.root, shown.chosenActionId);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for what can be filled in.
    <div class="picture" role="group" aria-label="Picture of the tree" tabIndex={0}>
      <div class="drawing" style={inPixels({ width: layout.width, height: layout.height })}>
        <Lines layout={layout} />
        {layout.nodes.map((placed) => (
          <div
            key={keyOf(placed)}
            class="place"
            style={inPixels({ left: placed.left, top: placed.top, width: measures.nodeWidth, height: measures.nodeHeight })}
          >
            <span class="unseen">{wayInWords(placed)}</span>
            <NodeBox node={placed.node} shown={shown} />
          </div>
        ))}
      </div>
    </div>
  );
}

/** Without a unit a length is none: only `preact/compat` adds one. */
function inPixels(lengths: Record<string, number>): Record<string, string> {
  return Object.fromEntries(Object.entries(lengths).map(([name, length]) => [name, `${length}px`]));
}

function Lines({ layout: { links, width, height } }: { layout: Layout }) {
  const { nodeWidth, nodeHeight, columnGap } = measures;
  // What is marked lies above what is not.
  const ordered = links.toSorted((one, other) => Number(one.leadsToChosen) - Number(other.leadsToChosen));
  return (
    <svg width={width} height={height} aria-hidden="true">
      {ordered.map(({ from, to, probability, leadsToChosen }) => {
        const [x1, y1, x2, y2] = [from.left + nodeWidth, from.top + nodeHeight / 2, to.left, to.top + nodeHeight / 2];
        const bend = x1 + columnGap / 4;
        return (
          <g key={keyOf(to)} class={leadsToChosen ? "to-chosen" : ""}>
            <path d={`M${x1},${y1} C${bend},${y1} ${x1},${y2} ${bend},${y2} H${x2}`} stroke-width={1 + 4 * probability} />
            <text x={x2 - 5} y={y2 - 8}>
              {to.way.at(-1)?.isTrue ? "so" : "not"} {percent(probability)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** One box: an assumption that leads to what is known of it, or the action at the end of a way. */
export function NodeBox({ node, shown }: { node: DecisionNode; shown: Shown }) {
  if (node.type === "leaf") {
    const action = shown.tree.actions.find(({ id }) => id === node.actionId);
    const isChosen = node.actionId === shown.chosenActionId;
    return (
      <div class={`node leaf ${isChosen ? "chosen" : ""}`}>
        <p class="name">
          <b>{node.actionId}</b>
          {isChosen && <span class="badge completed">✓ chosen</span>}
        </p>
        <p class="words">
          <Visible kind="prose" text={action?.description ?? ""} />
        </p>
        <p class="worth">
          worth {figure(node.expectedUtility)} · {percent(node.probability)} likely
        </p>
      </div>
    );
  }
  const assumption = shown.tree.assumptions.find(({ id }) => id === node.assumptionId);
  return (
    <button
      type="button"
      class="node split quiet"
      aria-expanded={shown.selectedId === node.assumptionId}
      onClick={({ currentTarget }) => shown.select(node.assumptionId, currentTarget)}
    >
      <span class="name">
        <b>{node.assumptionId}</b>
        {assumption && assumption.status !== "open" && (
          <span class={`badge ${statusClass[assumption.status]}`}>{assumption.status}</span>
        )}
      </span>
      <span class="words">
        <Visible kind="prose" text={assumption?.text ?? ""} />
      </span>
      <Bar share={shareOf(node.whenTrue, node)} />
    </button>
  );
}

export const statusClass = { open: "", confirmed: "completed", refuted: "failed", stale: "asking" } as const;

export function Bar({ share }: { share: number }) {
  return (
    <span class="likelihood" aria-hidden="true">
      <span style={{ width: `${share * 100}%` }} />
    </span>
  );
}

function wayInWords({ way }: Placed): string {
  if (way.length === 0) return "";
  return `If ${way.map(({ assumptionId, isTrue }) => `${assumptionId} is ${isTrue ? "" : "not "}so`).join(" and ")}: `;
}

function keyOf({ way }: Placed): string {
  return way.map(({ isTrue }) => (isTrue ? "1" : "0")).join("");
}
