/** A thread as `reduce` folds it from its log. Clients hold all turns; the object keeps only the one that is open. */

import type { Decision as TurnDecision } from "#core/decision";
import type { Arm } from "#core/memory/hold-out";
import type { Voice } from "#core/memory/tree-prior";
import type { AcceptedPart, Decision, FileChange, ProposedChanges, RequestedCall, Settings } from "#core/private";
import type { Guide } from "#core/prompt";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { ThreadGoal } from "#protocol/goal-methods";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { ServerRequestMethod, ServerRequests } from "#protocol/server-requests";
import type { ThreadStatus, ThreadTokenUsage, WireThread } from "#protocol/thread";
import type { Turn } from "#protocol/turn";

export interface Thread {
  /** The number of the last folded frame; 0 before the first. */
  seq: number;
  /** What the thread is, without what happens in it. */
  info: Omit<WireThread, "status" | "turns">;
  status: ThreadStatus;
  archived: boolean;
  deleted: boolean;
  turns: Turn[];
  /** Server requests that wait for somebody's answer, oldest first. */
  requests: PendingRequest[];
  tokenUsage: ThreadTokenUsage | null;
  /** Null where the private column is not seen: in clients. */
  settings: Settings | null;
  /** What was changed while a turn runs: the next one begins with it. Absent where nothing was. */
  nextSettings?: Settings;
  /** Absent where nobody said. */
  memoryMode?: "enabled" | "disabled";
  /** Whether its turns are given notes, thrown once in an epoch. Absent until a turn asked the memory. */
  memoryArm?: { arm: Arm; epoch: number };
  grants: Grants;
  /** The model's input begins with the frame of this number; absent before the first compaction. */
  inputFromSeq?: number;
  /** Tokens of the model's input as last heard, or estimated after a compaction. */
  contextTokens?: number;
  /** The endpoint takes function tools only. Absent in snapshots from before this was known. */
  needsFunctionTools?: boolean;
  /** What turns are told in place of the workspace's own AGENTS.md. Absent where those are read. */
  guides?: Guide[];
  /** Absent while there is none. */
  goal?: ThreadGoal;
  /** Milliseconds that turns worked while the goal was active: what its whole seconds are counted from. */
  goalTimeMs?: number;
  /** The newest revision of the last turn that declared what it assumes. Absent before, and after turns were taken back. */
  decisionTree?: DecisionTreeRevision;
  /** What it is made from; absent in clients. */
  decision?: TurnDecision;
  /** Absent until a turn left something to read: see `readStateOf`. */
  readState?: ThreadReadState;
  /** Absent while nothing was ever queued, and in clients: they ask for it when they hear that it changed. */
  queue?: Queue;
  work: Work | null;
}

export type PendingRequest = {
  [Method in ServerRequestMethod]: { id: string; seq: number; method: Method; params: ServerRequests[Method] };
}[ServerRequestMethod];

/** Messages that wait for a turn of their own. Their words stand in the frames that queued them. */
export interface Queue {
  entries: { id: string; clientUserMessageId: string; seq: number }[];
  /** The last turn was stopped or failed: what waits goes on when a person says so, or when a turn has completed. */
  isHeld: boolean;
}

/** What `acceptForSession` allowed from now on: exact commands, and changes of the files that the person was shown. */
export interface Grants {
  commands: string[];
  /** Absent where an earlier version kept the thread; it asks again then. */
  paths?: string[];
  /** Tools of MCP servers, as `grantOf` names them. Absent while there are none. */
  tools?: string[];
}

/** The loop's side of the open turn. */
export interface Work {
  outputSchema: unknown;
  /** Something was said that the model has not answered yet. */
  awaitsModel: boolean;
  /** Tool calls of the last response that are not settled, in order. */
  calls: Call[];
  /** Attempts that failed since the model last answered. */
  failedAttempts: number;
  /** Tokens its requests counted, and milliseconds it worked, not counting the time it waited for people. */
  tokens?: number;
  activeMs?: number;
  /** When the last frame came, Unix ms. */
  lastAtMs?: number;
  /** Where a response that the endpoint makes in the background can be taken up; absent in the foreground. */
  responding?: { responseId: string; afterSequenceNumber: number } | null;
  /** Responses of the model so far in this turn. */
  steps: number;
  /** What a response of this turn assumes was read from its words, or is being read, or was to be. Absent where none was worth it. */
  hasExtracted?: true;
  /** Somebody answered `cancel`: the turn ends as soon as the call is settled. */
  cancelled: boolean;
  /** Everything that landed in this turn, one entry per path. */
  landed: FileChange[];
  /** Shell commands of people that are not done with, in order. */
  userCommands: UserCommand[];
  /** The notes that the turn was given, by fragment. Absent until it asked the memory. */
  notes?: (Voice & { id: string })[];
  /** The turn is a review: what it says last is told once more when it ends. */
  isReview: boolean;
  /** The `traceparent` that came with what was said last. Absent where none came. */
  trace?: string;
}

export interface UserCommand {
  itemId: string;
  command: string;
  timeoutMs: number | null;
  /** Found on waking: we died while it ran. */
  hasStarted: boolean;
}

export interface Call extends RequestedCall {
  state: CallState;
}

/** Where a call stands. `commandStarted` found on waking means: we died while it ran. */
export type CallState =
  | { type: "requested" }
  | { type: "commandAsked"; requestId: string }
  | { type: "commandApproved" }
  | { type: "commandRefused"; decision: Refused }
  | { type: "commandStarted" }
  | { type: "changesAsked"; requestId: string; proposed: ProposedChanges }
  /** `proposed` is what lands: with `part`, which says of what, only some of what was asked for. */
  | { type: "changesApproved"; proposed: ProposedChanges; part?: AcceptedPart }
  | { type: "changesRefused"; decision: Refused; proposed: ProposedChanges }
  | { type: "answerAwaited"; requestId: string }
  | { type: "answered"; answer: unknown }
  | { type: "mcpCallAllowed" }
  /** Found on waking: we died while it was under way. */
  | { type: "mcpCallStarted" }
  /** Declared: the best thing to do first is done, again and again until it is an action. */
  | { type: "weighing" }
  | { type: "probing"; probeId: string; itemId: string; pairedWith: string | null }
  | { type: "questionAsked"; probeId: string; requestId: string }
  | { type: "questionAnswered"; probeId: string; answer: unknown }
  | { type: "actionHeld"; actionId: string; requestId: string }
  | { type: "actionJudged"; actionId: string; decision: Decision };

export type Refused = Exclude<Decision, "accept" | "acceptForSession">;

/** The turn that has begun and not ended, if any. */
export function openTurn(thread: Thread): Turn | null {
  const last = thread.turns.at(-1);
  return last?.status === "inProgress" ? last : null;
}

/** The protocol's view of a thread: `turns` are given by whoever was asked for them. */
export function wireThread(thread: Thread, turns: Turn[] = []): WireThread {
  return { ...thread.info, status: thread.status, turns };
}
