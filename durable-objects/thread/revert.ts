/** Going back: a turn and all later ones leave the thread, and its files become what they were. The log only grows. */
import type { FileChange } from "#core/private";
import { openTurn, wireThread } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import { versionsAt } from "#thread/fork-source";
import type { ThreadRuntime } from "#thread/runtime";
import { isSameVersion } from "#workspace/change";

export async function revertThread(
  runtime: ThreadRuntime,
  { threadId, beforeTurnId }: Params<"thread/revert">,
): Promise<Result<"thread/revert">> {
  const { log, history } = runtime;
  const turn = log.liveTurn(beforeTurnId);
  // Asked again for what is done: there is nothing more to take out.
  if (!turn && !log.hasTurn(beforeTurnId)) throw new Refusal(refusals.turnNotFound(beforeTurnId));
  if (turn) {
    // As on the real server. Should we die between the two, the turn is interrupted and a retry goes on from here.
    if (openTurn(runtime.current)) runtime.interrupt();
    runtime.recordWrites();
    const { hasUserMessage, tokenUsage, compactedSeq } = log.before(turn.startedSeq);
    const preview = hasUserMessage ? runtime.current.info.preview : "";
    const takenBack = log.liveTurnIds(turn.startedSeq);
    const landed = changesBackTo(runtime, turn.startedSeq - 1);
    runtime.commit(
      [
        runtime.status({ type: "notLoaded" }),
        runtime.status({ type: "idle" }),
        {
          method: "thread/reverted",
          params: { threadId, beforeTurnId, preview, tokenUsage },
          private: { event: { type: "reverted", landed, inputFromSeq: compactedSeq } },
        },
      ],
      () => {
        runtime.outbox.unsay(takenBack);
        for (const turnId of takenBack) runtime.memoryOutbox.mark(turnId, { isFirst: false });
        runtime.workspace.land(landed);
      },
    );
    await runtime.outbox.flush();
    void runtime.drive();
  }
  return { thread: wireThread(runtime.current), ...history.newest() };
}

/** What has to change for the files to be as they were at a frame. */
function changesBackTo(runtime: ThreadRuntime, seq: number): FileChange[] {
  return Array.from(versionsAt(runtime, seq), ([path, after]) => ({
    path,
    before: runtime.workspace.version(path),
    after,
  })).filter(({ before, after }) => !isSameVersion(before, after));
}
