/** The decision tree from top to bottom: in boxes where a picture would be too wide, or in words only. */
import { Visible } from "../diff/visible.tsx";
import { figure, percent } from "../figures.ts";
import { type DecisionNode, leavesOf, shareOf } from "./layout.ts";
import { NodeBox } from "./picture.tsx";
import type { Shown } from "./shown.ts";

export function Outline({ shown, isText }: { shown: Shown; isText: boolean }) {
  return (
    <div class={isText ? "outline in-words" : "outline"}>
      <Branch node={shown.tree.root} shown={shown} isText={isText} />
    </div>
  );
}

function Branch({ node, shown, isText }: { node: DecisionNode; shown: Shown; isText: boolean }) {
  return (
    <>
      {isText ? (
        <p>
          <Visible kind="prose" text={inWords(node, shown)} />
        </p>
      ) : (
        <NodeBox node={node} shown={shown} />
      )}
      {node.type === "split" && (
        <ul>
          {([true, false] as const).map((isTrue) => {
            const child = isTrue ? node.whenTrue : node.whenFalse;
            const leads = leavesOf(child).some(({ actionId }) => actionId === shown.chosenActionId);
            return (
              <li key={String(isTrue)} class={leads ? "to-chosen" : ""}>
                <p class="turn-of-way">
                  {isTrue ? "If it is so" : "If it is not so"}, {percent(shareOf(child, node))}:
                </p>
                <Branch node={child} shown={shown} isText={isText} />
              </li>
            );
          })}
        </ul>
      )}
    </>
  );
}

function inWords(node: DecisionNode, { tree, chosenActionId }: Shown): string {
  if (node.type === "split") {
    const assumption = tree.assumptions.find(({ id }) => id === node.assumptionId);
    return `${node.assumptionId}, “${assumption?.text ?? ""}”: is it so? Knowing it would be worth ${figure(node.expectedValueOfPerfectInformation)}.`;
  }
  const action = tree.actions.find(({ id }) => id === node.actionId);
  const chosen = node.actionId === chosenActionId ? " This is what was chosen." : "";
  return `${node.actionId} is best, “${action?.description ?? ""}”: worth ${figure(node.expectedUtility)}, reached with ${percent(node.probability)}.${chosen}`;
}
