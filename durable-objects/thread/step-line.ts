/** One line of the operator's log for each step of a turn: what it was, how long it took, how it ended, and in which trace. */
import type { Step } from "#core/next";
import { openTurn } from "#core/thread";
import { traceIdOf } from "#core/trace";
import type { ThreadRuntime } from "#thread/runtime";

/**
 * Call the answer when the step has ended. Nothing that anybody said or made is in the line unless the operator asked for it: then the
 * call as the model wrote it, `contentCharactersMax` characters at most.
 */
export function stepLine(runtime: ThreadRuntime, step: Step): (outcome: "done" | "failed") => void {
  const { host } = runtime;
  const { threadId, logsContent } = host;
  const startedAtMs = host.now();
  const begun = runtime.thread ? openTurn(runtime.thread) : null;
  const trace = runtime.thread?.work?.trace;
  return (outcome) => {
    const turnId = begun?.id ?? (runtime.thread && openTurn(runtime.thread)?.id) ?? null;
    host.report("turnStep", {
      threadId,
      turnId,
      step: step.type,
      durationMs: host.now() - startedAtMs,
      outcome,
      traceId: turnId === null ? null : traceIdOf(turnId, trace),
      ...(logsContent && "call" in step ? { content: JSON.stringify(step.call.raw).slice(0, contentCharactersMax) } : {}),
    });
  };
}

/** Characters. Workers Logs cut a line at 256 KB, and nobody reads that. */
const contentCharactersMax = 4_000;
