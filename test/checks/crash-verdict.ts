/** What must be true of a thread's final log, whatever happened to the server while it was written. Pure: the log in, complaints out. */
import type { Frame } from "#core/frame";
import type { ThreadItem } from "#protocol/item";
import type { Turn } from "#protocol/turn";
import type { Asked } from "./crash-clients.ts";

export interface Evidence {
  /** The whole log as a client that was never there before reads it, in order. */
  frames: Frame[];
  approvals: Map<string, Asked>;
  /** Every message that was sent, with the turn each answer named; empty when no answer ever came. */
  messages: Map<string, Set<string>>;
}

export interface Verdict {
  complaints: string[];
  turns: number;
  approvals: number;
  /** The workspace as the completed changes make it, by path. */
  files: Map<string, string>;
  /** Paths that were proposed and never landed. */
  absent: Set<string>;
  landed: number;
  declined: number;
  /** Commands that were running when the server died, and were not run again. */
  cut: number;
}

type FileChangeItem = Extract<ThreadItem, { type: "fileChange" }>;

export function judge({ frames, approvals, messages }: Evidence): Verdict {
  const complaints: string[] = [];
  const turns = judgeTurns(frames, complaints);
  judgeItems(frames, turns, complaints);
  const asked = judgeApprovals(frames, turns, approvals, complaints);
  judgeMessages(frames, messages, complaints);
  return {
    complaints,
    turns: turns.size,
    approvals: asked,
    cut: frames.filter(wasCut).length,
    ...workspaceOf(frames, complaints),
  };
}

function wasCut(frame: Frame): boolean {
  if (frame.method !== "item/completed" || frame.params.item.type !== "commandExecution") return false;
  return frame.params.item.status === "failed" && frame.params.item.exitCode === null;
}

/** Every turn begins once and ends once. */
function judgeTurns(frames: Frame[], complaints: string[]): Map<string, Turn> {
  const started = new Set<string>();
  const ended = new Map<string, Turn>();
  for (const frame of frames) {
    if (frame.method === "turn/started") {
      if (started.has(frame.params.turn.id)) complaints.push(`turn ${frame.params.turn.id} started twice`);
      started.add(frame.params.turn.id);
    } else if (frame.method === "turn/completed") {
      const { turn } = frame.params;
      if (ended.has(turn.id)) complaints.push(`turn ${turn.id} completed twice`);
      if (!started.has(turn.id)) complaints.push(`turn ${turn.id} completed and never started`);
      ended.set(turn.id, turn);
    }
  }
  for (const id of started) if (!ended.has(id)) complaints.push(`turn ${id} never completed`);
  return ended;
}

/** Every item begins once and ends once, before its turn does. */
function judgeItems(frames: Frame[], turns: Map<string, Turn>, complaints: string[]): void {
  const open = new Map<string, string>();
  const done = new Set<string>();
  for (const frame of frames) {
    if (frame.method === "item/started") {
      const { item, turnId } = frame.params;
      if (open.has(item.id) || done.has(item.id)) complaints.push(`item ${item.id} started twice`);
      open.set(item.id, turnId);
    } else if (frame.method === "item/completed") {
      const { item } = frame.params;
      if (!open.delete(item.id)) complaints.push(`item ${item.id} completed, but was not open`);
      done.add(item.id);
    } else if (frame.method === "turn/completed") {
      for (const [itemId, turnId] of open) {
        if (turnId !== frame.params.turn.id) continue;
        complaints.push(`turn ${turnId} (${turns.get(turnId)?.status}) completed while item ${itemId} was open`);
        open.delete(itemId);
      }
    }
  }
  for (const itemId of open.keys()) complaints.push(`item ${itemId} never completed`);
}

/** Every request is resolved once, and what came of it is something that somebody answered. */
function judgeApprovals(frames: Frame[], turns: Map<string, Turn>, approvals: Map<string, Asked>, complaints: string[]): number {
  const resolved = new Map<string, number>();
  const outcome = new Map<string, ThreadItem>();
  for (const frame of frames) {
    if (frame.method === "serverRequest/resolved") {
      const id = String(frame.params.requestId);
      resolved.set(id, (resolved.get(id) ?? 0) + 1);
    } else if (frame.method === "item/completed") outcome.set(frame.params.item.id, frame.params.item);
  }
  let requests = 0;
  for (const frame of frames) {
    if (frame.method !== "item/fileChange/requestApproval" && frame.method !== "item/commandExecution/requestApproval") continue;
    requests += 1;
    const { id, params } = frame;
    if (resolved.get(id) !== 1) complaints.push(`request ${id} was resolved ${resolved.get(id) ?? 0} times`);
    const item = outcome.get(params.itemId);
    if (item?.type !== "fileChange" && item?.type !== "commandExecution") continue;
    const turn = turns.get(params.turnId);
    const sent = approvals.get(id)?.sent ?? new Set();
    const said = [...sent].join(", ") || "nothing";
    const wasAccepted = sent.has("accept") || sent.has("acceptForSession");
    if (item.status === "declined" && !sent.has("decline") && !sent.has("cancel")) {
      complaints.push(`${item.type} ${item.id} was declined; answers were: ${said}`);
    }
    if (item.status === "completed" && !wasAccepted) complaints.push(`${item.type} ${item.id} was done; answers were: ${said}`);
    // A command may fail for many reasons; an accepted change lands, or its turn ended before it could.
    if (item.type === "fileChange" && item.status === "failed" && turn?.status === "completed") {
      complaints.push(`change ${item.id} failed in a turn that completed; answers were: ${said}`);
    }
  }
  return requests;
}

/** Every message stands in the log once, in the turn that its answers named. */
function judgeMessages(frames: Frame[], messages: Map<string, Set<string>>, complaints: string[]): void {
  const placed = new Map<string, string[]>();
  for (const frame of frames) {
    if (frame.method !== "item/started" || frame.params.item.type !== "userMessage") continue;
    const { clientId } = frame.params.item;
    if (clientId) placed.set(clientId, [...(placed.get(clientId) ?? []), frame.params.turnId]);
  }
  for (const [clientId, named] of messages) {
    const turnIds = placed.get(clientId) ?? [];
    if (turnIds.length !== 1) complaints.push(`message ${clientId} stands in the log ${turnIds.length} times`);
    if (named.size > 1) complaints.push(`message ${clientId} was given ${named.size} turns: ${[...named].join(", ")}`);
    for (const turnId of named)
      if (!turnIds.includes(turnId)) complaints.push(`message ${clientId} is not in its turn ${turnId}`);
  }
}

/**
 * The workspace by the changes that completed. Every line the check writes is one of a kind, and every file is written
 * once and edited once, so that lines added and taken away are all there is to know.
 */
function workspaceOf(frames: Frame[], complaints: string[]): Pick<Verdict, "files" | "absent" | "landed" | "declined"> {
  const files = new Map<string, string>();
  const proposed = new Set<string>();
  const seen = new Set<string>();
  let landed = 0;
  let declined = 0;
  for (const frame of frames) {
    if (frame.method !== "item/completed" || frame.params.item.type !== "fileChange") continue;
    const item: FileChangeItem = frame.params.item;
    for (const { path } of item.changes) proposed.add(path);
    if (item.status !== "completed") {
      declined += 1;
      continue;
    }
    landed += 1;
    for (const { path, kind, diff } of item.changes) {
      const lines = kind.type === "update" ? diff.split("\n") : diff.split("\n").map((line) => `+${line}`);
      let content = files.get(path) ?? "";
      for (const line of lines) {
        if (line.length < 2 || line.startsWith("+++") || line.startsWith("---")) continue;
        const text = line.slice(1);
        if (line.startsWith("-")) content = content.replace(`${text}\n`, "");
        else if (line.startsWith("+")) {
          if (seen.has(text)) complaints.push(`the line ${text} landed twice`);
          seen.add(text);
          content += `${text}\n`;
        }
      }
      files.set(path, content);
    }
  }
  return { files, absent: new Set([...proposed].filter((path) => !files.has(path))), landed, declined };
}
