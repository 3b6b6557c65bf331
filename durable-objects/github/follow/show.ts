/** A thread as GitHub shows it: one comment that is kept current, and a check run for each diff that may be approved. */
import { checkRun } from "#core/github/check-run";
import { numberedPieces, type ProposedFile } from "#core/github/hunks";
import { type StickyState, stickyComment } from "#core/github/sticky-comment";
import { openQuestion } from "#core/github/thread-view";
import type { CheckRunState, Effect } from "#github/effect";
import { isQueued, type Ledger, type Proposal, type Talk } from "#github/ledger";
import { textOf } from "#workspace/binary-patch";
import { blobHash } from "#workspace/blob";
import type { FileVersion } from "#workspace/change";

/** The comment as it has to be now; nothing where it stands so already. What was shown is written down. */
export function showTalk(ledger: Ledger, threadId: string): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk === null) return [];
  const { on, view } = talk;
  const state = stateOf(ledger, talk);
  const { body } = stickyComment(
    {
      threadId,
      state,
      plan: view.plan,
      sentence: sentenceOf(talk, state),
      webUrl: null,
      ...(talk.heldBy ? { heldBy: talk.heldBy.login } : {}),
    },
    { secrets: [], spared: sparedIn(ledger, threadId) },
  );
  const shown = blobHash(new TextEncoder().encode(body));
  if (shown === talk.shown) return [];
  ledger.putTalk({ ...talk, shown });
  const created = `comment/${threadId}`;
  const lane = created;
  if (!ledger.hasEffect(created)) return [{ key: created, lane, action: { type: "createComment", on, body } }];
  return [{ key: `${created}/edit`, lane, action: { type: "editComment", of: created, on, body } }];
}

/** The check run beside a proposal: made when it may be approved, brought up to date when it was decided. */
export function showProposal(ledger: Ledger, { requestId, threadId, bound, state }: Proposal): Effect[] {
  if (bound === null) return [];
  const shown = checkStateOf(ledger, { threadId, bound, state });
  const key = `check/${requestId}`;
  const lane = key;
  if (ledger.hasEffect(key)) return [{ key: `${key}/edit`, lane, action: { type: "updateCheckRun", of: key, state: shown } }];
  if (state.type !== "open") return [];
  const { hash: externalId, baseOid: headOid } = bound;
  return [{ key, lane, action: { type: "createCheckRun", name: "Spindle", headOid, externalId, state: shown } }];
}

function checkStateOf(
  ledger: Ledger,
  { threadId, bound, state }: Pick<Proposal, "threadId" | "state"> & { bound: Bound },
): CheckRunState {
  const run = checkRun(
    { threadId, headOid: bound.baseOid, state: decidedState(ledger, threadId, { bound, state }), sentence: null, webUrl: null },
    { secrets: [], spared: [] },
  );
  const { status, conclusion, output, actions } = run;
  return { status, ...(conclusion ? { conclusion } : {}), ...output, ...(actions ? { actions } : {}) };
}

type Bound = NonNullable<Proposal["bound"]>;

export function stateOf(ledger: Ledger, talk: Talk): StickyState {
  const { turn } = talk.view;
  if (talk.problem !== null) return { type: "failed", reason: talk.problem };
  const [open] = ledger.proposalsIn(talk.threadId, ["open"]);
  if (open?.bound) return awaiting(ledger, talk, open.changes, open.bound);
  const question = openQuestion(talk.view);
  if (turn?.status === "inProgress" && question) return { type: "asking", questions: question.questions };
  if (turn?.status === "inProgress") return { type: "working" };
  if (turn === null || isQueued(talk)) return { type: "queued" };
  const last = ledger.lastProposalOfTurn(talk.threadId, turn.id);
  if (last && ["waiting", "approved", "committing"].includes(last.state.type)) return { type: "working" };
  if (turn.status === "failed") return { type: "failed", reason: turn.problem ?? "the turn failed" };
  // A commit stands whatever came after it.
  if (last?.bound && last.state.type === "committed")
    return decidedState(ledger, talk.threadId, { bound: last.bound, state: last.state });
  if (turn.status === "interrupted") return { type: "stopped" };
  return last?.bound ? decidedState(ledger, talk.threadId, { bound: last.bound, state: last.state }) : { type: "finished" };
}

function awaiting(ledger: Ledger, { staleHash }: Talk, changes: Proposal["changes"], { hash, baseOid }: Bound): StickyState {
  const pieces = numberedPieces(changes.map((change) => fileOf(ledger, change)));
  const stale = staleHash === null ? null : { hash: staleHash };
  return { type: "awaitingApproval", proposal: { hash, baseOid, pieces }, stale, approvalsMissing: 1 };
}

function decidedState(
  ledger: Ledger,
  threadId: string,
  { bound, state }: { bound: Bound; state: Proposal["state"] },
): StickyState {
  const { hash } = bound;
  switch (state.type) {
    case "waiting":
    case "approved":
    case "committing":
      return { type: "working" };
    case "open":
      // Without buttons: they would be refused.
      if (ledger.talk(threadId)?.heldBy) return { type: "held" };
      return { type: "awaitingApproval", proposal: { ...bound, pieces: [] }, stale: null, approvalsMissing: 1 };
    case "committed": {
      const branch = ledger.talk(threadId)?.branch ?? "";
      return { type: "committed", hash, commitOid: state.commitOid, branch, by: state.by.login };
    }
    case "declined":
      return { type: "declined", hash, by: state.by?.login ?? "somebody in another client", reason: state.reason };
    case "stale":
      return { type: "failed", reason: "The branch moved before the diff was committed; nothing of it was." };
    case "unapprovable":
      return { type: "failed", reason: state.reason };
    default:
      return state satisfies never;
  }
}

function sentenceOf({ view }: Talk, { type }: StickyState): string | null {
  const isAsked = view.requests.some(({ isFileChange }) => !isFileChange);
  return isAsked && type === "working" ? "It asks something that can be answered in another client only." : view.said;
}

/** The texts of both sides, as hunks are cut from them. */
function fileOf(ledger: Ledger, { path, before, after }: Proposal["changes"][number]): ProposedFile {
  const side = (version: FileVersion | null) =>
    version === null ? null : { mode: version.mode, text: textOf(ledger.content(version.hash)) };
  return { path, before: side(before), after: side(after) };
}

function sparedIn(ledger: Ledger, threadId: string): string[] {
  return ledger
    .newestBound(threadId)
    .flatMap(({ bound, state }) => [
      ...(bound === null ? [] : [bound.hash, bound.baseOid]),
      ...(state.type === "committed" ? [state.commitOid] : []),
    ]);
}
