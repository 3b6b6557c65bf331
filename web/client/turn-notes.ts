/** What a turn said beside its items, for whoever looks at it: `reduce` keeps what the loop needs, and this is for people only. */
import type { Frame } from "#core/frame";
import type { MemoryUsed } from "#protocol/memory-use";
import type { Notifications } from "#protocol/notifications";

export interface TurnNote {
  plan?: Pick<Notifications["turn/plan/updated"], "explanation" | "plan">;
  /** Of all its answers of the model. */
  totalTokens?: number;
  /** What it was given of what earlier turns learnt. */
  memory?: MemoryUsed["fragments"];
  warnings?: string[];
  /** Why the model's last attempt failed, while the next one is on its way. */
  retry?: string | null;
  /** When each request was asked, by its id; Unix ms. */
  askedAtMs?: Record<string, number>;
}

/** By the turn's id. */
export type TurnNotes = Readonly<Record<string, TurnNote>>;

/** Folds one frame, each once. `turnId` is the thread's last turn: some frames name none. Never mutates; the same object where nothing changed. */
export function noted(notes: TurnNotes, frame: Frame, turnId: string | undefined): TurnNotes {
  switch (frame.method) {
    case "turn/plan/updated": {
      const { explanation, plan } = frame.params;
      return withNote(notes, frame.params.turnId, { plan: { explanation, plan } });
    }
    case "thread/tokenUsage/updated": {
      const { turnId: id, tokenUsage } = frame.params;
      return withNote(notes, id, { totalTokens: (notes[id]?.totalTokens ?? 0) + tokenUsage.last.totalTokens });
    }
    case "spindle/memory/used":
      return withNote(notes, frame.params.turnId, { memory: frame.params.fragments });
    case "error":
      return frame.params.willRetry ? withNote(notes, frame.params.turnId, { retry: frame.params.error.message }) : notes;
    case "warning":
      return turnId ? withNote(notes, turnId, { warnings: [...(notes[turnId]?.warnings ?? []), frame.params.message] }) : notes;
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
    case "item/tool/requestUserInput":
      return withNote(notes, frame.params.turnId, {
        askedAtMs: { ...notes[frame.params.turnId]?.askedAtMs, [frame.id]: frame.emittedAtMs },
      });
    case "item/started":
    case "turn/completed":
      return turnId && notes[turnId]?.retry ? withNote(notes, turnId, { retry: null }) : notes;
    default:
      return notes;
  }
}

function withNote(notes: TurnNotes, turnId: string, note: TurnNote): TurnNotes {
  return { ...notes, [turnId]: { ...notes[turnId], ...note } };
}
