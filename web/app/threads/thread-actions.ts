/** What can be done with a thread, by name: for its menus and for the palette. */
import type { ThreadHandle } from "#client/thread-handle";
import type { WireThread } from "#protocol/thread";
import { download } from "../files/download.ts";
import { go, place, threadPlace } from "../place.ts";
import type { Store } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { exportThread, fileName } from "./export-thread.ts";

export interface ThreadAction {
  name: string;
  /** Cannot be taken back. */
  isFinal?: true;
  /** Rejects with why it could not be done. */
  run(): unknown;
}

export interface ActedOn {
  thread: WireThread;
  isArchived: boolean;
  /** Where it is shown; some things need all of it. */
  handle: ThreadHandle | null;
  rename(): void;
}

export function threadActions(
  { client }: Pick<Store, "client">,
  { thread, isArchived, handle, rename }: ActedOn,
): ThreadAction[] {
  const { id: threadId } = thread;
  const fork = async () => {
    const { thread: forked } = await client.request("thread/fork", { threadId, excludeTurns: true });
    go(threadPlace(forked.id));
  };
  const markUnread = async () => {
    const { readState } = await client.request("thread/read", { threadId });
    if (!readState) return;
    const { revision: expectedRevision } = readState;
    await client.request("thread/readState/update", { threadId, operation: { type: "unread" }, expectedRevision });
  };
  const remove = async () => {
    if (!confirm(`Delete "${titleOf(thread)}" for good, with its files and everything that was said in it?`)) return;
    await client.request("thread/delete", { threadId });
    if (place.value.view === "thread" && place.value.threadId === threadId) go({ view: "new" });
  };
  // With the diffs' code, which is not needed before.
  const patch = async () => {
    const { threadPatch } = await import("../diff/thread-patch.ts");
    return threadPatch(handle?.state?.turns ?? []);
  };
  const ofShown: ThreadAction[] = [
    {
      name: "Download patch",
      run: async () => download(new Blob([nonEmpty(await patch())]), `${fileName(titleOf(thread))}.patch`),
    },
    { name: "Copy patch", run: async () => navigator.clipboard.writeText(nonEmpty(await patch())) },
  ];
  return [
    ...(handle?.turn ? [{ name: "Stop the turn", run: () => handle.interrupt() }] : []),
    { name: "Rename", run: rename },
    {
      name: isArchived ? "Bring back" : "Archive",
      run: () => client.request(isArchived ? "thread/unarchive" : "thread/archive", { threadId }),
    },
    { name: "Fork", run: fork },
    ...(handle ? ofShown : [{ name: "Mark as unread", run: markUnread }]),
    { name: "Export as Markdown", run: () => exportThread(client, thread, "markdown") },
    { name: "Export as JSON", run: () => exportThread(client, thread, "json") },
    { name: "Delete", isFinal: true, run: remove },
  ];
}

function nonEmpty(patch: string): string {
  if (patch === "") throw new Error("No change of files has landed in this thread.");
  return patch;
}
