/** A thread as GitHub shows it: one comment that is kept current, and a check run for each diff that may be approved. */
import { checkRun } from "#core/github/check-run";
import { numberedPieces, type ProposedFile } from "#core/github/hunks";
import { approvalsLines, type StickyComment, type StickyState, stickyComment } from "#core/github/sticky-comment";
import type { CheckRunState, Conversation, Effect } from "#github/effect";
import { approvalsMissingOf, approversOf } from "#github/follow/approvals";
import type { Ledger, Proposal, Talk } from "#github/ledger";
import { textOf } from "#workspace/binary-patch";
import { blobHash } from "#workspace/blob";
import type { FileVersion } from "#workspace/change";

/** The comments as they have to be now; nothing where they stand so already. What was shown is written down. */
export function showTalk(ledger: Ledger, threadId: string): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk === null) return [];
  const { draft, on } = talk;
  const state = stateOf(ledger, talk);
  const link = draft === null ? null : ({ type: draft.isReady ? "ready" : "draft", number: draft.number } as const);
  const home = bodyOf(ledger, talk, { state, link });
  const away = draft === null ? null : bodyOf(ledger, talk, { state, link: { type: "home", number: on.number } });
  const shown = blobHash(new TextEncoder().encode(home));
  const shownAway = away === null ? null : blobHash(new TextEncoder().encode(away));
  if (shown === talk.shown && (draft === null || shownAway === draft.shown)) return [];
  ledger.putTalk({ ...talk, shown, draft: draft && { ...draft, shown: shownAway } });
  return [
    ...(shown === talk.shown ? [] : showComment(ledger, `comment/${threadId}`, { on, body: home })),
    ...(away === null || draft === null || shownAway === draft.shown
      ? []
      : showComment(ledger, `comment/${threadId}/draft`, { on: { number: draft.number, isPullRequest: true }, body: away })),
  ];
}

function bodyOf(ledger: Ledger, talk: Talk, { state, link }: Pick<StickyComment, "state" | "link">): string {
  const { threadId, view } = talk;
  return stickyComment(
    { threadId, state, plan: view.plan, sentence: sentenceOf(talk, state), link, webUrl: null },
    { secrets: [], spared: sparedIn(ledger, threadId) },
  ).body;
}

function showComment(ledger: Ledger, created: string, { on, body }: { on: Conversation; body: string }): Effect[] {
  const lane = created;
  if (!ledger.hasEffect(created)) return [{ key: created, lane, action: { type: "createComment", on, body } }];
  return [{ key: `${created}/edit`, lane, action: { type: "editComment", of: created, on, body } }];
}

/** The check run beside a proposal: made when it may be approved, brought up to date when it was decided. */
export function showProposal(ledger: Ledger, proposal: Proposal): Effect[] {
  const { requestId, bound, state } = proposal;
  if (bound === null) return [];
  const shown = checkStateOf(ledger, { ...proposal, bound });
  const key = `check/${requestId}`;
  const lane = key;
  if (ledger.hasEffect(key)) return [{ key: `${key}/edit`, lane, action: { type: "updateCheckRun", of: key, state: shown } }];
  if (state.type !== "open") return [];
  const { hash: externalId, baseOid: headOid } = bound;
  return [{ key, lane, action: { type: "createCheckRun", name: "Spindle", headOid, externalId, state: shown } }];
}

function checkStateOf(ledger: Ledger, proposal: BoundProposal): CheckRunState {
  const { threadId, bound } = proposal;
  const state = decidedState(ledger, proposal);
  const [count = null] = state.type === "awaitingApproval" ? approvalsLines(state.approvalsMissing, state.approvedBy) : [];
  const run = checkRun({ threadId, headOid: bound.baseOid, state, sentence: count, webUrl: null }, { secrets: [], spared: [] });
  const { status, conclusion, output, actions } = run;
  return { status, ...(conclusion ? { conclusion } : {}), ...output, ...(actions ? { actions } : {}) };
}

type BoundProposal = Proposal & { bound: NonNullable<Proposal["bound"]> };

function stateOf(ledger: Ledger, talk: Talk): StickyState {
  const { turn } = talk.view;
  if (talk.problem !== null) return { type: "failed", reason: talk.problem };
  const [open] = ledger.proposalsIn(talk.threadId, ["open"]);
  if (open?.bound) return awaiting(ledger, talk, { ...open, bound: open.bound });
  if (turn?.key !== talk.asked.key && turn?.status !== "inProgress") return { type: "queued" };
  if (turn.status === "inProgress") return { type: "working" };
  const last = ledger.lastProposalOfTurn(talk.threadId, turn.id);
  if (last && ["waiting", "approved", "committing"].includes(last.state.type)) return { type: "working" };
  if (turn.status === "failed") return { type: "failed", reason: turn.problem ?? "the turn failed" };
  // A commit stands whatever came after it.
  const decided = last?.bound ? decidedState(ledger, { ...last, bound: last.bound }) : null;
  if (decided?.type === "committed") return decided;
  if (turn.status === "interrupted") return { type: "stopped" };
  return decided ?? { type: "finished" };
}

function awaiting(ledger: Ledger, { staleHash }: Talk, proposal: BoundProposal): StickyState {
  const { changes, bound } = proposal;
  const pieces = numberedPieces(changes.map((change) => fileOf(ledger, change)));
  const stale = staleHash === null ? null : { hash: staleHash };
  return { type: "awaitingApproval", proposal: { ...bound, pieces }, stale, ...approvalsOf(ledger, proposal) };
}

function approvalsOf(ledger: Ledger, proposal: BoundProposal) {
  return { approvalsMissing: approvalsMissingOf(ledger, proposal), approvedBy: approversOf(ledger, proposal.requestId) };
}

function decidedState(ledger: Ledger, proposal: BoundProposal): StickyState {
  const { requestId, threadId, bound, state } = proposal;
  const { hash } = bound;
  switch (state.type) {
    case "waiting":
    case "approved":
    case "committing":
      return { type: "working" };
    case "open":
      return { type: "awaitingApproval", proposal: { ...bound, pieces: [] }, stale: null, ...approvalsOf(ledger, proposal) };
    case "committed": {
      const branch = ledger.talk(threadId)?.branch ?? "";
      return { type: "committed", hash, commitOid: state.commitOid, branch, by: listedNames(approversOf(ledger, requestId)) };
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

/** "a", "a and b", "a, b and c". */
export function listedNames(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
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
