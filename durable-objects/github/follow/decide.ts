/** A yes or no to a diff, through whichever door: by somebody who may, to exactly this one, on the commit it was made on. */
import { budgetStanding } from "#core/github/budget";
import { matchProposal } from "#core/github/match-proposal";
import { neutralCode } from "#core/github/neutral";
import type { Role } from "#core/github/permission";
import { namingProblems, refusedPaths } from "#core/github/refused-paths";
import { otherCommit } from "#core/github/review";
import type { Door } from "#github/approvals";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { Conversation, Effect } from "#github/effect";
import type { Person } from "#github/event";
import { approvalsMissingOf, lapsedApprovals, noteApproval } from "#github/follow/approvals";
import { begin, closed, isOpen } from "#github/follow/begin";
import { type BoundProposal, type Chosen, choose } from "#github/follow/bound-diff";
import { heldAnswer } from "#github/follow/hold";
import { offerOf } from "#github/follow/offer";
import { bindWaiting, draftKey, setState } from "#github/follow/proposals";
import { answer, react, type Said } from "#github/follow/said";
import { showTalk } from "#github/follow/show";
import { guidesOidOf, noGuides, type Target, targetOf } from "#github/follow/target";
import { awaited, type Ledger, type Proposal, type ProposalPart } from "#github/ledger";
import { readTree, type TreeListing } from "#github/snapshot-source";
import type { ServerRequestResult } from "#protocol/server-requests";
import { changesHash } from "#workspace/proposal";

/** `commitOid`: what a review looked at, which has to be the branch's last commit; null for a door that says so otherwise. */
export type OpenedDoor = Door & { commitOid: string | null };

export interface Approval {
  by: Person;
  role: Role | null;
  door: OpenedDoor;
  hash: string;
  /** As the comment numbers them; null: all. */
  hunks: readonly number[] | null;
  including: readonly string[];
}

/** Whoever asks has the permission, as GitHub said a moment ago. Everything else that a yes needs is seen here. */
export async function approve(said: Said, approval: Approval, reads: RepositoryReads): Promise<Decision> {
  const { by, hash, hunks, including, door } = approval;
  const { threadId, found } = find(said, hash, reads);
  const held = heldAnswer(reads.ledger, threadId);
  if (held !== null) return () => refuse(said, held);
  if ("refused" in found) return () => refuse(said, found.refused);
  const proposal = found;
  const { baseOid } = proposal.bound;
  const talk = reads.ledger.talk(threadId);
  const on = talk?.on ?? said.on;
  if (!isOpen(said, talk)) return () => refuse(said, `${closed(on)} Nothing is committed for it.`);
  const chosen = choose(reads.ledger, proposal, hunks);
  if ("refused" in chosen) return () => refuse(said, chosen.refused);
  const naming = namingProblems(chosen.changes, including);
  if (naming.unknown.length > 0) return () => refuse(said, `That diff does not change ${listed(naming.unknown)}.`);
  if (naming.missing.length > 0) {
    return () => refuse(said, `That diff changes ${listed(naming.missing)}: an approval names it, as the comment shows.`);
  }
  const target = await targetOf(on, { threadId, defaultBranch: said.defaultBranch }, reads);
  if ("refused" in target) return () => refuse(said, target.refused);
  if (door.commitOid !== null && door.commitOid !== target.baseOid) return () => refuse(said, otherCommit);
  if (target.baseOid !== baseOid && !isFirstOfIssue(on, target, reads.ledger, threadId)) {
    const text = "The branch moved after that diff was made, so nothing was committed.";
    // It is asked by who asked before: saying yes to a diff is not asking for one.
    return anew(said, { by: talk?.asked.by ?? by, proposal, target, text }, reads);
  }
  const problem = problemOf(chosen.changes, await readTree(reads.calls({ contents: "read" }), baseOid));
  if (problem !== null) return () => refuse(said, problem);
  const offer = isFork(on, target) && target.isNewBranch ? await offerOf(on, chosen, reads) : { suggestions: null };
  if ("refused" in offer) return () => refuse(said, offer.refused);
  const lapsed = await lapsedApprovals(said, proposal, reads);
  return (ledger) => {
    // Another door may have been quicker while GitHub was asked.
    if (!isAwaited(ledger, proposal)) return refuse(said, "That diff has been decided already.");
    for (const { seq } of lapsed) ledger.approvals.takeBack(seq, "may not approve any more");
    const { requestId } = proposal;
    noteApproval(ledger, said, { ...approval, requestId, chosen, nowMs: reads.nowMs });
    const isEnough = approvalsMissingOf(ledger, requestId, chosen.hash) === 0;
    ledger.putContents(isEnough ? chosen.contents : []);
    const { part } = chosen;
    const shown = isEnough
      ? setState(ledger, { ...proposal, ...offer }, { type: "approved", by, ...(part ? { part } : {}) })
      : setState(ledger, proposal, { type: "open" });
    // The thread first: it lands the diff while the rest is said, and only then there is something to commit.
    const told = isEnough ? [respond(said, proposal, accepting(proposal, part))] : [];
    return [...told, ...react(said, "+1"), ...shown, ...showTalk(ledger, threadId)];
  };
}

/** `hash` is null where the one open diff is meant. */
export function decline(
  said: Said,
  { by, hash, reason }: { by: Person; hash: string | null; reason: string | null },
  reads: RepositoryReads,
): Decision {
  const threadId = reads.threadOf(said.on.number);
  const [open] = reads.ledger.proposalsIn(threadId, awaited);
  const found = hash === null ? (open ?? { refused: "No diff waits for a decision here." }) : find(said, hash, reads).found;
  if ("refused" in found) return () => refuse(said, found.refused);
  return (ledger) => {
    if (!isAwaited(ledger, found)) return refuse(said, "That diff has been decided already.");
    return [
      ...setState(ledger, found, { type: "declined", by, reason }),
      respond(said, found, { decision: "decline" }),
      ...react(said, "+1"),
      ...bindWaiting(ledger, threadId),
      ...showTalk(ledger, threadId),
    ];
  };
}

function find(
  { on }: Said,
  hash: string,
  { ledger, threadOf }: RepositoryReads,
): { threadId: string; found: BoundProposal | { refused: string } } {
  const threadId = threadOf(on.number);
  const known = ledger.namedBy(hash, threadId).map((named) => ({ ...named, state: matchState(named.state) }));
  const match = matchProposal(hash, threadId, known);
  if ("refused" in match) return { threadId, found: { refused: match.answer } };
  const proposal = ledger.proposal(match.proposal.requestId);
  if (!proposal?.bound) throw new Error(`the proposal ${match.proposal.requestId} has a hash and is not bound`);
  return { threadId, found: { ...proposal, bound: proposal.bound } };
}

function matchState(state: Proposal["state"]["type"]): "open" | "stale" | "decided" {
  if (awaited.includes(state)) return "open";
  return state === "stale" ? "stale" : "decided";
}

function isAwaited(ledger: Ledger, { requestId }: Proposal): boolean {
  return awaited.includes(ledger.proposal(requestId)?.state.type ?? "stale");
}

/**
 * An issue's branch is made with its first commit, on the commit that was approved: until then the default branch may go on, for nothing
 * lands there.
 */
function isFirstOfIssue(on: Conversation, { isNewBranch }: Target, ledger: Ledger, threadId: string): boolean {
  return !on.isPullRequest && isNewBranch && !ledger.hasEffect(draftKey(threadId));
}

function isFork(on: Conversation, { draftTo }: Target): boolean {
  return on.isPullRequest && draftTo !== null;
}

/** What GitHub must not be given, whoever approves; and what the diff says of the files is what the commit holds. */
function problemOf(changes: Chosen["changes"], { files, submodules, isTruncated }: TreeListing): string | null {
  const existing = new Map(files.map((file) => [file.path, file]));
  const paths = changes.map(({ path, before, after }) => ({ path, before: before?.mode ?? null, after: after?.mode ?? null }));
  const [first] = refusedPaths(paths, [...existing.keys(), ...submodules]);
  if (first) return `${neutralCode(first.path)} ${first.answer}; Spindle does not commit it.`;
  if (isTruncated) return "This repository has more files than GitHub lists, so it cannot be seen what the diff would replace.";
  const other = changes.find(({ path, before }) => {
    const file = existing.get(path);
    return (file?.oid ?? null) !== (before?.hash ?? null) || (file?.mode ?? null) !== (before?.mode ?? null);
  });
  return other
    ? `${neutralCode(other.path)} is not in the commit what the diff was made on; \`/spindle retry\` begins anew.`
    : null;
}

/** `/spindle retry` while the turn waits for a diff whose base is gone. */
export async function retryMoved(
  said: Said,
  { by, proposal }: { by: Person; proposal: Proposal },
  reads: RepositoryReads,
): Promise<Decision> {
  const { threadId } = proposal;
  const target = await targetOf(
    reads.ledger.talk(threadId)?.on ?? said.on,
    { threadId, defaultBranch: said.defaultBranch },
    reads,
  );
  if ("refused" in target) return () => refuse(said, target.refused);
  return anew(said, { by, proposal, target, text: null }, reads);
}

/** Nothing is committed: the turn that waits for the diff ends, and is asked again on the commit where the branch stands now. */
async function anew(
  said: Said,
  { by, proposal, target, text }: { by: Person; proposal: Proposal; target: Target; text: string | null },
  reads: RepositoryReads,
): Promise<Decision> {
  const standing = budgetStanding(reads.uses(), by.id, reads.nowMs, reads.ledger.policy().budgets);
  if (!standing.allowed) return () => refuse(said, text === null ? standing.answer : `${text} ${standing.answer}`);
  const guidesOid = await guidesOidOf(target, reads);
  if (guidesOid === null) return () => refuse(said, noGuides);
  return (ledger) => {
    const { threadId, turnId, bound } = proposal;
    const talk = ledger.talk(threadId);
    if (talk === null || !isAwaited(ledger, proposal)) return refuse(said, "That diff has been decided already.");
    const call = { type: "request", request: { method: "turn/interrupt", params: { threadId, turnId } } } as const;
    const interrupt: Effect = {
      key: `${said.deliveryId}/interrupt`,
      lane: `thread ${threadId}`,
      action: { type: "callThread", threadId, call },
    };
    return [
      ...setState(ledger, proposal, { type: "stale" }),
      interrupt,
      ...(text === null ? react(said, "eyes") : refuse(said, `${text} It is being made anew.`)),
      ...begin(ledger, said, { threadId, by, text: talk.asked.text, target, guidesOid, staleHash: bound?.hash ?? null }),
    ];
  };
}

function accepting({ changes }: Proposal, part: ProposalPart | undefined): FileChangeAnswer {
  if (!part) return { decision: "accept" };
  return { decision: "accept", hunks: part.hunks, proposalHash: changesHash(changes) };
}

type FileChangeAnswer = ServerRequestResult<"item/fileChange/requestApproval">;

function respond({ deliveryId }: Said, { threadId, requestId }: Proposal, result: FileChangeAnswer): Effect {
  const call = { type: "respond", requestId, result } as const;
  return { key: `${deliveryId}/respond`, lane: `thread ${threadId}`, action: { type: "callThread", threadId, call } };
}

function refuse(said: Said, text: string): Effect[] {
  return [...react(said, "-1"), ...answer(said, text)];
}

function listed(paths: readonly string[]): string {
  return paths
    .slice(0, 10)
    .map((path) => neutralCode(path.slice(0, 200)))
    .join(", ");
}
