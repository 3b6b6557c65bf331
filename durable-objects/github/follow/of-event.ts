/** What follows from what somebody did at GitHub. Whoever may not do it changes nothing by it. */
import { readRequestedAction } from "#core/github/check-run";
import { type Command, type CommentReading, commandForms, readComment } from "#core/github/command";
import { fenced } from "#core/github/neutral";
import type { Role } from "#core/github/permission";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { CommentFacts, IssueFacts, Person, RepositoryEvent, ReviewEvent } from "#github/event";
import { GitHubError, isPassing } from "#github/failure";
import { beginTurn, steer, steerOf } from "#github/follow/begin";
import { approve, decline, type OpenedDoor, retryMoved } from "#github/follow/decide";
import { heardPerson, permissionFor, refused } from "#github/follow/permitted";
import { decidedByReview, takeBackReview } from "#github/follow/review";
import { answer, react, type Said } from "#github/follow/said";
import { isStanding, ofStanding } from "#github/follow/standing";

const nothing: Decision = () => [];

export async function ofEvent(event: RepositoryEvent, reads: RepositoryReads): Promise<Decision> {
  switch (event.type) {
    case "commentCreated":
      return ofComment(event, { issue: event.issue, comment: event.comment, isReview: false }, reads);
    case "reviewCommentCreated":
      return ofComment(event, { issue: event.pullRequest, comment: event.comment, isReview: true }, reads);
    case "checkRunRequested":
      return event.action === "requested_action" ? ofButton(event, reads) : nothing;
    case "reviewSubmitted":
      return ofReview(event, reads);
    case "reviewDismissed":
      return takeBackReview(event, reads);
    case "pullRequestChanged":
    case "issueChanged":
      return isStanding(event) ? ofStanding(event, reads) : nothing;
    default:
      return event satisfies never;
  }
}

interface Commented {
  issue: IssueFacts;
  comment: CommentFacts & { path?: string; line?: number | null; diffHunk?: string };
  isReview: boolean;
}

async function ofComment(
  event: RepositoryEvent,
  { issue, comment, isReview }: Commented,
  reads: RepositoryReads,
): Promise<Decision> {
  const reading = await readingOf(comment.body, reads);
  if (reading.kind === "nothing") return nothing;
  const { number, isPullRequest } = issue;
  const on = { number, isPullRequest };
  const place =
    comment.path === undefined ? null : { path: comment.path, line: comment.line ?? null, diffHunk: comment.diffHunk ?? "" };
  const said: Said = {
    ...whoAndWhere(event, reads),
    act: { sender: event.sender, viaAppId: comment.viaAppId ?? null },
    on,
    issue,
    comment: { id: comment.id, body: comment.body, createdAt: comment.createdAt, place },
    reactTo: isReview ? { type: "reviewComment", id: comment.id } : { type: "comment", id: comment.id, on },
  };
  return hear(said, reading, { type: isReview ? "reviewComment" : "comment", id: comment.id, commitOid: null }, reads);
}

/** What a review says to us in words counts as in a comment; only one without such words is itself a yes or a no. */
async function ofReview(event: ReviewEvent, reads: RepositoryReads): Promise<Decision> {
  const { pullRequest, review } = event;
  const { id, body, submittedAt: createdAt, commitOid } = review;
  const said: Said = {
    ...whoAndWhere(event, reads),
    act: { sender: event.sender, viaAppId: null },
    on: { number: pullRequest.number, isPullRequest: true },
    issue: pullRequest,
    comment: { id, body, createdAt, place: null },
    // GitHub takes no reaction to a review by REST.
    reactTo: null,
  };
  const reading = await readingOf(body, reads);
  if (reading.kind === "nothing") return decidedByReview(said, review, reads);
  return hear(said, reading, { type: "review", id, commitOid }, reads);
}

async function readingOf(body: string, { ownApp }: RepositoryReads): Promise<CommentReading> {
  // Most comments name nobody: GitHub is asked nothing for those.
  if (!/\/spindle|@/i.test(body)) return { kind: "nothing" };
  const { slug } = await ownApp();
  return readComment(body, slug);
}

async function hear(
  said: Said,
  reading: Exclude<CommentReading, { kind: "nothing" }>,
  door: OpenedDoor,
  reads: RepositoryReads,
): Promise<Decision> {
  const person = await heardPerson(said.act, reads);
  if (person === null) return nothing;
  const verb = reading.kind === "command" ? reading.command.verb : null;
  const action =
    verb === "approve" || verb === "decline" ? "approve" : reading.kind === "mention" || verb === "run" ? "trigger" : "steer";
  const permission = await permissionFor(said, action, reads);
  if (!permission.allowed) return () => refused(said, permission);
  if (reading.kind === "mistake") return () => [...react(said, "confused"), ...answer(said, reading.answer)];
  return orSaid(said, () =>
    reading.kind === "mention"
      ? beginTurn(said, { by: person, request: reading.text }, reads)
      : obey(said, { by: person, role: permission.role, door }, reading.command, reads),
  );
}

/** What GitHub refuses for good is said to whoever may ask; else they would wait for ever. */
async function orSaid(said: Said, decide: () => Promise<Decision>): Promise<Decision> {
  try {
    return await decide();
  } catch (error) {
    if (!(error instanceof GitHubError) || isPassing(error.failure)) throw error;
    const { type } = error.failure;
    return () => [...react(said, "-1"), ...answer(said, `GitHub refused something that this needs (${type}); nothing was done.`)];
  }
}

async function obey(
  said: Said,
  { by, role, door }: { by: Person; role: Role | null; door: OpenedDoor },
  command: Command,
  reads: RepositoryReads,
): Promise<Decision> {
  const threadId = reads.threadOf(said.on.number);
  const running = steerOf(reads.ledger, threadId);
  switch (command.verb) {
    case "run":
      return beginTurn(said, { by, request: command.text ?? "" }, reads);
    case "retry": {
      const talk = reads.ledger.talk(threadId);
      if (talk === null) return () => answer(said, "Nothing was asked here yet.");
      const [moved] = reads.ledger.proposalsIn(threadId, ["moved"]);
      if (moved) return retryMoved(said, { by, proposal: moved }, reads);
      if (running !== null) return () => answer(said, "It still works on it; `/spindle stop` ends that.");
      return beginTurn(said, { by, text: talk.asked.text }, reads);
    }
    case "steer":
      if (running === null) return () => answer(said, "No turn is at work here; `/spindle run` begins one.");
      return (ledger) => steer(ledger, said, { threadId, turnId: running, by, text: command.text });
    case "stop": {
      if (running === null) return () => answer(said, "No turn is at work here.");
      const request = { method: "turn/interrupt", params: { threadId, turnId: running } } as const;
      return () => [
        ...react(said, "+1"),
        {
          key: `${said.deliveryId}/stop`,
          lane: `thread ${threadId}`,
          action: { type: "callThread", threadId, call: { type: "request", request } },
        },
      ];
    }
    case "approve":
      return approve(said, { by, role, door, hash: command.hash, hunks: command.hunks, including: command.including }, reads);
    case "decline":
      return decline(said, { by, hash: null, reason: command.reason }, reads);
    case "status":
      return (ledger) => {
        const talk = ledger.talk(threadId);
        const standing =
          talk === null ? "Nothing was asked here yet." : statusLine(running !== null, talk.view.requests.length > 0);
        return answer(said, standing);
      };
    case "help":
      return () => answer(said, `Who may write to this repository can say:\n${fenced(commandForms().join("\n"), "text")}`);
    case "fork":
    case "hold":
    case "unhold":
      return () => answer(said, `\`/spindle ${command.verb}\` is not served here.`);
    default:
      return command satisfies never;
  }
}

function statusLine(isRunning: boolean, waits: boolean): string {
  if (!isRunning) return "No turn is at work; my comment above says how the last one ended.";
  return waits ? "A turn waits for a decision; my comment above says which." : "A turn is at work.";
}

/** A button of a check run of ours: it says the same as a comment with the hash. */
async function ofButton(
  event: Extract<RepositoryEvent, { type: "checkRunRequested" }>,
  reads: RepositoryReads,
): Promise<Decision> {
  const { checkRun, identifier, sender } = event;
  const [, externalId = "", requestId = ""] = /^([0-9a-f]{64}):(.+)$/.exec(checkRun.externalId) ?? [];
  const proposal = reads.ledger.proposal(requestId);
  const talk = proposal ? reads.ledger.talk(proposal.threadId) : null;
  if (proposal?.bound?.hash !== externalId || talk === null || sender === null) return nothing;
  const { number, isPullRequest } = talk.on;
  const author = talk.asked.by;
  const issue: IssueFacts = {
    number,
    isPullRequest,
    title: talk.title,
    body: "",
    author,
    isOpen: talk.standing.isOpen,
    createdAt: "",
    updatedAt: talk.standing.at,
  };
  const act = { sender, viaAppId: null };
  const said: Said = { ...whoAndWhere(event, reads), act, on: talk.on, issue, comment: null, reactTo: null };
  if ((await heardPerson(act, reads)) === null) return nothing;
  const permission = await permissionFor(said, "approve", reads);
  if (!permission.allowed) return () => refused(said, permission);
  return orSaid(said, async () => {
    // Whether the branch still stands there is asked of GitHub with the approval, through whichever door it comes.
    const headOid = proposal.bound?.baseOid ?? "";
    const read = readRequestedAction({ identifier, externalId, headSha: checkRun.headOid }, headOid);
    if ("refused" in read) return () => answer(said, read.answer);
    if (read.verb === "decline") return decline(said, { by: sender, hash: read.hash, reason: null }, reads);
    const door = { type: "checkRun", id: checkRun.id, commitOid: null } as const;
    return approve(said, { by: sender, role: permission.role, door, hash: read.hash, hunks: null, including: [] }, reads);
  });
}

function whoAndWhere({ repository }: RepositoryEvent, { deliveryId }: RepositoryReads) {
  return { deliveryId, defaultBranch: repository.defaultBranch, repository: `${repository.owner}/${repository.name}` };
}
