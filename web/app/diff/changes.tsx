/** Every change of files in the thread: what waits for a decision first. */
import type { ThreadHandle } from "#client/thread-handle";
import type { ItemOf } from "#protocol/item";
import { Patch } from "./patch.tsx";

export function Changes({ thread }: { thread: ThreadHandle; item: string | null }) {
  const items = (thread.state?.turns ?? []).flatMap(({ items }) => items.filter((item) => item.type === "fileChange"));
  if (items.length === 0) return <p class="notice">Nothing was changed here.</p>;
  return (
    <div class="scroll">
      {items.toReversed().map((item) => (
        <Change key={item.id} item={item} />
      ))}
    </div>
  );
}

function Change({ item }: { item: ItemOf<"fileChange"> }) {
  return (
    <section class="item change">
      <p class="head">{item.changes.map(({ path }) => path).join(", ")}</p>
      <Patch text={item.proposal?.diff ?? ""} />
    </section>
  );
}
