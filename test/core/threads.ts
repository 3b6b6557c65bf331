/** Logs and threads for the core's tests. */
import type { Draft, Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import type { WireThread } from "#protocol/thread";
import type { Turn } from "#protocol/turn";

export const wireThread: WireThread = {
  id: "t",
  environments: null,
  extra: null,
  sessionId: "t",
  forkedFromId: null,
  attachedToThreadId: null,
  parentThreadId: null,
  preview: "",
  ephemeral: false,
  section: null,
  sectionEnteredAt: null,
  projectId: null,
  historyMode: "paginated",
  modelProvider: "spindle",
  model: "m",
  reasoningEffort: null,
  createdAt: 1,
  updatedAt: 1,
  recencyAt: 1,
  status: { type: "idle" },
  path: null,
  cwd: "/workspace",
  cliVersion: "0",
  originator: null,
  source: "vscode",
  canAcceptDirectInput: true,
  threadSource: null,
  agentNickname: null,
  agentRole: null,
  gitInfo: null,
  name: null,
  daybreakEnabled: null,
  turns: [],
};

export const turn: Turn = {
  id: "u",
  rootTurnId: "u",
  items: [],
  itemsView: "notLoaded",
  status: "inProgress",
  error: null,
  startedAt: 2,
  completedAt: null,
  durationMs: null,
};

const settings = {
  model: "m",
  approvalPolicy: "on-request",
  effort: null,
  summary: null,
  baseInstructions: null,
  developerInstructions: null,
} as const;

export const opening: Draft[] = [
  { method: "thread/started", params: { thread: wireThread }, private: { event: { type: "threadStarted", settings } } },
  {
    method: "turn/started",
    params: { threadId: "t", turn },
    private: { event: { type: "turnStarted", settings, outputSchema: undefined } },
  },
];

/** `seq` from 1, one frame a second. */
export function numbered(drafts: Draft[]): Frame[] {
  return drafts.map((draft, index) => ({ ...draft, seq: index + 1, emittedAtMs: (index + 1) * 1000 }));
}

export function folded(drafts: Draft[]): Thread {
  const thread = numbered(drafts).reduce<Thread | null>(reduce, null);
  if (!thread) throw new Error("no frames");
  return thread;
}

export function openThread(): Thread {
  return folded(opening);
}
