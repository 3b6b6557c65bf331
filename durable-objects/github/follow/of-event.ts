/** What follows from what somebody did at GitHub. Whoever may not do it changes nothing by it. */
import { readRequestedAction } from "#core/github/check-run";
import { type CommentReading, readComment } from "#core/github/command";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { CommentFacts, IssueFacts, RepositoryEvent, ReviewEvent } from "#github/event";
import { beginTurn } from "#github/follow/begin";
import { approve, decline, type OpenedDoor } from "#github/follow/decide";
import { obey, retry } from "#github/follow/obey";
import { ofChange } from "#github/follow/of-change";
import { heardPerson, permissionFor, refused } from "#github/follow/permitted";
import { decidedByReview, takeBackReview } from "#github/follow/review";
import { answer, orSaid, react, type Said, whereabouts } from "#github/follow/said";
import { isStanding, ofStanding } from "#github/follow/standing";
import type { Talk } from "#github/ledger";

const nothing: Decision = () => [];

export async function ofEvent(event: RepositoryEvent, reads: RepositoryReads): Promise<Decision> {
  switch (event.type) {
    case "commentCreated":
      return ofComment(event, { issue: event.issue, comment: event.comment, isReview: false }, reads);
    case "reviewCommentCreated":
      return ofComment(event, { issue: event.pullRequest, comment: event.comment, isReview: true }, reads);
    case "checkRunRequested":
      return event.action === "requested_action" ? ofButton(event, reads) : ofRerequest(event, reads);
    case "reviewSubmitted":
      return ofReview(event, reads);
    case "reviewDismissed":
      return takeBackReview(event, reads);
    case "pullRequestChanged":
    case "issueChanged":
      return isStanding(event) ? ofStanding(event, reads) : ofChange(event, reads);
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
    ...whereabouts(event, reads),
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
    ...whereabouts(event, reads),
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
  // What was held goes to GitHub when it is let go.
  const permission = await permissionFor(said, action, reads, action === "approve" || verb === "unhold");
  if (!permission.allowed) return () => refused(said, permission);
  if (reading.kind === "mistake") return () => [...react(said, "confused"), ...answer(said, reading.answer)];
  return orSaid(said, () =>
    reading.kind === "mention"
      ? beginTurn(said, { by: person, request: reading.text }, reads)
      : obey(said, { by: person, role: permission.role, door }, reading.command, reads),
  );
}

type CheckRunEvent = Extract<RepositoryEvent, { type: "checkRunRequested" }>;

/** A button of a check run of ours: it says the same as a comment with the hash. */
async function ofButton(event: CheckRunEvent, reads: RepositoryReads): Promise<Decision> {
  const { checkRun, identifier } = event;
  const bound = boundTo(checkRun, reads);
  if (bound === null || bound.hash === null) return nothing;
  const { talk, hash: externalId, headOid } = bound;
  const said = clicked(event, talk, reads);
  const by = await heardPerson(said.act, reads);
  if (by === null) return nothing;
  const permission = await permissionFor(said, "approve", reads);
  if (!permission.allowed) return () => refused(said, permission);
  return orSaid(said, async () => {
    // Whether the branch still stands there is asked of GitHub with the approval, through whichever door it comes.
    const read = readRequestedAction({ identifier, externalId, headSha: checkRun.headOid }, headOid);
    if ("refused" in read) return () => answer(said, read.answer);
    if (read.verb === "decline") return decline(said, { by, hash: read.hash, reason: null }, reads);
    const door = { type: "checkRun", id: checkRun.id, commitOid: null } as const;
    return approve(said, { by, role: permission.role, door, hash: read.hash, hunks: null, including: [] }, reads);
  });
}

/** A check run of ours is asked for again: the same as `/spindle retry` where its thread is talked about. */
async function ofRerequest(event: CheckRunEvent, reads: RepositoryReads): Promise<Decision> {
  const bound = boundTo(event.checkRun, reads);
  if (bound === null) return nothing;
  const said = clicked(event, bound.talk, reads);
  const by = await heardPerson(said.act, reads);
  if (by === null) return nothing;
  const permission = await permissionFor(said, "trigger", reads);
  if (!permission.allowed) return () => refused(said, permission);
  return orSaid(said, () => retry(said, by, reads));
}

/** A diff's check run is bound by the whole hash and the request, a turn's (without a hash) by its thread and what was asked. */
function boundTo(
  { externalId }: CheckRunEvent["checkRun"],
  { ledger }: RepositoryReads,
): { talk: Talk; hash: string | null; headOid: string } | null {
  const [, hash = null, requestId = ""] = /^([0-9a-f]{64}):(.+)$/.exec(externalId) ?? [];
  const proposal = ledger.proposal(requestId);
  if (hash !== null && proposal?.bound?.hash !== hash) return null;
  const talk = ledger.talk(proposal?.threadId ?? externalId.split("/")[0] ?? "");
  return talk && { talk, hash, headOid: proposal?.bound?.baseOid ?? "" };
}

/** A click has no words, and stands where the thread is talked about. */
function clicked(event: CheckRunEvent, { on, title, asked, standing }: Talk, reads: RepositoryReads): Said {
  const { isOpen, at: updatedAt } = standing;
  const issue: IssueFacts = { ...on, title, body: "", author: asked.by, isOpen, createdAt: "", updatedAt };
  const act = { sender: event.sender, viaAppId: null };
  return { ...whereabouts(event, reads), act, on, issue, comment: null, reactTo: null };
}
