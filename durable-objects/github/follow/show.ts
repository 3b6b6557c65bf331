/** A thread as GitHub shows it: one comment that is kept current, a check run of the turn, and one for each diff that may be approved. */
import { checkRun } from "#core/github/check-run";
import { approvalsLines, type StickyComment, type StickyState, stickyComment } from "#core/github/sticky-comment";
import { openQuestion } from "#core/github/thread-view";
import { numberedPieces } from "#core/hunks";
import type { CheckRunState, Conversation, Effect } from "#github/effect";
import { approvalsMissingOf, approversOf, partsApproved } from "#github/follow/approvals";
import type { BoundProposal } from "#github/follow/bound-diff";
import { awaited, isQueued, type Ledger, type Proposal, type Talk } from "#github/ledger";
import { blobHash } from "#workspace/blob";
import { proposedFile } from "#workspace/part";

/** Comments and check run as they have to be now; nothing where they stand so already. What was shown is written down. */
export function showTalk(ledger: Ledger, threadId: string): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk === null) return [];
  const state = stateOf(ledger, talk);
  return [...showComments(ledger, talk, state), ...showTurn(ledger, threadId, state)];
}

function showComments(ledger: Ledger, talk: Talk, state: StickyState): Effect[] {
  const { draft, on, threadId } = talk;
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
    {
      threadId,
      state,
      plan: view.plan,
      sentence: sentenceOf(talk, state),
      link,
      webUrl: ledger.threadUrl(threadId),
      ...(talk.heldBy ? { heldBy: talk.heldBy.login } : {}),
    },
    { secrets: [], spared: sparedIn(ledger, threadId) },
  ).body;
}

function showComment(ledger: Ledger, created: string, { on, body }: { on: Conversation; body: string }): Effect[] {
  const lane = created;
  if (!ledger.hasEffect(created)) return [{ key: created, lane, action: { type: "createComment", on, body } }];
  return [{ key: `${created}/edit`, lane, action: { type: "editComment", of: created, on, body } }];
}

/**
 * The check run of a turn stands where the branch does, and goes on with it. Its id is of the thread and of what was asked, so that no later
 * turn, and no other pull request on the same commit, is taken for it. An issue has none before its branch: there the commit is the default
 * branch's, which is nobody's to judge.
 */
function showTurn(ledger: Ledger, threadId: string, state: StickyState): Effect[] {
  const talk = ledger.talk(threadId);
  const before = talk?.check ?? null;
  const headOid = talk?.baseOid ?? before?.headOid ?? null;
  if (talk === null || headOid === null || !(talk.on.isPullRequest || talk.draft || hasCommitted(ledger, threadId))) return [];
  const externalId = `${threadId}/${talk.asked.key}`;
  const key = `turn-check/${externalId}/${headOid}`;
  if (before?.key === key && before.state === state.type) return [];
  ledger.putTalk({ ...talk, check: { key, headOid, state: state.type } });
  const shown = turnState(ledger, { threadId, headOid, state });
  // What was done is forgotten after a while. A second run of the same turn on the same commit says the same, and GitHub shows the newer one.
  if (before?.key === key && ledger.hasEffect(key)) return [updated(key, shown)];
  const left =
    before && before.key !== key && isUnderWay(before.state) ? [updated(before.key, leftState(ledger, talk, before))] : [];
  return [...left, { key, lane: key, action: { type: "createCheckRun", name: "Spindle", headOid, externalId, state: shown } }];
}

function hasCommitted(ledger: Ledger, threadId: string): boolean {
  return ledger.proposalsIn(threadId, ["committed"]).length > 0;
}

function isUnderWay(state: StickyState["type"]): boolean {
  return state === "queued" || state === "working" || state === "awaitingApproval";
}

/** On the commit before: the turn went on to one of its own, or another turn took its place. */
function leftState(ledger: Ledger, { threadId, asked }: Talk, { key, headOid }: NonNullable<Talk["check"]>): CheckRunState {
  const landed = ledger.proposalsIn(threadId, ["committed"]).findLast(({ bound }) => bound?.baseOid === headOid);
  const isSameTurn = key.startsWith(`turn-check/${threadId}/${asked.key}/`);
  const state: StickyState =
    isSameTurn && landed?.bound ? decidedState(ledger, { ...landed, bound: landed.bound }) : { type: "stopped" };
  return turnState(ledger, { threadId, headOid, state });
}

/** Without the buttons, which are the diff's own. */
function turnState(ledger: Ledger, of: { threadId: string; headOid: string; state: StickyState }): CheckRunState {
  const { actions: _, ...shown } = runState(ledger, of);
  return shown;
}

function updated(key: string, state: CheckRunState): Effect {
  return { key: `${key}/edit`, lane: key, action: { type: "updateCheckRun", of: key, state } };
}

/** The check run beside a proposal: made when it may be approved, brought up to date when it was decided. */
export function showProposal(ledger: Ledger, proposal: Proposal): Effect[] {
  const { requestId, bound, state } = proposal;
  if (bound === null) return [];
  const shown = checkStateOf(ledger, { ...proposal, bound });
  const key = `check/${requestId}`;
  const lane = key;
  if (ledger.hasEffect(key)) return [updated(key, shown)];
  if (state.type !== "open") return [];
  // Two conversations may have the same diff on the same commit: the hash alone would be both's.
  const externalId = `${bound.hash}:${requestId}`;
  return [{ key, lane, action: { type: "createCheckRun", name: "Spindle", headOid: bound.baseOid, externalId, state: shown } }];
}

function checkStateOf(ledger: Ledger, proposal: BoundProposal): CheckRunState {
  const { threadId, bound } = proposal;
  return runState(ledger, { threadId, headOid: bound.baseOid, state: decidedState(ledger, proposal) });
}

function runState(
  ledger: Ledger,
  { threadId, headOid, state }: { threadId: string; headOid: string; state: StickyState },
): CheckRunState {
  const [count = null] = state.type === "awaitingApproval" ? approvalsLines(state.approvalsMissing, state.approvedBy) : [];
  const sentence = state.type === "failed" ? state.reason : count;
  const run = checkRun(
    { threadId, headOid, state, sentence, webUrl: ledger.threadUrl(threadId) },
    { secrets: [], spared: sparedIn(ledger, threadId) },
  );
  const { status, conclusion, output, actions, details_url: detailsUrl } = run;
  return {
    status,
    ...(conclusion ? { conclusion } : {}),
    ...output,
    ...(detailsUrl === undefined ? {} : { detailsUrl }),
    ...(actions ? { actions } : {}),
  };
}

export function stateOf(ledger: Ledger, talk: Talk): StickyState {
  const { turn } = talk.view;
  if (talk.problem !== null) return { type: "failed", reason: talk.problem };
  const [open] = ledger.proposalsIn(talk.threadId, awaited);
  if (open?.bound) {
    const bound = { ...open, bound: open.bound };
    return open.state.type === "open" && talk.standing.isOpen ? awaiting(ledger, talk, bound) : decidedState(ledger, bound);
  }
  const question = openQuestion(talk.view);
  if (turn?.status === "inProgress" && question) return { type: "asking", questions: question.questions };
  if (turn?.status === "inProgress") return { type: "working" };
  if (turn === null || isQueued(talk)) return { type: "queued" };
  const last = ledger.lastProposalOfTurn(talk.threadId, turn.id);
  if (last && ["waiting", "approved", "committing"].includes(last.state.type)) return { type: "working" };
  if (turn.status === "failed") return { type: "failed", reason: turn.problem ?? "the turn failed" };
  // A commit stands whatever came after it.
  const decided = last?.bound ? decidedState(ledger, { ...last, bound: last.bound }) : null;
  if (decided?.type === "committed" || decided?.type === "suggested") return decided;
  if (turn.status === "interrupted") return { type: "stopped" };
  return decided ?? { type: "finished" };
}

function awaiting(ledger: Ledger, talk: Talk, proposal: BoundProposal): StickyState {
  const { staleHash } = talk;
  const { changes, bound } = proposal;
  const pieces = numberedPieces(changes.map((change) => proposedFile(change, (oid) => ledger.content(oid))));
  const stale = staleHash === null ? null : { hash: staleHash };
  const approvals = approvalsOf(ledger, proposal);
  return { type: "awaitingApproval", proposal: { ...bound, pieces }, stale, ...approvals, isFork: isOfFork(talk) };
}

/** Whose pull request has a branch of ours beside its own. */
function isOfFork({ on, draftTo }: Talk): boolean {
  return on.isPullRequest && draftTo !== null;
}

function approvalsOf(ledger: Ledger, { requestId, bound: { hash } }: BoundProposal) {
  return {
    approvalsMissing: approvalsMissingOf(ledger, requestId, hash),
    approvedBy: approversOf(ledger, requestId, hash),
    partsApproved: partsApproved(ledger, requestId),
  };
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
      if (ledger.talk(threadId)?.standing.isOpen === false) return { type: "closed", hash };
      // Without buttons: they would be refused.
      if (ledger.talk(threadId)?.heldBy) return { type: "held" };
      return {
        type: "awaitingApproval",
        proposal: { ...bound, pieces: [] },
        stale: null,
        ...approvalsOf(ledger, proposal),
        isFork: false,
      };
    case "suggested": {
      const by = listedNames(approversOf(ledger, requestId, state.part?.hash ?? hash));
      return { type: "suggested", ...landedHash(proposal, state.part), baseOid: bound.baseOid, by };
    }
    case "committed": {
      const branch = ledger.talk(threadId)?.branch ?? "";
      const { commitOid, part } = state;
      const landed = landedHash(proposal, part);
      const by = listedNames(approversOf(ledger, requestId, landed.hash));
      return { type: "committed", ...landed, commitOid, branch, by };
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

function landedHash({ bound: { hash } }: BoundProposal, part: { hash: string; hunks: readonly number[] } | undefined) {
  return part ? { hash: part.hash, partOf: { hash, hunks: part.hunks } } : { hash };
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

function sparedIn(ledger: Ledger, threadId: string): string[] {
  return ledger
    .newestBound(threadId)
    .flatMap(({ requestId, bound, state }) => [
      ...(bound === null ? [] : [bound.hash, bound.baseOid]),
      ...partsApproved(ledger, requestId).map(({ hash }) => hash),
      ...(state.type === "committed" ? [state.commitOid] : []),
    ]);
}
