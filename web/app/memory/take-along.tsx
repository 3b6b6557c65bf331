/** Everything of the memory to take along, or to be forgotten at once. */

import { useState } from "preact/hooks";
import type { Client } from "#client/client";
import { download } from "../files/download.ts";
import { appLimits } from "../limits.ts";
import { useStore } from "../store/store.ts";
import { useDeed } from "./asking.ts";
import { Confirm, Failure } from "./confirm.tsx";

export function TakeAlong({ changed }: { changed: () => void }) {
  const { client } = useStore();
  const [isAsking, setAsking] = useState(false);
  const deed = useDeed();
  const reset = () =>
    deed.run(async () => {
      await client.request("memory/reset", {}, { isIdempotent: true });
      changed();
    });
  return (
    <section class="choices" aria-label="All of it">
      <button
        type="button"
        class="quiet"
        disabled={deed.isRunning}
        onClick={() =>
          void deed.run(async () =>
            download(new Blob([await exported(client)], { type: "application/json" }), "spindle-memory.json"),
          )
        }
      >
        Export as JSON
      </button>
      <button type="button" class="quiet" disabled={deed.isRunning} onClick={() => setAsking(true)}>
        Forget everything
      </button>
      <Failure words={deed.failure} />
      {isAsking && (
        <Confirm
          title="Forget everything?"
          action="Forget everything"
          confirm={() => void reset()}
          close={() => setAsking(false)}
        >
          <p>Every fragment, every run and all that was counted. This cannot be undone; the talks and the settings stay.</p>
        </Confirm>
      )}
    </section>
  );
}

async function exported(client: Client): Promise<string> {
  const fragments: unknown[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < appLimits.memoryExportPagesMax; pages += 1) {
    const page: { data: unknown[]; nextCursor: string | null } = await client.request("spindle/memory/export", {
      cursor,
      limit: appLimits.memoryExportPageEntries,
    });
    fragments.push(...page.data);
    cursor = page.nextCursor;
    if (cursor === null) return JSON.stringify({ fragments }, null, 2);
  }
  throw new Error(`The export does not end after ${fragments.length} fragments.`);
}
