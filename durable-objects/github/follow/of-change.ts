/**
 * A turn without a comment: the label, the App as the assignee, or the words that open an issue or pull request. What these say is
 * the context of the turn; only opening words that speak to Spindle are the request itself.
 */
import { readComment } from "#core/github/command";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { IssueFacts, RepositoryEvent } from "#github/event";
import { beginTurn, isAtWork } from "#github/follow/begin";
import { heardPerson, permissionFor, refused } from "#github/follow/permitted";
import { answer, orSaid, react, type Said, whereabouts } from "#github/follow/said";
import { isUs } from "#github/perform/performance";

type ChangeEvent = Extract<RepositoryEvent, { type: "issueChanged" | "pullRequestChanged" }>;

type Wish =
  /** Without words of its own. */
  { type: "order" } | { type: "request"; text: string } | { type: "mistake"; answer: string };

export async function ofChange(event: ChangeEvent, reads: RepositoryReads): Promise<Decision> {
  const issue = event.type === "issueChanged" ? event.issue : event.pullRequest;
  const wish = await wishOf(event, issue, reads);
  if (wish === null || !issue.isOpen) return () => [];
  const { number, isPullRequest } = issue;
  const on = { number, isPullRequest };
  const act = { sender: event.sender, viaAppId: null };
  const said: Said = { ...whereabouts(event, reads), act, on, issue, comment: null, reactTo: { type: "issue", on } };
  const by = await heardPerson(act, reads);
  if (by === null) return () => [];
  const permission = await permissionFor(said, "trigger", reads);
  if (!permission.allowed) return () => refused(said, permission);
  if (wish.type === "mistake") return () => [...react(said, "confused"), ...answer(said, wish.answer)];
  if (wish.type === "request") return orSaid(said, () => beginTurn(said, { by, request: wish.text }, reads));
  // A label says nothing that a turn at work has not been told.
  if (isAtWork(reads.ledger, reads.threadOf(number))) return () => react(said, "eyes");
  return orSaid(said, () => beginTurn(said, { by, request: orderFor(issue) }, reads));
}

/** Null where nothing is asked of us, as with nearly everything that happens to an issue. */
async function wishOf(event: ChangeEvent, { body }: IssueFacts, { ownApp, ledger }: RepositoryReads): Promise<Wish | null> {
  switch (event.action) {
    case "labeled":
      return event.label.toLowerCase() === ledger.policy().triggerLabel.toLowerCase() ? { type: "order" } : null;
    case "assigned":
      return event.assignee !== null && isUs(event.assignee, await ownApp()) ? { type: "order" } : null;
    case "opened":
      return /\/spindle|@/i.test(body) ? openingWish(body, (await ownApp()).slug) : null;
    default:
      return null;
  }
}

function openingWish(body: string, slug: string): Wish | null {
  const reading = readComment(body, slug);
  switch (reading.kind) {
    case "nothing":
      return null;
    case "mistake":
      return { type: "mistake", answer: reading.answer };
    case "mention":
      return { type: "request", text: reading.text };
    case "command":
      return reading.command.verb === "run"
        ? { type: "request", text: reading.command.text ?? "" }
        : { type: "mistake", answer: "What opens an issue or pull request can say `/spindle run` only; nothing was done." };
    default:
      return reading satisfies never;
  }
}

function orderFor({ isPullRequest }: IssueFacts): string {
  return `Make the change that the title and text of this ${isPullRequest ? "pull request" : "issue"} describe.`;
}
