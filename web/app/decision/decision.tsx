/** One revision of a decision: the choice, the tree, and all that it was weighed by. */

import { memo } from "preact/compat";
import { useState } from "preact/hooks";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { Turn } from "#protocol/turn";
import { Visible } from "../diff/visible.tsx";
import { Actions, Probes } from "./actions.tsx";
import { Assumptions } from "./assumptions.tsx";
import { causeOf, flipOf, lastFlip } from "./changes.ts";
import { leavesOf } from "./layout.ts";
import { isNarrow } from "./narrow.ts";
import { Outline } from "./outline.tsx";
import { Picture } from "./picture.tsx";
import type { Shown } from "./shown.ts";

interface DecisionProps extends Pick<Shown, "tree" | "selectedId" | "select"> {
  turn: Turn;
  trees: DecisionTreeRevision[];
  showRevision(revision: number): void;
}

export function Decision({ turn, trees, tree, selectedId, select, showRevision }: DecisionProps) {
  const [isText, setText] = useState(false);
  const { chosen } = tree;
  const shown: Shown = { tree, chosenActionId: chosen.kind === "act" ? chosen.id : null, selectedId, select };
  const flip = lastFlip(trees.filter(({ revision }) => revision <= tree.revision));
  const newest = trees.at(-1);
  return (
    <>
      {newest && newest !== tree && (
        <p class="older">
          This is revision {tree.revision} of {newest.revision}.{" "}
          <button type="button" class="quiet" onClick={() => showRevision(newest.revision)}>
            Show the newest
          </button>
        </p>
      )}
      <Verdict tree={tree} turn={turn} flip={flip?.sentence ?? null} />
      <section aria-label="The tree">
        <div class="tree-head">
          <h2>What it depends on</h2>
          <fieldset class="choices" aria-label="Form">
            <button type="button" class="quiet" aria-pressed={!isText} onClick={() => setText(false)}>
              Picture
            </button>
            <button type="button" class="quiet" aria-pressed={isText} onClick={() => setText(true)}>
              Text
            </button>
          </fieldset>
        </div>
        {isText || isNarrow.value ? <Outline shown={shown} isText={isText} /> : <Picture shown={shown} />}
        <Absent shown={shown} />
      </section>
      <section>
        <h2>Assumptions</h2>
        <Assumptions shown={shown} isText={isText} />
      </section>
      <Actions shown={shown} />
      <Probes shown={shown} />
      <History trees={trees} shownRevision={tree.revision} showRevision={showRevision} />
    </>
  );
}

function Verdict({ tree, turn, flip }: { tree: DecisionTreeRevision; turn: Turn; flip: string | null }) {
  const { chosen, source, mode, actions } = tree;
  const description = chosen.kind === "act" ? actions.find(({ id }) => id === chosen.id)?.description : undefined;
  const waits = turn.status === "inProgress" && (chosen.needsApproval || chosen.kind === "ask");
  return (
    <section class="verdict" aria-label="The choice">
      <p class="chosen-line">
        <b>{headline(tree)}</b>
        {waits && <span class="badge asking">waits for a person</span>}
        <span class="badge">{source === "trace" ? "read from its words" : modeWords[mode]}</span>
      </p>
      {description && (
        <p class="description">
          <Visible kind="prose" text={description} />
        </p>
      )}
      <p>
        <Visible kind="prose" text={chosen.because} />
      </p>
      {source === "trace" && <p>The model did not declare this: it was read from what it said, and no step is taken by it.</p>}
      <p class={flip ? "flip" : "unseen"} role="status">
        {flip && (
          <>
            <span aria-hidden="true">⇄ </span>
            <Visible kind="prose" text={flip} />
          </>
        )}
      </p>
    </section>
  );
}

const modeWords = { off: "not used", observe: "as advice", steer: "as the next step" };

function headline({ chosen: { kind, id, pairedWith } }: DecisionTreeRevision): string {
  const both = pairedWith === null ? id : `${id} and ${pairedWith}`;
  if (kind === "probe") return `${both} ${pairedWith === null ? "is" : "are"} looked up first`;
  return kind === "ask" ? `${id} is asked first` : `${id} was chosen`;
}

/** Every way of the tree takes its assumptions for known; what is best while they are not may stand at the end of none. */
function Absent({ shown: { tree, chosenActionId } }: { shown: Shown }) {
  if (tree.root.type === "leaf") return <p class="detail">No assumption changes what is best.</p>;
  if (chosenActionId === null || leavesOf(tree.root).some(({ actionId }) => actionId === chosenActionId)) return null;
  return (
    <p class="detail">
      {chosenActionId} stands at the end of no branch: it is what to do while nobody knows, and each branch takes what it asks for
      known.
    </p>
  );
}

interface HistoryProps {
  trees: DecisionTreeRevision[];
  shownRevision: number;
  showRevision(revision: number): void;
}

const History = memo(({ trees, shownRevision, showRevision }: HistoryProps) => (
  <section>
    <h2>How it came to this</h2>
    <ol class="history">
      {trees.map((tree, place) => {
        const before = trees[place - 1] ?? null;
        const cause = before || tree.revision === 1 ? causeOf(before, tree) : "Earlier revisions are not shown";
        return (
          <li key={tree.revision}>
            <button
              type="button"
              class="quiet"
              aria-current={tree.revision === shownRevision ? "step" : undefined}
              onClick={() => showRevision(tree.revision)}
            >
              <span class="number">{tree.revision}</span>
              <span>{flipOf(before, tree) ?? `${cause}.`}</span>
            </button>
          </li>
        );
      })}
    </ol>
  </section>
));
