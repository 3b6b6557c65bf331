/** A client comes to a thread, or comes back: what it has to hear first, and from where on it hears everything. */

import { openTurn, type Thread, wireThread } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { ThreadPlace } from "#protocol/thread";
import { withoutOpenItems } from "#thread/history";
import type { Attached, CaughtUp, Subscriber } from "#thread/reply";
import { openedThread, requireThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";

/** The thread was just begun: its creator hears it from the first frame on. */
export function attachCreator(runtime: ThreadRuntime, subscriber: Subscriber): Attached {
  subscribe(runtime, subscriber, 0);
  // Not before: the creator hears of the thread from the thread itself.
  runtime.tell();
  const { current } = runtime;
  return { result: openedThread(runtime, []), seq: current.seq, cwd: current.info.cwd, cursor: 0, catchUp: [], pending: [] };
}

/**
 * The thread was just forked. With the extension its creator hears the log from the first frame on, as with any other thread; without, it
 * has the history from the answer and from the lists, and hears only that the thread began, and how full the model's window is.
 */
export function attachForker(runtime: ThreadRuntime, subscriber: Subscriber, excludeTurns: boolean): Attached {
  const { current, history } = runtime;
  const cursor = subscriber.replay ? 0 : current.seq;
  subscribe(runtime, subscriber, cursor);
  runtime.tell();
  const started = caughtUp("thread/started", { thread: wireThread(current) }, runtime.host.now());
  return {
    result: openedThread(runtime, excludeTurns ? [] : history.allTurns(current)),
    seq: current.seq,
    cwd: current.info.cwd,
    cursor,
    catchUp: subscriber.replay ? [] : [...(excludeTurns ? [] : usageSnapshot(runtime)), started],
    pending: [],
  };
}

/** How full the model's window was at the end of the last turn; none where no model answered yet. */
function usageSnapshot({ current, history, host }: ThreadRuntime): CaughtUp[] {
  const { tokenUsage } = current;
  const turnId = history.newestTurnId();
  if (!tokenUsage || !turnId) return [];
  const params = { threadId: current.info.id, turnId, tokenUsage };
  return [caughtUp("thread/tokenUsage/updated", params, host.now())];
}

/**
 * With the extension and `afterSeq` the log itself is the answer: every frame after that one, then live. Without, the client gets the
 * state as it is, a message that is being written from its beginning, and then live. Either way what waits for somebody is asked again,
 * under the same id.
 */
export function resume(
  runtime: ThreadRuntime,
  params: Params<"thread/resume">,
  subscriber: Subscriber,
  place: ThreadPlace,
): Attached {
  requireThread(runtime, "thread/resume");
  const { current, history, log } = runtime;
  const afterSeq = subscriber.replay ? (params.afterSeq ?? null) : null;
  if (afterSeq !== null && afterSeq > current.seq) {
    runtime.host.meter.count("frames_lost_total", {});
    throw new Refusal(refusals.invalidRequest(`afterSeq ${afterSeq} is beyond the thread's last frame ${current.seq}`));
  }
  const cursor = afterSeq ?? current.seq;
  subscribe(runtime, subscriber, cursor);
  const turns = params.excludeTurns ? [] : history.allTurns(current).map(withoutOpenItems);
  const page = params.initialTurnsPage;
  const opened = openedThread(runtime, turns);
  const result: Result<"thread/resume"> = {
    ...opened,
    thread: { ...opened.thread, ...place },
    collaborationMode: null,
    initialTurnsPage: page ? history.turns(current, page) : null,
    ...history.newest(),
  };
  return {
    result,
    seq: current.seq,
    cwd: current.info.cwd,
    cursor,
    catchUp: afterSeq === null ? [...usageSnapshot(runtime), ...goalSnapshot(runtime), ...catchUp(current)] : [],
    // What the replay brings anyway is not asked twice.
    pending: current.requests.filter(({ seq }) => seq <= cursor).map(({ seq }) => log.wireFrame(seq)),
  };
}

function subscribe(runtime: ThreadRuntime, { connection }: Subscriber, cursor: number): void {
  if (!runtime.deliveries.attach(connection, cursor)) throw new Refusal(refusals.overloaded());
}

/**
 * The frames that bring a client to where the log is: what was written so far of a message that is being written or said by a command
 * that runs, and what it is that an approval waits for, which Codex's own client shows from `item/started` only. They are no frames of the log.
 */
function catchUp(thread: Thread): CaughtUp[] {
  const turn = openTurn(thread);
  if (!turn) return [];
  const place = { threadId: thread.info.id, turnId: turn.id };
  const open = turn.items.filter(({ completedAtMs }) => completedAtMs === null);
  return open.flatMap((item) => {
    const startedAtMs = item.startedAtMs ?? 0;
    const text = (method: string, params: object) => caughtUp(method, params, startedAtMs);
    if (item.type === "agentMessage") {
      return [
        text("item/started", { item: { ...item, text: "" }, ...place, startedAtMs }),
        ...(item.text ? [text("item/agentMessage/delta", { ...place, itemId: item.id, delta: item.text })] : []),
      ];
    }
    if (item.type === "commandExecution" && item.aggregatedOutput !== null) {
      return [
        text("item/started", { item: { ...item, aggregatedOutput: null }, ...place, startedAtMs }),
        text("item/commandExecution/outputDelta", { ...place, itemId: item.id, delta: item.aggregatedOutput }),
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

/** Whoever resumes hears of the goal, as on the real server. */
function goalSnapshot({ current, host, log }: ThreadRuntime): CaughtUp[] {
  if (!current.goal) return [];
  const params = { threadId: host.threadId, turnId: null, goal: current.goal };
  return [caughtUp("thread/goal/updated", params, log.lastFrameAtMs())];
}

function caughtUp(method: string, params: object, emittedAtMs: number): CaughtUp {
  return { method, text: JSON.stringify({ method, params, emittedAtMs }) };
}
