/** The log of one thread that does everything once: thinks, asks for a command, proposes a change, speaks. */
import type { Draft, Frame } from "#core/frame";
import type { ItemOf, ThreadItem } from "#protocol/item";
import type { WireThread } from "#protocol/thread";
import type { Turn } from "#protocol/turn";
import { turn as openTurn, wireThread } from "#test/core/threads";

export const threadId = "01a1fb3d-6c6f-73b3-9300-f3179a7b44f3";
const turnId = "01a1fb3d-6cbc-7f70-9c6a-ed4d302cac2d";
const place = { threadId, turnId };
const atMs = 1_795_216_469_000;
const times = { startedAtMs: atMs, completedAtMs: null };
export const commandRequestId = `${threadId}:command`;
export const changeRequestId = `${threadId}:change`;

const thread: WireThread = { ...wireThread, id: threadId, sessionId: threadId, model: "rehearsal", originator: "test" };

const turn: Turn = { ...openTurn, id: turnId, rootTurnId: turnId };

const user: ItemOf<"userMessage"> = {
  type: "userMessage",
  id: "u1",
  clientId: "cm1",
  content: [{ type: "text", text: "tidy up", text_elements: [] }],
  ...times,
};
const thought: ItemOf<"reasoning"> = { type: "reasoning", id: "r1", summary: [], content: [], ...times };
const command: ItemOf<"commandExecution"> = {
  type: "commandExecution",
  id: "c1",
  pluginId: null,
  scriptPath: null,
  command: "ls",
  cwd: "/workspace",
  processId: null,
  source: "agent",
  status: "inProgress",
  commandActions: [{ type: "listFiles", command: "ls", path: null }],
  aggregatedOutput: null,
  exitCode: null,
  durationMs: null,
  ...times,
};
const change: ItemOf<"fileChange"> = {
  type: "fileChange",
  id: "f1",
  changes: [{ path: "/workspace/a.txt", kind: { type: "add" }, diff: "alpha\n" }],
  status: "inProgress",
  proposal: { hash: "abc", diff: "diff --git a/a.txt b/a.txt\n" },
  ...times,
};
const answer: ItemOf<"agentMessage"> = {
  type: "agentMessage",
  moderation: null,
  id: "m1",
  text: "",
  phase: null,
  memoryCitation: null,
  delivery: null,
  questions: null,
  ...times,
};

function started(item: ThreadItem): Draft {
  return { method: "item/started", params: { item, ...place, startedAtMs: atMs } };
}

function completed(item: ThreadItem): Draft {
  const done = { ...item, completedAtMs: atMs + 1 };
  return { method: "item/completed", params: { item: done, ...place, contentTokenCount: null, completedAtMs: atMs + 1 } };
}

const asking = { type: "active", activeFlags: ["waitingOnApproval"] } as const;

const drafts: Draft[] = [
  { method: "thread/started", params: { thread } },
  { method: "thread/status/changed", params: { threadId, status: { type: "active", activeFlags: [] } } },
  { method: "turn/started", params: { threadId, turn } },
  started(user),
  completed(user),
  started(thought),
  { method: "item/reasoning/summaryPartAdded", params: { ...place, itemId: "r1", summaryIndex: 0 } },
  { method: "item/reasoning/summaryTextDelta", params: { ...place, itemId: "r1", summaryIndex: 0, delta: "Look " } },
  { method: "item/reasoning/summaryTextDelta", params: { ...place, itemId: "r1", summaryIndex: 0, delta: "first." } },
  completed({ ...thought, summary: ["Look first."] }),
  { method: "thread/status/changed", params: { threadId, status: { ...asking, activeFlags: [...asking.activeFlags] } } },
  started(command),
  {
    method: "item/commandExecution/requestApproval",
    id: commandRequestId,
    params: {
      kind: "command",
      ...place,
      itemId: "c1",
      startedAtMs: atMs,
      environmentId: null,
      reason: null,
      command: "ls",
      cwd: "/workspace",
      commandActions: [],
      proposedExecpolicyAmendment: null,
      availableDecisions: ["accept", "acceptForSession", "decline", "cancel"],
    },
  },
  { method: "serverRequest/resolved", params: { threadId, requestId: commandRequestId } },
  { method: "item/commandExecution/outputDelta", params: { ...place, itemId: "c1", delta: "a.txt\n" } },
  { method: "item/commandExecution/outputDelta", params: { ...place, itemId: "c1", delta: "b.txt\n" } },
  completed({ ...command, status: "completed", aggregatedOutput: "a.txt\nb.txt\n", exitCode: 0, durationMs: 5 }),
  started(change),
  {
    method: "item/fileChange/requestApproval",
    id: changeRequestId,
    params: { ...place, itemId: "f1", startedAtMs: atMs, reason: null, grantRoot: null },
  },
  { method: "serverRequest/resolved", params: { threadId, requestId: changeRequestId } },
  completed({ ...change, status: "completed" }),
  started(answer),
  { method: "item/agentMessage/delta", params: { ...place, itemId: "m1", delta: "Done, " } },
  { method: "item/agentMessage/delta", params: { ...place, itemId: "m1", delta: "and " } },
  { method: "item/agentMessage/delta", params: { ...place, itemId: "m1", delta: "tidy." } },
  completed({ ...answer, text: "Done, and tidy." }),
  { method: "thread/status/changed", params: { threadId, status: { type: "idle" } } },
  {
    method: "turn/completed",
    params: {
      threadId,
      turn: { ...turn, status: "completed", itemsView: "summary", completedAt: 1_795_216_470, durationMs: 900 },
    },
  },
];

export const recordedLog: Frame[] = drafts.map((draft, index) => ({ ...draft, seq: index + 1, emittedAtMs: atMs + index }));

/** What the server keeps when it drops the streamed text of items that are completed. */
export function compacted(log: Frame[]): Frame[] {
  const done = new Set(log.flatMap((frame) => (frame.method === "item/completed" ? [frame.params.item.id] : [])));
  return log.filter((frame) => {
    const streams = frame.method.endsWith("elta") || frame.method.endsWith("summaryPartAdded");
    return !(streams && "itemId" in frame.params && done.has(frame.params.itemId));
  });
}
