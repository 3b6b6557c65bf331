/** A thread as GitHub shows it: one comment that is kept current, and a check run for each diff that may be approved. */
import { checkRun } from "#core/github/check-run";
import { numberedPieces, type ProposedFile } from "#core/github/hunks";
import { type StickyState, stickyComment } from "#core/github/sticky-comment";
import type { CheckRunState, Effect } from "#github/effect";
import { awaited, type Ledger, type Proposal, type Talk } from "#github/ledger";
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
    { threadId, state, plan: view.plan, sentence: sentenceOf(talk, state), webUrl: null },
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

function stateOf(ledger: Ledger, talk: Talk): StickyState {
  const { turn } = talk.view;
  if (talk.problem !== null) return { type: "failed", reason: talk.problem };
  const [open] = ledger.proposalsIn(talk.threadId, awaited);
  if (open?.bound) {
    const isAsked = open.state.type === "open" && talk.standing.isOpen;
    return isAsked
      ? awaiting(ledger, talk, open.changes, open.bound)
      : decidedState(ledger, talk.threadId, { bound: open.bound, state: open.state });
  }
  if (turn?.key !== talk.asked.key && turn?.status !== "inProgress") return { type: "queued" };
  if (turn.status === "inProgress") return { type: "working" };
  const last = ledger.lastProposalOfTurn(talk.threadId, turn.id);
  if (last && ["waiting", "approved", "committing"].includes(last.state.type)) return { type: "working" };
  if (turn.status === "failed") return { type: "failed", reason: turn.problem ?? "the turn failed" };
  // A commit stands whatever came after it.
  if (last?.bound && (last.state.type === "committed" || last.state.type === "suggested"))
    return decidedState(ledger, talk.threadId, { bound: last.bound, state: last.state });
  if (turn.status === "interrupted") return { type: "stopped" };
  return last?.bound ? decidedState(ledger, talk.threadId, { bound: last.bound, state: last.state }) : { type: "finished" };
}

function awaiting(ledger: Ledger, talk: Talk, changes: Proposal["changes"], { hash, baseOid }: Bound): StickyState {
  const { staleHash } = talk;
  const pieces = numberedPieces(changes.map((change) => fileOf(ledger, change)));
  const stale = staleHash === null ? null : { hash: staleHash };
  return { type: "awaitingApproval", proposal: { hash, baseOid, pieces }, stale, approvalsMissing: 1, isFork: isOfFork(talk) };
}

/** Whose pull request has a branch of ours beside its own. */
function isOfFork({ on, draftTo }: Talk): boolean {
  return on.isPullRequest && draftTo !== null;
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
      return ledger.talk(threadId)?.standing.isOpen === false
        ? { type: "closed", hash }
        : { type: "awaitingApproval", proposal: { ...bound, pieces: [] }, stale: null, approvalsMissing: 1, isFork: false };
    case "suggested":
      return { type: "suggested", hash, baseOid: bound.baseOid, by: state.by.login };
    case "committed": {
      const branch = ledger.talk(threadId)?.branch ?? "";
      return { type: "committed", hash, commitOid: state.commitOid, branch, by: state.by.login };
    }
    case "declined":
      return { type: "declined", hash, by: state.by?.login ?? "somebody in another client", reason: state.reason };
    case "moved":
    case "stale":
      return { type: "stale", hash };
    case "acceptedElsewhere":
      return { type: state.type, hash };
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
export function fileOf(ledger: Ledger, { path, before, after }: Proposal["changes"][number]): ProposedFile {
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
