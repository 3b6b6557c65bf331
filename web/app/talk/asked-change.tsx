/** A change that waits for a yes or a no, with its diff, so that hunks are left out without leaving the talk. A large one is folded first. */
import { useState } from "preact/hooks";
import { patchLines } from "#client/patch-lines";
import type { ThreadHandle } from "#client/thread-handle";
import type { ItemOf } from "#protocol/item";
import { lazy } from "../lazy.tsx";
import { countText } from "./amounts.ts";
import { talkLimits } from "./limits.ts";

const load = async () => (await import("../diff/change-view.tsx")).ChangeView;
const ChangeView = lazy(load);

/** Behind the talk itself, and before the first change asks: the answer should stand where it will stay. Who fails here fails again when it is shown, and says so. */
setTimeout(() => void load().catch(() => {}), talkLimits.reviewLoadedAfterMs);

interface AskedChangeProps {
  thread: ThreadHandle;
  item: ItemOf<"fileChange">;
  isOpen: boolean;
  open(): void;
}

/** While it is open it answers by itself; folded, the answer is to the whole. */
export function AskedChange({ thread, item, isOpen, open }: AskedChangeProps) {
  if (isOpen) return <ChangeView thread={thread} item={item} />;
  const lines = changedLines(item);
  return (
    <p>
      {countText(item.changes.length, "file")}, {countText(lines, "changed line")}.{" "}
      <button type="button" class="quiet" onClick={open}>
        Show the diff
      </button>
    </p>
  );
}

/** Whether the diff is shown; once it is, it stays. */
export function useOpened(item: ItemOf<"fileChange"> | null): [boolean, () => void] {
  const [isWanted, setWanted] = useState(false);
  return [item !== null && (isWanted || isSmall(item)), () => setWanted(true)];
}

function isSmall(item: ItemOf<"fileChange">): boolean {
  return item.changes.length <= talkLimits.askedFilesShown && changedLines(item) <= talkLimits.askedLinesShown;
}

function changedLines({ proposal }: ItemOf<"fileChange">): number {
  return patchLines(proposal?.diff ?? "").filter(({ kind }) => kind === "added" || kind === "removed").length;
}
