/** A review: a turn in which the agent looks at what changed, or at what the person points to, and says what it thinks of it. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { FileChange } from "#core/private";
import { cutMiddle } from "#core/prompt";
import { openTurn } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { Turn } from "#protocol/turn";
import type { UserInput } from "#protocol/user-input";
import type { ThreadRuntime } from "#thread/runtime";
import { begun, requireInput, turnStarted, userMessage } from "#thread/turn-begin";
import { isSameVersion } from "#workspace/change";
import { WorkspaceError } from "#workspace/error";
import { propose } from "#workspace/proposal";

type Target = Params<"review/start">["target"];

/** The turn begins in one transaction with the item that says so; the model gets the diff, the person sees in a few words what is reviewed. */
export function startReview(runtime: ThreadRuntime, { threadId, target }: Params<"review/start">): Result<"review/start"> {
  const review = hintOf(target);
  const content: UserInput[] = [{ type: "text", text: review, text_elements: [] }];
  requireInput(content);
  if (openTurn(runtime.current)) throw new Refusal(refusals.turnRuns("review/start"));
  const prompt = target.type === "custom" ? review : promptOf(runtime, target);
  const told = { type: "message", role: "user", content: [{ type: "input_text", text: prompt }] };
  const turnId = runtime.host.newId();
  const times = { startedAtMs: runtime.host.now(), completedAtMs: null };
  const entered = { type: "enteredReviewMode", id: runtime.host.newId(), review, ...times } as const;
  runtime.commit([
    ...turnStarted(runtime, turnId),
    runtime.itemStarted(turnId, entered),
    runtime.itemCompleted(turnId, { ...entered, completedAtMs: times.startedAtMs }, { event: { type: "reviewStarted" } }),
    ...userMessage(runtime, turnId, { input: content, told }),
  ]);
  void runtime.drive();
  // As the real server answers it: with the message, under the turn's own id.
  const message = { type: "userMessage", id: turnId, clientId: null, content, startedAtMs: null, completedAtMs: null } as const;
  return { turn: { ...begun(turnId), rootTurnId: null, items: [message] }, reviewThreadId: threadId };
}

/** The frames that end the review of a turn that ends: its last message is the review. None where the turn is no review. */
export function exitedReview(runtime: ThreadRuntime, turn: Turn, status: "completed" | "interrupted" | "failed"): Draft[] {
  if (!runtime.current.work?.isReview) return [];
  const message = turn.items.findLast((item) => item.type === "agentMessage");
  const review =
    status === "interrupted"
      ? "Review was interrupted. Please re-run /review and wait for it to complete."
      : (status === "completed" && message?.text) || "Reviewer failed to output a response.";
  const startedAtMs = runtime.host.now();
  const item = { type: "exitedReviewMode", id: runtime.host.newId(), review, startedAtMs, completedAtMs: null } as const;
  return [runtime.itemStarted(turn.id, item), runtime.itemCompleted(turn.id, { ...item, completedAtMs: startedAtMs })];
}

/** In the words of Codex's own clients. */
function hintOf(target: Target): string {
  switch (target.type) {
    case "uncommittedChanges":
      return "current changes";
    case "baseBranch":
      return `changes against '${required(target.branch, "branch")}'`;
    case "commit": {
      const sha = required(target.sha, "sha").slice(0, 7);
      return target.title ? `commit ${sha}: ${target.title}` : `commit ${sha}`;
    }
    case "custom":
      return required(target.instructions, "instructions");
    default:
      return target satisfies never;
  }
}

function required(text: string, name: string): string {
  if (text.trim() === "") throw new Refusal(refusals.invalidRequest(`${name} must not be empty`));
  return text.trim();
}

/** A workspace has no branches and no commits: whatever of them was named, what there is to review is what this thread changed. */
function promptOf(runtime: ThreadRuntime, target: Exclude<Target, { type: "custom" }>): string {
  const changes = changesSoFar(runtime);
  const parts = [
    "Review the changes that were made in this thread. Look for bugs that their author would fix if they knew of them: name the file " +
      "and line, say what goes wrong and when, and order what you find by how much it matters. Say so plainly if there is nothing. " +
      "Read what surrounds a change before you judge it; change nothing.",
    target.type === "uncommittedChanges"
      ? ""
      : `Asked for was ${hintOf(target)}. The workspace keeps no git history: these are all changes of this thread.`,
    changes.length === 0 ? "Nothing has been changed in this thread." : `\`\`\`diff\n${diffOf(runtime, changes)}\`\`\``,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Every path that something of this thread landed on: as it was before the first time, and as it is now. */
function changesSoFar({ log, workspace }: ThreadRuntime): FileChange[] {
  const before = new Map<string, FileChange["before"]>();
  for (const change of log.landedChanges()) if (!before.has(change.path)) before.set(change.path, change.before);
  return Array.from(before, ([path, version]) => ({ path, before: version, after: workspace.version(path) })).filter(
    (change) => !isSameVersion(change.before, change.after),
  );
}

function diffOf({ workspace, current }: ThreadRuntime, changes: FileChange[]): string {
  try {
    const { diff } = propose(workspace, changes, current.info.cwd, { diffBytesMax: limits.turnDiffBytesMax });
    return cutMiddle(diff, limits.reviewDiffCharactersMax);
  } catch (error) {
    // More than anybody reads at once: the agent looks at the files itself.
    if (!(error instanceof WorkspaceError)) throw error;
    return cutMiddle(changes.map(({ path }) => `changed: ${path}\n`).join(""), limits.reviewDiffCharactersMax);
  }
}
