/** What follows when an issue or pull request is pushed to, closed or opened again: what of its diffs may be approved. */
import type { Decision, RepositoryReads } from "#github/consequences";
import type { Effect } from "#github/effect";
import type { IssueFacts, RepositoryEvent } from "#github/event";
import { branchMoved } from "#github/follow/proposals";
import { showProposal, showTalk } from "#github/follow/show";
import { targetOf } from "#github/follow/target";
import type { Ledger, Talk } from "#github/ledger";

type Change = Extract<RepositoryEvent, { type: "pullRequestChanged" | "issueChanged" }>;

export async function ofStanding(event: Change, reads: RepositoryReads): Promise<Decision> {
  const issue = event.type === "issueChanged" ? event.issue : event.pullRequest;
  const talk = reads.ledger.talkAt(issue.number);
  if (talk === null) return () => [];
  if (event.action === "synchronize") return moved(event, talk, reads);
  // A draft of ours may be closed by whoever does not want it; the issue it is for stays as it is.
  if (issue.number !== talk.on.number) return () => [];
  const isMoved = issue.isOpen ? await moved(event, talk, reads) : () => [];
  return (ledger) => [...isMoved(ledger), ...stands(ledger, talk.threadId, issue)];
}

/** What happens to labels, people and drafts leaves every diff as it is. */
export function isStanding({ action }: Change): boolean {
  return action === "synchronize" || action === "closed" || action === "reopened";
}

/** Read from GitHub: our own commit moves the branch too, to where what is proposed next is made on. */
async function moved({ repository }: Change, { threadId, on }: Talk, reads: RepositoryReads): Promise<Decision> {
  const isWaitedFor = reads.ledger.proposalsIn(threadId, ["open"]).length > 0;
  if (!isWaitedFor) return () => [];
  const target = await targetOf(on, { threadId, defaultBranch: repository.defaultBranch }, reads);
  if ("refused" in target || (!on.isPullRequest && target.isNewBranch)) return () => [];
  return (ledger) => [...branchMoved(ledger, threadId, target.baseOid), ...showTalk(ledger, threadId)];
}

/** Deliveries come in any order: the latest that happened counts. */
function stands(ledger: Ledger, threadId: string, { isOpen, updatedAt: at }: IssueFacts): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk === null || at < talk.standing.at) return [];
  ledger.putTalk({ ...talk, standing: { isOpen, at } });
  if (isOpen === talk.standing.isOpen) return [];
  const open = ledger.proposalsIn(threadId, ["open"]);
  return [...open.flatMap((proposal) => showProposal(ledger, proposal)), ...showTalk(ledger, threadId)];
}
