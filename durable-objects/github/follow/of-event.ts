/** What follows from what somebody did at GitHub. Whoever may not do it changes nothing by it. */
import { readRequestedAction } from "#core/github/check-run";
import { type Command, commandForms, readComment } from "#core/github/command";
import { fenced } from "#core/github/neutral";
import { type GithubAction, type Permission, permit } from "#core/github/permission";
import { type OurApp, senderRefusal } from "#core/github/sender";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { CommentFacts, IssueFacts, Person, RepositoryEvent } from "#github/event";
import { beginTurn, steer, steerOf } from "#github/follow/begin";
import { approve, decline, retryMoved } from "#github/follow/decide";
import { permissionPolicy } from "#github/follow/policy";
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
    case "pullRequestChanged":
    case "issueChanged":
      return isStanding(event) ? ofStanding(event, reads) : nothing;
    // Not heard yet: docs/github.md says so.
    case "reviewSubmitted":
    case "reviewDismissed":
      return nothing;
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
  // Most comments name nobody: GitHub is asked nothing for those.
  if (!/\/spindle|@/i.test(comment.body)) return nothing;
  const { slug } = await reads.ownApp();
  const reading = readComment(comment.body, slug);
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
  const person = said.act.sender;
  // Programs, Spindle itself and accounts that are gone are not answered: that is what ends loops.
  if (person === null || senderRefusal(said.act, await ours(reads), permissionPolicy.botIdsAllowed) !== null) return nothing;
  const verb = reading.kind === "command" ? reading.command.verb : null;
  const action =
    verb === "approve" || verb === "decline" ? "approve" : reading.kind === "mention" || verb === "run" ? "trigger" : "steer";
  const permission = await permissionFor(said, action, reads);
  // Strangers get no comment of ours for theirs, or anybody could have it written.
  if (!permission.allowed) return () => refused(said, permission);
  if (reading.kind === "mistake") return () => [...react(said, "confused"), ...answer(said, reading.answer)];
  if (reading.kind === "mention") return beginTurn(said, { by: person, request: reading.text }, reads);
  return obey(said, person, reading.command, reads);
}

async function obey(said: Said, by: Person, command: Command, reads: RepositoryReads): Promise<Decision> {
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
      if (command.hunks !== null)
        return () => answer(said, "Approving some hunks of a diff is not served here; nothing was approved.");
      return approve(said, { by, hash: command.hash, including: command.including }, reads);
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
  const proposal = reads.ledger.lastProposalWithHash(checkRun.externalId);
  const talk = proposal ? reads.ledger.talk(proposal.threadId) : null;
  if (!proposal || talk === null || sender === null) return nothing;
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
  if (senderRefusal(act, await ours(reads), permissionPolicy.botIdsAllowed) !== null) return nothing;
  const permission = await permissionFor(said, "approve", reads);
  if (!permission.allowed) return () => refused(said, permission);
  // Whether the branch still stands there is asked of GitHub with the approval, through whichever door it comes.
  const headOid = proposal.bound?.baseOid ?? "";
  const read = readRequestedAction({ identifier, externalId: checkRun.externalId, headSha: checkRun.headOid }, headOid);
  if ("refused" in read) return () => answer(said, read.answer);
  if (read.verb === "decline") return decline(said, { by: sender, hash: read.hash, reason: null }, reads);
  return approve(said, { by: sender, hash: read.hash, including: [] }, reads);
}

function whoAndWhere({ repository }: RepositoryEvent, { deliveryId }: RepositoryReads) {
  return { deliveryId, defaultBranch: repository.defaultBranch, repository: `${repository.owner}/${repository.name}` };
}

async function permissionFor({ act, on }: Said, action: GithubAction, reads: RepositoryReads): Promise<Permission> {
  const isPerson = act.sender?.type === "User";
  const reply = isPerson && act.sender ? await reads.permissionOf(act.sender, { fresh: action === "approve" }) : null;
  const requesterIds = reads.ledger.talk(reads.threadOf(on.number))?.requesterIds ?? [];
  return permit({ action, act, reply, requesterIds }, permissionPolicy, await ours(reads));
}

async function ours({ ownApp }: RepositoryReads): Promise<OurApp> {
  return { appId: (await ownApp()).id, botId: null };
}

function refused(said: Said, permission: Extract<Permission, { allowed: false }>) {
  const isStranger = permission.refused === "mayNotWrite" || permission.refused === "permissionUnknown";
  return [...react(said, "-1"), ...(isStranger ? [] : answer(said, permission.answer))];
}
