/** What a repository remembers of a thread: enough to show it on GitHub, folded from the frames that every client hears. */
import type { FrameMethod } from "#core/frame";
import { askable } from "#core/github/question";
import { githubTextLimits } from "#core/limits";
import type { ThreadItem } from "#protocol/item";
import type { PlanStep } from "#protocol/notifications";
import type { Question } from "#protocol/server-requests";
import type { TurnError } from "#protocol/turn";

export interface ThreadView {
  /** The last frame that was folded. */
  seq: number;
  /** The last turn; null before the first. */
  turn: ViewedTurn | null;
  plan: readonly PlanStep[];
  /** What the model said last; null: nothing yet in this turn. */
  said: string | null;
  /** What waits for somebody. GitHub has a door for changes of files, and for questions that a comment can ask. */
  requests: readonly ViewedRequest[];
}

export interface ViewedRequest {
  id: string;
  isFileChange: boolean;
  /** Absent where a comment cannot ask it. */
  questions?: readonly Question[];
  /** Who answered it at GitHub; the thread has not said yet that it heard. */
  answeredBy?: string;
}

export interface ViewedTurn {
  id: string;
  /** The `clientUserMessageId` of the message that began it: who asked for it is known by that. */
  key: string | null;
  startedAtMs: number;
  status: "inProgress" | "completed" | "interrupted" | "failed";
  /** Why it failed; null when it did not. */
  problem: string | null;
  tokens: number;
}

export const newThreadView: ThreadView = { seq: 0, turn: null, plan: [], said: null, requests: [] };

/** A frame as it stands on the wire, with its number. */
export interface HeardFrame {
  seq: number;
  method: FrameMethod;
  id?: string;
  emittedAtMs?: number;
  // The method says what they are, and a thread of ours wrote them.
  // biome-ignore lint/suspicious/noExplicitAny: the params of all methods
  params: any;
}

/** Streamed text and the like change nothing here. A frame that was seen changes nothing either. */
export function view(before: ThreadView, { seq, method, id = "", params, emittedAtMs = 0 }: HeardFrame): ThreadView {
  if (seq <= before.seq) return before;
  const after = { ...before, seq };
  switch (method) {
    case "turn/started":
      return { ...after, turn: newTurn(params.turn.id, emittedAtMs), plan: [], said: null };
    case "turn/completed": {
      const { status, error } = params.turn as { status: ViewedTurn["status"]; error: TurnError | null };
      return withTurn(after, (turn) => ({ ...turn, status, problem: error?.message ?? null }));
    }
    case "turn/plan/updated":
      return { ...after, plan: shortened(params.plan) };
    case "thread/tokenUsage/updated":
      return withTurn(after, (turn) => ({ ...turn, tokens: turn.tokens + params.tokenUsage.last.totalTokens }));
    case "item/completed": {
      const item = params.item as ThreadItem;
      if (item.type === "agentMessage")
        return item.text === "" ? after : { ...after, said: item.text.slice(0, githubTextLimits.saidCharactersMax) };
      return item.type === "userMessage" ? withTurn(after, (turn) => ({ ...turn, key: turn.key ?? item.clientId })) : after;
    }
    case "item/fileChange/requestApproval":
      return { ...after, requests: [...after.requests, { id, isFileChange: true }] };
    case "item/tool/requestUserInput": {
      const questions = askable(params.questions as Question[]);
      return { ...after, requests: [...after.requests, { id, isFileChange: false, ...(questions ? { questions } : {}) }] };
    }
    case "item/commandExecution/requestApproval":
    case "item/tool/call":
      return { ...after, requests: [...after.requests, { id, isFileChange: false }] };
    case "serverRequest/resolved":
      return { ...after, requests: after.requests.filter((request) => request.id !== params.requestId) };
    default:
      return after;
  }
}

/** The question that waits, if a comment can ask it. */
export function openQuestion({ requests }: ThreadView): (ViewedRequest & { questions: readonly Question[] }) | null {
  const [asked] = requests.flatMap(({ questions, ...request }) => (questions ? [{ ...request, questions }] : []));
  return asked ?? null;
}

/** Somebody answered it at GitHub, or (null) the answer did not reach the thread. */
export function withAnswerer(before: ThreadView, requestId: string, login: string | null): ThreadView {
  const requests = before.requests.map((one) => {
    const { answeredBy: _, ...request } = one;
    if (request.id !== requestId) return one;
    return login === null ? request : { ...request, answeredBy: login };
  });
  return { ...before, requests };
}

function newTurn(id: string, startedAtMs: number): ViewedTurn {
  return { id, key: null, startedAtMs, status: "inProgress", problem: null, tokens: 0 };
}

function withTurn(before: ThreadView, change: (turn: ViewedTurn) => ViewedTurn): ThreadView {
  return before.turn === null ? before : { ...before, turn: change(before.turn) };
}

function shortened(plan: readonly PlanStep[]): PlanStep[] {
  const { viewedStepsMax, viewedStepCharactersMax } = githubTextLimits;
  return plan.slice(0, viewedStepsMax).map((one) => ({ ...one, step: one.step.slice(0, viewedStepCharactersMax) }));
}
