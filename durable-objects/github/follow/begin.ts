/** A turn begins: on the commit where the branch stands now, told what stood in the conversation when it was asked for. */
import { budgetStanding } from "#core/github/budget";
import { type SnapshotComment, turnContext } from "#core/github/context";
import { type Role, readRole } from "#core/github/permission";
import { newThreadView } from "#core/github/thread-view";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { Conversation, Effect } from "#github/effect";
import type { Person } from "#github/event";
import { answer, react, type Said } from "#github/follow/said";
import { showTalk } from "#github/follow/show";
import { guidesOidOf, noGuides, type Target, targetOf } from "#github/follow/target";
import { isQueued, type Ledger, type Talk } from "#github/ledger";

export interface Asking {
  threadId: string;
  by: Person;
  /** What the model is told. */
  text: string;
  target: Target;
  /** Of the diff that this turn makes anew, because its base is gone; null for one that is asked by itself. */
  staleHash: string | null;
  /** The commit whose AGENTS.md instruct the model. */
  guidesOid: string;
}

/** The person may; whether there is anything to begin on, and enough left to begin with, is seen here. */
export async function beginTurn(
  said: Said,
  { by, request, text }: { by: Person; request?: string; text?: string },
  reads: RepositoryReads,
): Promise<Decision> {
  const standing = budgetStanding(reads.uses(), by.id, reads.nowMs, reads.ledger.policy().budgets);
  if (!standing.allowed) return () => [...react(said, "-1"), ...answer(said, standing.answer)];
  const threadId = reads.threadOf(said.on.number);
  const talk = reads.ledger.talk(threadId);
  const on = talk?.on ?? said.on;
  if (!isOpen(said, talk)) return () => [...react(said, "-1"), ...answer(said, closed(on))];
  const target = await targetOf(on, { threadId, defaultBranch: said.defaultBranch }, reads);
  if ("refused" in target) return () => [...react(said, "-1"), ...answer(said, target.refused)];
  const told = text ?? (await tell(said, request ?? "", by, reads));
  const steered = steerOf(reads.ledger, threadId);
  if (steered !== null) return (ledger) => steer(ledger, said, { threadId, turnId: steered, by, text: told });
  const guidesOid = await guidesOidOf(target, reads);
  if (guidesOid === null) return () => [...react(said, "-1"), ...answer(said, noGuides)];
  const asking = { threadId, by, text: told, target, guidesOid, staleHash: null };
  return (ledger) => [...react(said, "eyes"), ...begin(ledger, said, asking)];
}

/**
 * Whether the issue of a thread is open, by the latest that was heard: what was said there just now, or a webhook of its own. About pull
 * requests GitHub is asked.
 */
export function isOpen({ on, issue }: Said, talk: Talk | null): boolean {
  if ((talk?.on ?? on).isPullRequest) return true;
  const isNewer = talk === null || (talk.on.number === on.number && issue.updatedAt >= talk.standing.at);
  return isNewer ? issue.isOpen : talk.standing.isOpen;
}

export function closed({ isPullRequest }: Conversation): string {
  return `This ${isPullRequest ? "pull request" : "issue"} is closed.`;
}

/** The turn that runs in a thread; null when none does. */
export function steerOf(ledger: Ledger, threadId: string): string | null {
  const turn = ledger.talk(threadId)?.view.turn;
  return turn?.status === "inProgress" ? turn.id : null;
}

/** Whether a turn runs or is about to. */
export function isAtWork(ledger: Ledger, threadId: string): boolean {
  const talk = ledger.talk(threadId);
  return talk !== null && (talk.view.turn?.status === "inProgress" || isQueued(talk));
}

export function begin(ledger: Ledger, said: Said, asking: Asking): Effect[] {
  const { threadId, by, text, target, guidesOid, staleHash } = asking;
  const { deliveryId, on, issue } = said;
  const known = ledger.talk(threadId);
  const { branch, draftTo, baseOid } = target;
  // What is said in its own draft pull request is said to the thread of the issue.
  const isAtHome = known === null || known.on.number === on.number;
  ledger.putTalk({
    threadId,
    on: known?.on ?? on,
    title: isAtHome ? issue.title : known.title,
    draft: known?.draft ?? null,
    branch,
    draftTo,
    baseOid,
    asked: { key: deliveryId, text, by },
    requesterIds: [...new Set([...(known?.requesterIds ?? []), by.id])],
    staleHash,
    standing: known?.standing ?? { isOpen: true, at: issue.updatedAt },
    problem: null,
    view: known?.view ?? newThreadView,
    shown: known?.shown ?? null,
    check: known?.check ?? null,
    ...(known?.heldBy ? { heldBy: known.heldBy } : {}),
  });
  const about = { repository: said.repository, number: on.number, title: issue.title, branch };
  const repositoryId = ledger.repositoryId();
  const call = { type: "begin", repositoryId, commitOid: baseOid, guidesOid, text, key: deliveryId, about } as const;
  // The comment first: a large repository takes a while to enter, and the person shall see that they were heard.
  return [
    ...showTalk(ledger, threadId),
    { key: `${deliveryId}/begin`, lane: `thread ${threadId}`, action: { type: "callThread", threadId, call } },
  ];
}

/** A turn that ended meanwhile refuses it, and the person is told. */
export function steer(
  ledger: Ledger,
  said: Said,
  { threadId, turnId, by, text }: { threadId: string; turnId: string; by: Person; text: string },
): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk) ledger.putTalk({ ...talk, requesterIds: [...new Set([...talk.requesterIds, by.id])] });
  const input = [{ type: "text" as const, text, text_elements: [] }];
  const params = { threadId, input, clientUserMessageId: said.deliveryId, expectedTurnId: turnId };
  const call = { type: "request", request: { method: "turn/steer", params } } as const;
  return [
    ...react(said, "eyes"),
    { key: `${said.deliveryId}/steer`, lane: `thread ${threadId}`, action: { type: "callThread", threadId, call } },
  ];
}

/** Of the conversation as it was when it was asked, and of nobody's words who may not write but the opening's. */
async function tell(said: Said, request: string, by: Person, reads: RepositoryReads): Promise<string> {
  const { on, issue, comment, repository } = said;
  const calls = reads.calls(on.isPullRequest ? { pull_requests: "read" } : { issues: "read" });
  const found = await calls.ghPages(
    "GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
    { issue_number: on.number },
    { itemsOf: (page) => page },
  );
  const roles = new Map<number, Role | null>();
  const roleOf = async (person: Person | null): Promise<Role | null> => {
    if (person === null || person.type !== "User") return null;
    const known = roles.get(person.id);
    if (known !== undefined) return known;
    const role = readRole(await reads.permissionOf(person, { fresh: false }), person.id);
    roles.set(person.id, typeof role === "string" ? role : null);
    return typeof role === "string" ? role : null;
  };
  const comments: SnapshotComment[] = [];
  for (const one of found) {
    const author = one.user ? { id: Number(one.user.id), login: one.user.login, type: one.user.type } : null;
    comments.push({
      id: Number(one.id),
      author: author?.login ?? null,
      role: await roleOf(author),
      body: one.body ?? "",
      createdAt: one.created_at,
      editedAt: one.updated_at === one.created_at ? null : one.updated_at,
      place: null,
    });
  }
  const opening = {
    author: issue.author?.login ?? null,
    role: await roleOf(issue.author),
    body: issue.body,
    createdAt: issue.createdAt,
    // The text is the webhook's own, and so of the moment in which it was asked.
    editedAt: null,
  };
  return turnContext(
    { kind: on.isPullRequest ? "pullRequest" : "issue", repository, number: on.number, title: issue.title, opening, comments },
    {
      commentId: comment?.id ?? null,
      author: by.login,
      role: await roleOf(by),
      text: request,
      // Without a comment there is the time of what was labeled, assigned or opened, which is not later than that.
      at: comment?.createdAt ?? issue.updatedAt,
      place: comment?.place ?? null,
    },
  ).text;
}
