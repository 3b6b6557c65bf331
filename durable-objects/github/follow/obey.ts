/** A command of somebody who may give it. */
import { cleanMarkdown } from "#core/github/clean";
import { type Command, commandForms } from "#core/github/command";
import { fenced, neutralLine } from "#core/github/neutral";
import { readAnswer } from "#core/github/question";
import { statusText } from "#core/github/status";
import { openQuestion, withAnswerer } from "#core/github/thread-view";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { Effect } from "#github/effect";
import type { Person } from "#github/event";
import { approvalsMissingOf, approversOf } from "#github/follow/approvals";
import { beginTurn, isAtWork, steer, steerOf } from "#github/follow/begin";
import { type Approval, approve, decline, retryMoved } from "#github/follow/decide";
import { hold, unhold } from "#github/follow/hold";
import { answer, nothingAsked, react, type Said } from "#github/follow/said";
import { showTalk, stateOf } from "#github/follow/show";
import type { Ledger } from "#github/ledger";

/** Who gave it, with what right, and through which door. */
type Giver = Pick<Approval, "by" | "role" | "door">;

export async function obey(said: Said, giver: Giver, command: Command, reads: RepositoryReads): Promise<Decision> {
  const { by } = giver;
  const threadId = reads.threadOf(said.on.number);
  switch (command.verb) {
    case "run":
      return beginTurn(said, { by, request: command.text ?? "" }, reads);
    case "retry":
      return retry(said, by, reads);
    case "steer":
      return (ledger) => steerOrAnswer(ledger, said, { threadId, by, text: cleanMarkdown(command.text).trim() });
    case "stop": {
      const running = steerOf(reads.ledger, threadId);
      if (running === null) return () => answer(said, "No turn is at work here.");
      const request = { method: "turn/interrupt", params: { threadId, turnId: running } } as const;
      return () => [...react(said, "+1"), callThread(said, threadId, "stop", { type: "request", request })];
    }
    case "approve":
      return approve(said, { ...giver, hash: command.hash, hunks: command.hunks, including: command.including }, reads);
    case "decline":
      return decline(said, { by, hash: null, reason: command.reason }, reads);
    case "status":
      return (ledger) => status(ledger, said, threadId);
    case "help":
      return () => answer(said, `Who may write to this repository can say:\n${fenced(commandForms().join("\n"), "text")}`);
    case "fork": {
      if (reads.ledger.talk(threadId) === null) return () => answer(said, nothingAsked);
      const forkId = reads.newThreadId();
      return (ledger) => {
        const repositoryId = ledger.repositoryId();
        const call = { type: "fork", repositoryId, sourceId: threadId, answerOn: said.on } as const;
        return [...react(said, "eyes"), callThread(said, forkId, "fork", call)];
      };
    }
    case "hold":
      return (ledger) => hold(ledger, said, threadId, by);
    case "unhold":
      return (ledger) => unhold(ledger, said, threadId, reads.nowMs);
    default:
      return command satisfies never;
  }
}

/** What was asked last is asked again, on the commit where the branch stands now. */
export async function retry(said: Said, by: Person, reads: RepositoryReads): Promise<Decision> {
  const threadId = reads.threadOf(said.on.number);
  const talk = reads.ledger.talk(threadId);
  if (talk === null) return () => answer(said, nothingAsked);
  const [moved] = reads.ledger.proposalsIn(threadId, ["moved"]);
  if (moved) return retryMoved(said, { by, proposal: moved }, reads);
  if (isAtWork(reads.ledger, threadId)) return () => answer(said, "It still works on it; `/spindle stop` ends that.");
  return beginTurn(said, { by, text: talk.asked.text }, reads);
}

function status(ledger: Ledger, said: Said, threadId: string): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk === null) return answer(said, nothingAsked);
  const open = ledger.proposalsIn(threadId, ["open"]).flatMap(({ bound, requestId }) => {
    if (bound === null) return [];
    return [
      {
        ...bound,
        approvalsMissing: approvalsMissingOf(ledger, requestId, bound.hash),
        approvedBy: approversOf(ledger, requestId, bound.hash),
      },
    ];
  });
  const stands = { state: stateOf(ledger, talk), askedBy: talk.asked.by.login, heldBy: talk.heldBy?.login ?? null, open };
  const spared = [threadId, ...open.flatMap(({ hash, baseOid }) => [hash, baseOid])];
  return answer(said, statusText(stands, { secrets: [], spared }), spared);
}

/** While the turn waits at a question that our comment asks, the words are its answer. */
function steerOrAnswer(
  ledger: Ledger,
  said: Said,
  { threadId, by, text }: { threadId: string; by: Person; text: string },
): Effect[] {
  const turnId = steerOf(ledger, threadId);
  const talk = ledger.talk(threadId);
  if (turnId === null || talk === null) return answer(said, "No turn is at work here; `/spindle run` begins one.");
  if (text === "") return [...react(said, "confused"), ...answer(said, "No reader of the page sees any words in that.")];
  const asked = openQuestion(talk.view);
  if (asked === null) return steer(ledger, said, { threadId, turnId, by, text });
  if (asked.answeredBy !== undefined) {
    return [...react(said, "-1"), ...answer(said, `${neutralLine(asked.answeredBy)} answered that question already.`)];
  }
  const read = readAnswer(text, asked.questions);
  if ("mistake" in read) return [...react(said, "confused"), ...answer(said, read.mistake)];
  const requesterIds = [...new Set([...talk.requesterIds, by.id])];
  ledger.putTalk({ ...talk, requesterIds, view: withAnswerer(talk.view, asked.id, by.login) });
  const respond = { type: "respond", requestId: asked.id, result: read } as const;
  return [...react(said, "+1"), callThread(said, threadId, "respond", respond), ...showTalk(ledger, threadId)];
}

function callThread(
  { deliveryId }: Said,
  threadId: string,
  what: string,
  call: Extract<Effect["action"], { type: "callThread" }>["call"],
): Effect {
  return { key: `${deliveryId}/${what}`, lane: `thread ${threadId}`, action: { type: "callThread", threadId, call } };
}
