/** A thread's items and the edges of its turns as one list, in the order in which they came to be. */
import { limits } from "#core/limits";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { ThreadRuntime } from "#thread/runtime";

type Timeline = Result<"thread/timeline/list">;

/** `position` is the number of the frame that says it; a cursor is the last position that was told. */
export function listTimeline({ log }: ThreadRuntime, { cursor, limit }: Params<"thread/timeline/list">): Timeline {
  if (cursor && !/^\d{1,15}$/.test(cursor)) throw new Refusal(refusals.invalidCursor(cursor));
  const entriesMax = Math.min(Math.max(limit ?? 100, 1), limits.pageEntriesMax);
  const positions = log.timeline(Number(cursor ?? 0), entriesMax + 1);
  const page = positions.slice(0, entriesMax);
  return {
    data: page.map((position) => entryAt(log, position)),
    nextCursor: positions.length > entriesMax ? String(page.at(-1)) : null,
    activeRealtimeSessionAtPageStart: null,
  };
}

function entryAt(log: ThreadRuntime["log"], position: number): Timeline["data"][number] {
  const frame = log.frame(position);
  switch (frame.method) {
    case "turn/started": {
      const { id: turn_id, startedAt: started_at } = frame.params.turn;
      return { type: "turnStarted", position, turn_id, started_at };
    }
    case "turn/completed": {
      const { id: turn_id, status, startedAt, completedAt, durationMs, error } = frame.params.turn;
      const times = { started_at: startedAt, completed_at: completedAt, duration_ms: durationMs };
      return { type: "turnCompleted", position, turn_id, status, ...times, error };
    }
    case "item/completed":
      return { type: "item", position, turnId: frame.params.turnId, item: frame.params.item };
    default:
      throw new Error(`frame ${position} stands in no timeline`);
  }
}
