/** What the account's memory is told of a turn: read from the log when it is sent, so that it says all that is known by then. */
import { resolvedAssumptions } from "#core/decision-outcome";
import type { Frame } from "#core/frame";
import { repositoryOf } from "#core/memory/recall";
import type { ResolvedAssumption, TurnReport } from "#core/memory/report";
import { recordOf } from "#core/memory/signals";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import type { ThreadRuntime } from "#thread/runtime";

/** Null for a turn in which no person asked for anything. */
export function turnReport({ host, log, current }: ThreadRuntime, turnId: string, revision: number): TurnReport | null {
  const after = { nextRequest: log.messageAfterTurn(turnId), isReverted: log.liveTurn(turnId) === null };
  const frames = Array.from(log.framesOfTurn(turnId));
  const record = recordOf(host.threadId, turnId, frames, after);
  const repository = repositoryOf(current.info.gitInfo?.originUrl);
  return record && { revision, ...record, repository, assumptions: assumptionsOf(current, turnId, frames) };
}

/** From the turn's own frames: the thread keeps the decision of its last turn only. */
function assumptionsOf(current: Thread, turnId: string, frames: readonly Frame[]): ResolvedAssumption[] {
  const { decision: _, decisionTree: __, ...rest } = current;
  const [first] = frames;
  if (!first) return [];
  const before: Thread = { ...rest, seq: first.seq - 1, turns: [], requests: [], work: null };
  let items: Thread["turns"][number]["items"] = [];
  // What became known stays known when the turn is taken back.
  const standing = frames.filter(({ method }) => method !== "thread/reverted");
  const after = standing.reduce((thread, frame) => {
    const next = reduce(thread, frame);
    items = next.turns.find(({ id }) => id === turnId)?.items ?? items;
    return next;
  }, before);
  return resolvedAssumptions(after.decision, { id: turnId, items });
}
