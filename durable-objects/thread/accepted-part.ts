/** An answer that accepts some hunks of a proposal: either exactly those, or a named refusal, and then the request goes on waiting. */
import { numberedPieces, type Piece } from "#core/hunks";
import { limits } from "#core/limits";
import type { AcceptedPart, FileChange } from "#core/private";
import type { PendingRequest } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import { hunksAccepted } from "#protocol/server-requests";
import { proposedBy } from "#thread/asked-proposal";
import type { ThreadRuntime } from "#thread/runtime";
import { WorkspaceError } from "#workspace/error";
import { partOfChanges, proposedFile, type ReadContent } from "#workspace/part";
import { propose } from "#workspace/proposal";

/** Whether somebody names hunks, well or badly: then it is never taken for an answer without them. */
export function namesHunks(result: unknown): boolean {
  return typeof result === "object" && result !== null && ("hunks" in result || "proposalHash" in result);
}

/**
 * What is accepted by `result`; null when that is all of it. Puts the contents that come of it into blobs, which nobody sees before the answer
 * is in the log. Throws `Refusal`.
 */
export function acceptedPart(runtime: ThreadRuntime, request: PendingRequest, result: unknown): AcceptedPart | null {
  if (request.method !== "item/fileChange/requestApproval") throw new Refusal(refusals.notOfHunks());
  const answer = hunksAccepted.safeParse(result);
  if (!answer.success) throw new Refusal(refusals.invalidHunks());
  const { hunks, proposalHash } = answer.data;
  const proposed = proposedBy(runtime, request.id);
  if (!proposed) throw new Refusal(refusals.notOfHunks());
  if (proposed.hash !== proposalHash) throw new Refusal(refusals.otherProposal(proposed.hash));
  const { workspace, current } = runtime;
  const read: ReadContent = (hash) => workspace.readBlob(hash);
  const part = partOfChanges(proposed.changes, hunks, read);
  if ("refused" in part) throw new Refusal(refusals.unknownHunks(part.answer));
  if (part.isAll) return null;
  for (const content of part.contents) workspace.putBlob(content);
  const { hash, changes } = proposable(() => propose(workspace, part.changes, current.info.cwd));
  return { hash, changes, ...namedHunks(proposed.changes, hunks, read) };
}

function namedHunks(
  changes: readonly FileChange[],
  hunks: readonly number[],
  read: ReadContent,
): Pick<AcceptedPart, "hunks" | "leftOut" | "leftOutCount"> {
  const left = numberedPieces(changes.map((change) => proposedFile(change, read))).filter(
    ({ number }) => !hunks.includes(number),
  );
  const leftOut = left
    .slice(0, limits.leftOutHunksToldMax)
    .map((piece) => ({ number: piece.number, path: piece.path, place: placeOf(piece) }));
  return { hunks: [...new Set(hunks)].sort((one, other) => one - other), leftOut, leftOutCount: left.length };
}

function placeOf({ kind, text }: Piece): string {
  const places = { added: "the new file", deleted: "its deletion", mode: "its new mode", binary: "its new content" };
  return kind === "lines" ? (text.split("\n", 1)[0] ?? "") : places[kind];
}

/** What the workspace refuses is the answerer's to know. */
function proposable<Result>(attempt: () => Result): Result {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof WorkspaceError) throw new Refusal(refusals.unknownHunks(error.message));
    throw error;
  }
}
