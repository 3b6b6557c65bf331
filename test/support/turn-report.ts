/** What a thread tells the memory, for tests: complete, and different only in what a test says. */
import type { TurnReport, TurnUse } from "#core/memory/report";

export interface Said {
  threadId?: string;
  turnId?: string;
  revision?: number;
  request?: string;
  repository?: string | null;
  correction?: string | null;
  changes?: TurnReport["turn"]["changes"];
  commands?: TurnReport["turn"]["commands"];
  signals?: TurnReport["signals"];
  used?: TurnUse | null;
  assumptions?: TurnReport["assumptions"];
}

export function turnReport(said: Said = {}): TurnReport {
  return {
    revision: said.revision ?? 1,
    turn: {
      threadId: said.threadId ?? "thread-a",
      turnId: said.turnId ?? "turn-a",
      request: said.request ?? "fix the parser of dates",
      changes: said.changes ?? [],
      commands: said.commands ?? [],
      correction: said.correction ?? null,
    },
    repository: said.repository === undefined ? null : said.repository,
    signals: said.signals ?? [{ type: "accepted", editedShare: 0 }],
    used: said.used === undefined ? null : said.used,
    assumptions: said.assumptions ?? [],
  };
}

export function turnUse(parts: Partial<TurnUse> = {}): TurnUse {
  return { shown: [], dropped: [], cluster: "typescript/fix", arm: "memory", propensities: {}, epoch: 0, ...parts };
}
