/** What was done to the fragments, and the way back. */

import { useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { moment } from "../figures.ts";
import { appLimits } from "../limits.ts";
import { useStore } from "../store/store.ts";
import { useDeed, usePages } from "./asking.ts";
import { Confirm, Failure } from "./confirm.tsx";
import { scopeInWords } from "./sentences.ts";

const byWords = {
  routine: "tidying",
  model: "a model's proposal",
  promotion: "a rise to a wider scope",
  person: "a person",
  trial: "a new trial",
};

export function Runs({ version, changed }: { version: number; changed: () => void }) {
  const { client } = useStore();
  const { entries, hasMore, failure, more } = usePages(
    "spindle/memory/run/list",
    { limit: appLimits.memoryPageEntries },
    version,
  );
  const [undoingId, setUndoingId] = useState<string | null>(null);
  const deed = useDeed();
  const undo = (runId: string) =>
    deed.run(async () => {
      await client.request("spindle/memory/run/undo", { runId });
      changed();
    });
  return (
    <>
      <Failure words={deed.failure ?? failure} />
      {entries?.length === 0 && <p class="notice">Nothing was changed in the last 30 days.</p>}
      <ul class="runs">
        {entries?.map(({ id, atMs, scope, by, summary, canBeUndone, undoneAtMs }) => (
          <li key={id}>
            <span>
              <Visible kind="prose" text={summary} />
              <span class="detail">
                {moment(atMs)}, by {byWords[by]}, in {scopeInWords(scope)}
                {undoneAtMs !== null && `; taken back ${moment(undoneAtMs)}`}
              </span>
            </span>
            {canBeUndone && undoneAtMs === null && (
              <button type="button" class="quiet" disabled={deed.isRunning} onClick={() => setUndoingId(id)}>
                Undo<span class="unseen"> {summary}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {hasMore && (
        <button type="button" class="quiet" onClick={more}>
          Show more
        </button>
      )}
      {undoingId !== null && (
        <Confirm title="Take this back?" action="Take back" confirm={() => void undo(undoingId)} close={() => setUndoingId(null)}>
          <p>The fragments are as they were before. What they were credited with since is lost.</p>
        </Confirm>
      )}
    </>
  );
}
