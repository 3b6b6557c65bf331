/** The whole thread for an audit, a page at a time, read from the log: also what was taken back. */
import { treeAfter } from "#core/decision";
import { exportEntry } from "#core/export";
import { markdownHead, markdownOf } from "#core/export-markdown";
import { limits } from "#core/limits";
import { wireThread } from "#core/thread";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { ExportEntry } from "#protocol/thread-export-methods";
import { copyPage } from "#thread/copy";
import type { ThreadRuntime } from "#thread/runtime";

/** A cursor is the number of the last frame that was told. */
export function exportThread(
  runtime: ThreadRuntime,
  { cursor, limit, format }: Params<"spindle/thread/export">,
): Result<"spindle/thread/export"> {
  const { log, current } = runtime;
  if (format === "copy") {
    const page = copyPage(runtime, cursor ?? null);
    return { thread: wireThread(runtime.current), data: [], markdown: null, ...page };
  }
  if (cursor && !/^\d{1,15}$/.test(cursor)) throw new Refusal(refusals.invalidCursor(cursor));
  const after = Number(cursor ?? 0);
  const entriesMax = Math.min(Math.max(limit ?? 100, 1), limits.pageEntriesMax);
  const data: ExportEntry[] = [];
  let tree: DecisionTreeRevision | undefined;
  for (const update of log.decisionTreeUpdatesOfTurnAt(after)) tree = treeAfter(tree, update);
  let characters = 0;
  let isMore = false;
  for (const { frame, isReverted } of log.exportedFrames(after)) {
    isMore = data.length >= entriesMax || characters >= limits.exportPageCharactersMax;
    if (isMore) break;
    const entry = exportEntry(frame, isReverted, tree);
    if (entry.type === "decisionTree") tree = entry.tree;
    characters += JSON.stringify(entry).length;
    data.push(entry);
  }
  const isMarkdown = format === "markdown";
  const head = after === 0 ? [markdownHead(current.info)] : [];
  return {
    thread: wireThread(current),
    data: isMarkdown ? [] : data,
    markdown: isMarkdown ? [...head, ...data.map((entry) => markdownOf(entry, timeOf)), ""].join("\n") : null,
    nextCursor: isMore ? String(data.at(-1)?.seq) : null,
  };
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
