/** What the account's memory is told of a turn: read from the log when it is sent, so that it says all that is known by then. */
import { repositoryOf } from "#core/memory/recall";
import type { TurnReport } from "#core/memory/report";
import { recordOf } from "#core/memory/signals";
import type { ThreadRuntime } from "#thread/runtime";

/** Null for a turn in which no person asked for anything. */
export function turnReport({ host, log, current }: ThreadRuntime, turnId: string, revision: number): TurnReport | null {
  const after = { nextRequest: log.messageAfterTurn(turnId), isReverted: log.liveTurn(turnId) === null };
  const record = recordOf(host.threadId, turnId, log.framesOfTurn(turnId), after);
  return record && { revision, ...record, repository: repositoryOf(current.info.gitInfo?.originUrl), assumptions: [] };
}
