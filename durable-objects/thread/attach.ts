/** A client comes to a thread, or comes back: what it has to hear first, and from where on it hears everything. */

import { openTurn, type Thread } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import { withoutOpenItems } from "#thread/history";
import type { Attached, Subscriber } from "#thread/reply";
import { openedThread, requireThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";

/** The thread was just begun: its creator hears it from the first frame on. */
export function attachCreator(runtime: ThreadRuntime, subscriber: Subscriber): Attached {
  subscribe(runtime, subscriber, 0);
  const { current } = runtime;
  return { result: openedThread(runtime, []), seq: current.seq, cwd: current.info.cwd, cursor: 0, catchUp: [], pending: [] };
}

/**
 * With the extension and `afterSeq` the log itself is the answer: every frame after that one, then live. Without, the client gets the
 * state as it is, a message that is being written from its beginning, and then live. Either way what waits for somebody is asked again,
 * under the same id.
 */
export function resume(runtime: ThreadRuntime, params: Params<"thread/resume">, subscriber: Subscriber): Attached {
  requireThread(runtime, "thread/resume");
  const { current, history, log } = runtime;
  const afterSeq = subscriber.replay ? (params.afterSeq ?? null) : null;
  if (afterSeq !== null && afterSeq > current.seq) {
    throw new Refusal(refusals.invalidRequest(`afterSeq ${afterSeq} is beyond the thread's last frame ${current.seq}`));
  }
  const cursor = afterSeq ?? current.seq;
  subscribe(runtime, subscriber, cursor);
  const turns = params.excludeTurns ? [] : history.allTurns(current).map(withoutOpenItems);
  const page = params.initialTurnsPage;
  const result: Result<"thread/resume"> = {
    ...openedThread(runtime, turns),
    collaborationMode: null,
    initialTurnsPage: page ? history.turns(current, page) : null,
    ...history.newest(),
  };
  return {
    result,
    seq: current.seq,
    cwd: current.info.cwd,
    cursor,
    catchUp: afterSeq === null ? catchUp(current) : [],
    // What the replay brings anyway is not asked twice.
    pending: current.requests.filter(({ seq }) => seq <= cursor).map(({ seq }) => log.wireFrame(seq)),
  };
}

function subscribe(runtime: ThreadRuntime, { connection }: Subscriber, cursor: number): void {
  if (!runtime.deliveries.attach(connection, cursor)) throw new Refusal(refusals.overloaded());
}

/**
 * The frames that bring a client to where the log is: what was written so far of a message that is being written, and what it is that
 * an approval waits for, which Codex's own client shows from `item/started` only. They are no frames of the log.
 */
function catchUp(thread: Thread): { method: string; text: string }[] {
  const turn = openTurn(thread);
  if (!turn) return [];
  const place = { threadId: thread.info.id, turnId: turn.id };
  const open = turn.items.filter(({ completedAtMs }) => completedAtMs === null);
  return open.flatMap((item) => {
    const startedAtMs = item.startedAtMs ?? 0;
    const text = (method: string, params: object) => ({
      method,
      text: JSON.stringify({ method, params, emittedAtMs: startedAtMs }),
    });
    if (item.type === "agentMessage") {
      return [
        text("item/started", { item: { ...item, text: "" }, ...place, startedAtMs }),
        ...(item.text ? [text("item/agentMessage/delta", { ...place, itemId: item.id, delta: item.text })] : []),
      ];
    }
    if (item.type !== "reasoning") return [text("item/started", { item, ...place, startedAtMs })];
    return [
      text("item/started", { item: { ...item, summary: [] }, ...place, startedAtMs }),
      ...item.summary.flatMap((delta, summaryIndex) => [
        text("item/reasoning/summaryPartAdded", { ...place, itemId: item.id, summaryIndex }),
        text("item/reasoning/summaryTextDelta", { ...place, itemId: item.id, delta, summaryIndex }),
      ]),
    ];
  });
}
