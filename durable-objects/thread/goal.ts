/** The thread's goal: set and cleared by people, counted by what its turns cost. Each change is a frame with the goal as it then is. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { openTurn } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { ThreadGoal } from "#protocol/goal-methods";
import type { Params, Result } from "#protocol/methods";
import type { TokenUsageBreakdown } from "#protocol/thread";
import type { ThreadRuntime } from "#thread/runtime";

export async function setGoal(
  runtime: ThreadRuntime,
  { objective: given, status, tokenBudget }: Params<"thread/goal/set">,
): Promise<Result<"thread/goal/set">> {
  requireGoals(runtime);
  const { threadId } = runtime.host;
  const objective = given?.trim();
  if (objective !== undefined) requireObjective(objective);
  if (tokenBudget != null && tokenBudget <= 0) throw new Refusal(refusals.goalBudgetNotPositive());
  const now = Math.floor(runtime.host.now() / 1000);
  const before = runtime.current.goal;
  if (!before && objective === undefined) throw new Refusal(refusals.noGoal(threadId));
  const goal: ThreadGoal = withinBudget({
    threadId,
    objective: objective ?? before?.objective ?? "",
    status: status ?? before?.status ?? "active",
    tokenBudget: tokenBudget === undefined ? (before?.tokenBudget ?? null) : tokenBudget,
    tokensUsed: before?.tokensUsed ?? 0,
    timeUsedSeconds: before?.timeUsedSeconds ?? 0,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  });
  await told(runtime, goalUpdated(runtime, goal));
  return { goal };
}

export function getGoal(runtime: ThreadRuntime): Result<"thread/goal/get"> {
  requireGoals(runtime);
  return { goal: runtime.current.goal ?? null };
}

export async function clearGoal(runtime: ThreadRuntime): Promise<Result<"thread/goal/clear">> {
  requireGoals(runtime);
  if (!runtime.current.goal) return { cleared: false };
  await told(runtime, { method: "thread/goal/cleared", params: { threadId: runtime.host.threadId } });
  return { cleared: true };
}

/** What a response of the model cost: tokens that were not cached, and the time the turn worked since the goal was last counted. */
export function goalCounted(runtime: ThreadRuntime, usage: TokenUsageBreakdown | null): Draft[] {
  const { goal, goalTimeMs = 0 } = runtime.current;
  if (!goal || (goal.status !== "active" && goal.status !== "budgetLimited")) return [];
  const tokens = usage ? Math.max(0, usage.inputTokens - usage.cachedInputTokens) + usage.outputTokens : 0;
  const timeUsedSeconds = Math.floor(goalTimeMs / 1000);
  if (tokens === 0 && timeUsedSeconds === goal.timeUsedSeconds) return [];
  const updatedAt = Math.floor(runtime.host.now() / 1000);
  return [goalUpdated(runtime, withinBudget({ ...goal, tokensUsed: goal.tokensUsed + tokens, timeUsedSeconds, updatedAt }))];
}

/** An active goal has budget left. One whose budget was raised goes on when a person says so. */
function withinBudget(goal: ThreadGoal): ThreadGoal {
  const isUsedUp = goal.tokenBudget !== null && goal.tokensUsed >= goal.tokenBudget;
  return goal.status === "active" && isUsedUp ? { ...goal, status: "budgetLimited" } : goal;
}

/** The frame that says how the goal stands now. */
export function goalUpdated(runtime: ThreadRuntime, goal: ThreadGoal): Draft {
  const turnId = openTurn(runtime.current)?.id ?? null;
  return { method: "thread/goal/updated", params: { threadId: runtime.host.threadId, turnId, goal } };
}

/** Who asks for the list next sees the thread: a goal may be the first that is said in it. */
async function told(runtime: ThreadRuntime, draft: Draft): Promise<void> {
  runtime.commit([draft]);
  await runtime.outbox.flush();
  runtime.schedule();
}

function requireGoals({ current }: ThreadRuntime): void {
  if (current.info.ephemeral) throw new Refusal(refusals.goalsNeedDurableThread(current.info.id));
}

function requireObjective(objective: string): void {
  if (objective === "") throw new Refusal(refusals.goalObjectiveEmpty());
  // As the real server counts: characters, not UTF-16 units.
  if (Array.from(objective).length > limits.goalObjectiveCharactersMax)
    throw new Refusal(refusals.goalObjectiveTooLong(limits.goalObjectiveCharactersMax));
}
