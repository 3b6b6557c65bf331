/** What an approval was asked for, with its contents, for whoever lands it somewhere else than in the workspace. */
import { githubApiLimits } from "#core/limits";
import type { FileChange, ProposedChanges } from "#core/private";
import type { ThreadRuntime } from "#thread/runtime";

export interface AskedProposal {
  itemId: string;
  changes: FileChange[];
  /** Both sides of every change, each content once; null when they are more than one call between two objects holds. */
  contents: Uint8Array[] | null;
}

/** Null when the request waits for nobody any more, or never did. */
export function askedProposal(runtime: ThreadRuntime, requestId: string): AskedProposal | null {
  const proposed = proposedBy(runtime, requestId);
  if (!proposed) return null;
  const { itemId, changes } = proposed;
  const sides = new Map(
    changes.flatMap(({ before, after }) => [before, after]).flatMap((side) => (side ? [[side.hash, side.size]] : [])),
  );
  const bytes = [...sides.values()].reduce((sum, size) => sum + size, 0);
  if (bytes > githubApiLimits.commitBytesMax) return { itemId, changes, contents: null };
  return { itemId, changes, contents: [...sides.keys()].map((hash) => runtime.workspace.readBlob(hash)) };
}

/** What waits for the answer to this request; null where it waits for none, or asks for something else. */
export function proposedBy({ thread }: ThreadRuntime, requestId: string): ProposedChanges | null {
  const state = thread?.work?.calls.map((call) => call.state).find((one) => "requestId" in one && one.requestId === requestId);
  return state?.type === "changesAsked" ? state.proposed : null;
}
