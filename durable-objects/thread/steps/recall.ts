/** Before a turn asks its model for the first time: what earlier turns learnt that may help. Nothing here can hold or fail a turn. */
import { memoryLimits } from "#core/limits";
import { globalAccount } from "#core/memory/fragment";
import { indexOf, isOff, newMeanOf, type Recalled, recall, repositoryOf, scopesOf } from "#core/memory/recall";
import { openTurn, type Thread } from "#core/thread";
import type { MemoryUsed } from "#protocol/memory-use";
import { textOf } from "#protocol/user-input";
import type { ThreadRuntime } from "#thread/runtime";

/**
 * One read of KV and a throw of dice, then a frame that says what came of it. Where the memory has published nothing yet, or cannot be read in time, the
 * turn goes without and belongs to no arm: it says nothing about turns without memory, because nobody chose that.
 */
export async function recallNotes(runtime: ThreadRuntime, signal: AbortSignal): Promise<void> {
  const { current, host } = runtime;
  const turn = openTurn(current);
  if (!turn || !asksMemory(current) || !runtime.flags.current.memory) return;
  const message = turn.items.find((item) => item.type === "userMessage");
  if (message?.type !== "userMessage") return;
  const request = textOf(message.content);
  const recalled = await ask(runtime, request);
  if (!recalled || signal.aborted) return;
  const { use, shown, metaprompt } = recalled;
  const notes = shown.map(({ fragment }) => fragment);
  // Which has to be told of as well: it is in front of the model.
  const fragments = (metaprompt ? [...notes, metaprompt] : notes).flatMap(
    ({ id, version, kind, state }): MemoryUsed["fragments"] =>
      state === "quarantined" || state === "tombstone" ? [] : [{ id, version, kind, state }],
  );
  const beforeSeq = runtime.log.startOfItem(message.id);
  const event = { type: "memoryUsed", turnId: turn.id, beforeSeq, use, uplifts: shown.map(({ uplift }) => uplift) } as const;
  runtime.commit(
    [
      {
        method: "spindle/memory/used",
        params: { threadId: host.threadId, turnId: turn.id, arm: use.arm, fragments },
        private: { event },
      },
    ],
    () => runtime.notes.keep(turn.id, notes, metaprompt),
  );
}

/** Whether what happens in the thread may come from the memory, and go there: not where a person said no, and not where nothing is to stay. */
export function remembers({ memoryMode, info, deleted }: Thread): boolean {
  return memoryMode !== "disabled" && !info.ephemeral && !deleted;
}

/** Once a turn, before its first answer. A review, and a client that only wants an answer of some shape, work alone. */
function asksMemory(thread: Thread): boolean {
  const { work } = thread;
  if (!work || !remembers(thread) || work.isReview || (work.outputSchema ?? null) !== null) return false;
  return work.notes === undefined && work.steps === 0 && work.failedAttempts === 0 && !work.responding;
}

async function ask(runtime: ThreadRuntime, request: string): Promise<Recalled | null> {
  const { current, host, memory, workspace } = runtime;
  const deadlineMs = host.now() + memoryLimits.readMsMax;
  const repository = repositoryOf(current.info.gitInfo?.originUrl);
  const { threadId } = host;
  const scopes = scopesOf({ threadId, repository });
  try {
    const own = await memory.read(host.account, scopes.own, deadlineMs);
    if (!own) return null;
    runtime.standing = own.manifest.standing;
    if (isOff(own.manifest.standing, repository)) return null;
    const { standing } = own.manifest;
    const isShared = scopes.shared.some((scope) => !standing.offScopes.includes(scope));
    const shared = isShared ? await memory.read(globalAccount, scopes.shared, deadlineMs) : null;
    const snapshots = shared ? [own, shared] : [own];
    const index = indexOf({ snapshots, own: memory.ownSince(own), forgotten: memory.forgotten }, standing);
    const paths = workspace.somePaths(memoryLimits.clusterPathsMax);
    const asking = { threadId, repository, request, paths, kept: current.memoryArm ?? null };
    return recall(asking, standing, index, newMeanOf(own), host.random);
  } catch (error) {
    host.report("memoryUnreadable", { error: String(error) });
    return null;
  }
}
