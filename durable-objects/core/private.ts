/** The private column of a frame: what the loop has to remember and no client may see. */

import type { PatchOperation } from "#core/apply-patch";
import type { Resolution, Verdict } from "#core/decision";
import type { Deliberation } from "#core/decision-tree/deliberation";
import type { Change } from "#core/decision-tree/staleness";
import type { TurnUse } from "#core/memory/report";
import type { Guide } from "#core/prompt";
import type { DecisionMode } from "#protocol/decision-tree-methods";
import type { ApprovalMode } from "#protocol/mcp-server";
import type { PlanStep } from "#protocol/notifications";
import type { QueuedSubmission } from "#protocol/queue-methods";
import type { Question } from "#protocol/server-requests";
import type { ApprovalPolicy, GitInfo } from "#protocol/thread";
import type { RevisionCause } from "#protocol/thread-copy";

/** One item of a model's input or output in the Responses API's own shape. It is stored as it came and sent back as it came. */
export type ModelItem = { type: string; [field: string]: unknown };

/** What a thread's turns run under. A turn may change it, for itself and for those that follow. */
export interface Settings {
  model: string;
  approvalPolicy: ApprovalPolicy;
  effort: string | null;
  summary: string | null;
  baseInstructions: string | null;
  developerInstructions: string | null;
  /** Where commands start, absolute; absent where it is the workspace's root. */
  cwd?: string;
  personality?: string | null;
  /** Absent where no client ever named one. */
  collaborationMode?: "plan" | "default";
  /** What the client's collaboration mode tells the model. */
  collaborationInstructions?: string | null;
  /** Absent where nobody said. */
  decisionMode?: DecisionMode;
  /** Whether what the model assumes is read from its words where it declares nothing. Absent where nobody said. */
  decisionExtraction?: boolean;
  /** How long a question of a decision waits before its default is taken; null: for ever. Absent where nobody said. */
  questionTimeoutMs?: number | null;
  /** Absent in logs from before clients could bring tools. */
  clientTools?: ClientTool[];
}

/** A version of a file: git's mode, git's blob id of the content (of the target, for a symlink), size in bytes. */
export interface FileVersion {
  mode: number;
  hash: string;
  size: number;
}

/** One path, relative to the workspace's root, with what was there and what shall be there; null: no such file. */
export interface FileChange {
  path: string;
  before: FileVersion | null;
  after: FileVersion | null;
}

/** A tool that the client brought along; `name` is what the model calls it, unique among all tools. */
export interface ClientTool {
  name: string;
  namespace: string | null;
  tool: string;
  description: string;
  /** JSON Schema of the arguments, as the client gave it. */
  inputSchema: unknown;
}

/** What the model asked for. `invalid` is a call of a tool we have, with arguments nobody could read: the model is told what is wrong. */
export type ToolCall =
  | { tool: "shell"; command: string; timeoutMs: number | null }
  | { tool: "applyPatch"; operations: PatchOperation[] }
  | { tool: "plan"; explanation: string | null; plan: PlanStep[] }
  | { tool: "userInput"; questions: Question[] }
  | { tool: "goal"; status: "complete" | "blocked" }
  | { tool: "declare"; arguments: unknown }
  /** What its server said of the tool, and how the account wants to be asked, as of when the model was offered it. */
  | { tool: "mcp"; server: string; name: string; readOnlyHint: boolean; mode: ApprovalMode; arguments: unknown }
  | { tool: "client"; namespace: string | null; name: string; arguments: unknown }
  | { tool: "invalid"; message: string }
  | { tool: "unknown"; name: string };

/** What somebody answered. `garbage` is an answer that could not be read. */
export type Decision = "accept" | "acceptForSession" | "decline" | "cancel" | "garbage";

/**
 * What happened inside, in the log's own order. Versioned by name and immortal: never change one, add another.
 */
export type PrivateEvent =
  | { type: "threadStarted"; settings: Settings }
  /** The frames before this one were copied from another thread; from here on it goes its own way, under these settings. */
  | { type: "forked"; settings: Settings }
  /** The frames from this one to `imported` were read from a file, which claims that they happened in another thread. */
  | { type: "importBegun"; settings: Settings }
  /** From here on the thread goes its own way. `threadId` and `exportedAtMs` are the file's words. */
  | { type: "imported"; threadId: string; exportedAtMs: number }
  | { type: "turnStarted"; settings: Settings; outputSchema: unknown }
  /** A person said something that the model has to hear. */
  | { type: "userSaid" }
  /** A response of the model came whole; these are its calls, in order. */
  | {
      type: "responded";
      calls: RequestedCall[];
      /** What it assumes is read from its words beside the loop: once in a turn, also where we die meanwhile. Absent where it is not. */
      isExtracted?: true;
    }
  | { type: "commandAsked"; callId: string; requestId: string }
  /** Written before the command runs: whoever wakes and finds it knows that the command may have run. */
  | { type: "commandStarted"; callId: string }
  /** A command or a patch wants to change files. `requestId` is null where policy or an earlier answer lets it pass unasked. */
  | { type: "proposed"; callId: string; requestId: string | null; proposed: ProposedChanges }
  /** A question or a client's tool waits for an answer. */
  | { type: "asked"; callId: string; requestId: string }
  /** What somebody answered to it; null when it could not be read. */
  | { type: "answered"; requestId: string; answer: unknown }
  /** Somebody allowed a call of an MCP server's tool; `forSession`: from now on all of that tool. */
  | { type: "mcpCallAllowed"; callId: string; forSession: boolean }
  /** Written before the call is sent: whoever wakes and finds it knows that it may have happened. */
  | { type: "mcpCallStarted"; callId: string }
  /** The endpoint goes on with this response by itself; everything up to this event of it is in the log. */
  | { type: "responding"; responseId: string; sequenceNumber: number }
  /** That response cannot be taken up again: the next attempt asks anew. */
  | { type: "responseLost" }
  /** What the model is told begins anew with this frame's `modelItems`; `tokens` is what they are estimated to cost. */
  | { type: "compacted"; tokens: number }
  /** The endpoint does not take the built-in tools: from now on they are offered as functions. */
  | { type: "builtInToolsRefused" }
  /** `part` is what of the proposal was accepted; absent where it was all of it, or nothing. */
  | { type: "decided"; requestId: string; decision: Decision; part?: AcceptedPart }
  /** A person's own shell command: it waits for its turn in the loop, runs, and is done with. */
  | { type: "userCommandAsked"; itemId: string; command: string; timeoutMs: number | null }
  | { type: "userCommandStarted"; itemId: string }
  | { type: "userCommandEnded"; itemId: string; landed: FileChange[] }
  /** The turn that has just begun is a review. */
  | { type: "reviewStarted" }
  /** At the end of the queue, or in the place of the one with its id. */
  | { type: "queued"; submission: QueuedSubmission }
  | { type: "dequeued"; submissionId: string }
  | { type: "queueReordered"; submissionIds: string[] }
  /** For the turns that begin from here on. */
  | { type: "settingsChanged"; settings: Settings }
  | { type: "gitInfoUpdated"; gitInfo: GitInfo }
  | { type: "memoryModeSet"; mode: "enabled" | "disabled" }
  /** The turns from here on are told these in place of the workspace's own: of a repository's thread, those of its base branch. */
  | { type: "guidesTaken"; guides: Guide[] }
  /** What people wrote with their own hands (`fs/*`) since the last frame that told of files. Absent in logs from before this was known. */
  | { type: "filesWritten"; changes: FileChange[] }
  /**
   * The turns from one on are gone from the thread, and its files are what they were before: `landed` made them so. The model's input
   * begins with the frame of `inputFromSeq`; null: at the thread's beginning.
   */
  | { type: "reverted"; landed: FileChange[]; inputFromSeq: number | null }
  /** What was assumed before a step was declared; each of the following that changes it rides on the revision that shows it. */
  | {
      type: "decisionDeclared";
      turnId: string;
      callId: string;
      mode: DecisionMode;
      deliberation: Deliberation;
      warnings: string[];
    }
  /** The same, read from what the model said before a costly step. `tokens` is what that took, in no account of the turn. */
  | { type: "decisionExtracted"; turnId: string; deliberation: Deliberation; warnings: string[]; tokens: number }
  /** Written before a probe runs, with the item that shows it. Probes only read: whoever wakes and finds it runs it again. */
  | { type: "decisionProbeAsked"; callId: string; probeId: string; itemId: string; pairedWith: string | null }
  /** A person was asked about an assumption. */
  | { type: "decisionQuestionAsked"; callId: string; probeId: string; requestId: string }
  /** `observed` is null where the answer is unclear; `wasAsked` is false where it could not be asked, and so costs nothing. */
  | {
      type: "decisionObserved";
      callId: string;
      probeId: string;
      observed: boolean | null;
      atMs: number;
      pairedWith: string | null;
      wasAsked: boolean;
    }
  /** Nobody answered the question, and what was declared for that case is taken for granted. */
  | { type: "decisionDefaulted"; callId: string; probeId: string; atMs: number }
  /** A person did not allow the action that was held, or their client's answer could not be read. */
  | { type: "decisionDeclined"; callId: string; actionId: string; isUnreadable: boolean }
  | { type: "decisionAnnotated"; assumptionId: string; observed: boolean; atMs: number; key: string | null }
  | { type: "decisionStale"; change: Change }
  /** The turn ends, and by what happened in it these are true or not. */
  | { type: "decisionResolved"; turnId: string; resolutions: Resolution[] }
  /** A revision that came with a copy: what made it, and nothing that a choice could be made by. */
  | { type: "decisionCopied"; cause: RevisionCause; resolutions: Resolution[] }
  /** What was chosen cannot be undone and may do harm: a person is asked. */
  | { type: "decisionHeld"; callId: string; actionId: string; requestId: string }
  /** How the turn ended that decided by this revision: a line of the decision log. */
  | {
      type: "decisionOutcome";
      turnId: string;
      revision: number;
      actionId: string;
      expectedUtility: number;
      harmProbability: number;
      outcome: "completed" | "interrupted" | "failed";
      /** What people said to what was held or proposed, and what became of tests. Absent in logs from before this was kept. */
      verdicts?: Verdict[];
      tests?: "passed" | "broke" | null;
    }
  /**
   * What the turn was given of the memory. `uplifts` are what was believed of the shown ones then, in their order. The texts stand beside the log
   * (`memory_notes`, `memory_wordings`), where they can be forgotten; the model reads the notes before the frame of `beforeSeq`.
   */
  | { type: "memoryUsed"; turnId: string; beforeSeq: number; use: TurnUse; uplifts: number[] }
  /** The call is done with; what the model is told of it stands in `modelItems`, what reached the workspace in `landed`. */
  | { type: "settled"; callId: string; landed: FileChange[] };

/** `callId` is also the id of the call's item: the model's own `call_id`, made unique within the thread. */
export interface RequestedCall {
  callId: string;
  raw: ModelItem;
  call: ToolCall;
}

export interface ProposedChanges {
  itemId: string;
  /** Binds the answer to these very changes: see `Proposal` in the protocol. */
  hash: string;
  changes: FileChange[];
  /** Of the command that made the changes; null when a patch made them. */
  output: CommandOutput | null;
}

/**
 * Some hunks of a proposal: a proposal of its own. It is made where the answer is written down, so that numbers are counted once and what lands
 * is what was meant by them then.
 */
export interface AcceptedPart {
  /** Of `changes`: see `Proposal` in the protocol. */
  hash: string;
  changes: FileChange[];
  /** The numbers that were named, ascending. */
  hunks: number[];
  /** What was not accepted, the first of them: the model is told. */
  leftOut: LeftOutHunk[];
  leftOutCount: number;
}

export interface LeftOutHunk {
  number: number;
  path: string;
  /** Its first line, from `@@` on, or what happens to the file as a whole. */
  place: string;
}

export interface CommandOutput {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export interface Private {
  /** What this frame adds to the model's input. The input of the next request is all of these, in the order of the log. */
  modelItems?: ModelItem[];
  event?: PrivateEvent;
  /** What became of a request to the model that brought no answer. Absent where there was none, and in logs from before this was kept. */
  modelCall?: "failed" | "rate_limited" | "timed_out" | "aborted" | "refused";
  /** The client's `traceparent` (W3C Trace Context), as it came with what began the turn or was said in it. Absent where none came. */
  trace?: string;
}
