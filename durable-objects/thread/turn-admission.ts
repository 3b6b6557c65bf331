/**
 * Requests that begin a turn wait for the account's word, and every request of the thread that comes meanwhile waits for them: a stop that
 * was sent after a message must not overtake it.
 */
import { openTurn } from "#core/thread";
import type { ThreadRequest } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";
import { requireInput } from "#thread/turn-begin";

export class TurnAdmission {
  private readonly runtime: ThreadRuntime;
  private beginning: Promise<void> | null = null;

  constructor(runtime: ThreadRuntime) {
    this.runtime = runtime;
  }

  /** Answers the request in its order; throws the account's refusal, and then nothing was done. */
  async inOrder<Answer>(request: ThreadRequest, answer: () => Answer | Promise<Answer>): Promise<Answer> {
    while (this.beginning) await this.beginning;
    if (!this.beginsTurn(request)) return answer();
    const done = Promise.withResolvers<void>();
    this.beginning = done.promise;
    try {
      const { accountLimits, turnSlot } = this.runtime;
      if (await accountLimits.admitTurn()) turnSlot.granted();
      return await answer();
    } finally {
      this.beginning = null;
      done.resolve();
      // What was refused after all began nothing.
      if (!this.runtime.thread || !openTurn(this.runtime.thread)) this.runtime.turnSlot.release();
    }
  }

  /** What would be refused anyway, or is known already, costs the account no turn. */
  private beginsTurn(request: ThreadRequest): boolean {
    const { thread, log } = this.runtime;
    if (!thread || thread.deleted || thread.archived || openTurn(thread)) return false;
    switch (request.method) {
      case "turn/start": {
        const { clientUserMessageId: key, input } = request.params;
        requireInput(input);
        return !(key && log.turnOfClientMessage(key));
      }
      case "thread/queue/start":
        return (thread.queue?.entries.length ?? 0) > 0;
      case "review/start":
      case "thread/compact/start":
      case "thread/shellCommand":
        return true;
      default:
        return false;
    }
  }
}
