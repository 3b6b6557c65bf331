/** What of a thread calls for a person: what it asks, and turns that ended while nobody looked. The thread tells it, people's devices ring by it. */
import { pushLimits } from "#core/limits";
import { openTurn, type PendingRequest, type Thread } from "#core/thread";
import type { Turn } from "#protocol/turn";

/** Texts are as they are, bounded: what a device is shown of them is cleaned in `message.ts`. */
export interface Attention {
  /** Everything that waits for a person now: what is not here any more was answered, or nobody can answer it. */
  asks: Ask[];
  /** Turns that ended since the last time. */
  ended: EndedTurn[];
}

export interface Ask {
  requestId: string;
  kind: "command" | "changes" | "question";
  itemId: string;
  text: string;
}

export interface EndedTurn {
  turnId: string;
  /** Of the frame that ended it. */
  seq: number;
  status: "completed" | "failed";
  durationMs: number;
  /** What was said last, or what failed. */
  text: string;
}

/** What the thread asks of people, oldest first. A tool that a client brought along is called, and asks nobody. */
export function asksOf(thread: Thread): Ask[] {
  return thread.requests.flatMap((request): Ask[] => {
    const asked = askedBy(thread, request);
    return asked === null ? [] : [{ ...asked, requestId: request.id, text: asked.text.slice(0, pushLimits.readCharactersMax) }];
  });
}

function askedBy(thread: Thread, request: PendingRequest): Omit<Ask, "requestId"> | null {
  switch (request.method) {
    case "item/commandExecution/requestApproval": {
      // As it was written; `command` has the shell around it.
      const { itemId, command, commandActions } = request.params;
      return { kind: "command", itemId, text: commandActions.map((action) => action.command).join("; ") || command };
    }
    case "item/fileChange/requestApproval": {
      const { itemId } = request.params;
      return { kind: "changes", itemId, text: changedPaths(thread, itemId).join(", ") };
    }
    case "item/tool/requestUserInput": {
      const { itemId, questions } = request.params;
      return { kind: "question", itemId, text: questions.map(({ question }) => question).join(" ") };
    }
    case "item/tool/call":
      return null;
    default:
      return request satisfies never;
  }
}

function changedPaths(thread: Thread, itemId: string): string[] {
  const item = openTurn(thread)?.items.find(({ id }) => id === itemId);
  return item?.type === "fileChange" ? item.changes.map(({ path }) => within(thread.info.cwd, path)) : [];
}

function within(folder: string, path: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

/** Null for a turn that a person stopped: they know. `turn` as `turn/completed` tells it. */
export function endedTurn(seq: number, { id: turnId, status, durationMs, items, error }: Turn): EndedTurn | null {
  if (status !== "completed" && status !== "failed") return null;
  const message = items.findLast(({ type }) => type === "agentMessage");
  const said = message?.type === "agentMessage" ? message.text : "";
  const text = (status === "failed" ? (error?.message ?? "") : said).slice(0, pushLimits.readCharactersMax);
  return { turnId, seq, status, durationMs: durationMs ?? 0, text };
}
