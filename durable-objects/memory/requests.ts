/** What a client may ask of its account's memory. What it refuses is a value: an error would lose its shape between two objects. */
import { memoryLimits } from "#core/limits";
import { priorMean, probabilityAbove, upliftOf } from "#core/memory/credit";
import { type Fragment, scopeKey, scopeOf } from "#core/memory/fragment";
import { buildIndex, search } from "#core/memory/retrieval";
import type { Memory } from "#memory/memory";
import { Refusal, refusals, type WireError } from "#protocol/errors";
import type { WireFragment } from "#protocol/memory-methods";
import type { Params, Request, Result } from "#protocol/methods";

/** A result as JSON, because a text crosses between objects in one piece. */
export type MemoryReply = { resultText: string } | { refused: WireError };

const handlers = {
  "memory/status": (memory, { minConsolidatedThreads }) => {
    const threads = memory.countThreads();
    return { v2ConsolidatedThreads: threads, v2Ready: threads >= (minConsolidatedThreads ?? 1) };
  },
  "memory/reset": (memory) => {
    memory.reset();
    return {};
  },
  "spindle/memory/list": (memory, params) => list(memory, params),
  "spindle/memory/search": (memory, params) => find(memory, params),
  "spindle/memory/read": (memory, { fragmentId }) => read(memory, memory.require(fragmentId)),
  "spindle/memory/edit": (memory, { fragmentId, title, when, content, keys }) => ({
    fragment: wire(
      memory.edit(fragmentId, {
        ...(title != null && { title }),
        ...(when != null && { when }),
        ...(content != null && { content }),
        ...(keys != null && { keys }),
      }),
    ),
  }),
  "spindle/memory/forget": (memory, { fragmentId }) => ({ forgottenIds: memory.forget(fragmentId) }),
  "spindle/memory/export": (memory, { cursor, limit }) => {
    const { entries, nextCursor } = page(memory, { scope: null, state: null, kind: null }, cursor, limit);
    return { data: entries, nextCursor };
  },
  "spindle/memory/setEnabled": (memory, { enabled, scope }) => {
    memory.setEnabled(enabled, scope == null ? null : requireScope(scope));
    return {};
  },
  "spindle/memory/setSharing": (memory, { enabled }) => {
    memory.setSharing(enabled);
    return {};
  },
  "spindle/memory/health": (memory, { scope }) => {
    const key = scope == null ? "account" : requireScope(scope);
    const { isOn, offScopes, outcomes } = memory.standing();
    return {
      scope: key,
      isOn: isOn && !offScopes.includes(key),
      isSharing: memory.settings.get("isSharing"),
      outcomes,
      ...memory.health(key),
    };
  },
  "spindle/memory/run/list": (memory, { cursor, limit }) => {
    const entriesMax = entriesOf(limit);
    const found = memory.runs.page(cursor ?? null, entriesMax + 1);
    return {
      data: found.slice(0, entriesMax),
      nextCursor: found.length > entriesMax ? (found[entriesMax - 1]?.id ?? null) : null,
    };
  },
  "spindle/memory/run/undo": (memory, { runId }) => {
    const undone = memory.runs.undo(runId);
    if (!undone) throw new Refusal(refusals.memoryRunNotFound(runId));
    if ("refusal" in undone) throw new Refusal(refusals.invalidParams(`this run cannot be undone: ${undone.refusal}`));
    return { restoredIds: undone.ids };
  },
  "spindle/memory/metaprompt/list": (memory, { cursor, limit }) => {
    const { entries, nextCursor } = page(memory, { scope: "account", state: null, kind: "metaprompt" }, cursor, limit);
    return { data: entries.map(wire), bestIds: memory.metaprompts.best(), nextCursor };
  },
  "spindle/memory/metaprompt/propose": (memory, params) => ({ fragment: wire(memory.metaprompts.propose(params)) }),
  "spindle/memory/metaprompt/approve": (memory, { fragmentId }) => ({ fragment: wire(memory.metaprompts.approve(fragmentId)) }),
  "spindle/memory/metaprompt/compare": (memory, { firstFragmentId, secondFragmentId, better }) => {
    const y = better === "first" ? 1 : better === "second" ? 0 : 0.5;
    return { data: memory.metaprompts.compare(firstFragmentId, secondFragmentId, y).map(wire) };
  },
} as const satisfies { [Method in Request["method"]]?: (memory: Memory, params: Params<Method>) => Result<Method> };

/** What is refused changes nothing. */
export function answer(
  memory: Memory,
  { method, params }: Request,
  transaction: (closure: () => unknown) => unknown,
): MemoryReply {
  if (!Object.hasOwn(handlers, method)) return { refused: refusals.notSupported(method) };
  // The table pairs each method with a handler of its own params, which TypeScript cannot follow through the lookup.
  const handler = handlers[method as keyof typeof handlers] as (memory: Memory, params: unknown) => unknown;
  try {
    return { resultText: JSON.stringify(transaction(() => handler(memory, params))) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.wire };
    throw error;
  }
}

function list(memory: Memory, { scope, state, cursor, limit }: Params<"spindle/memory/list">): Result<"spindle/memory/list"> {
  const filter = { scope: scope == null ? null : requireScope(scope), state: state ?? null, kind: null };
  const { entries, nextCursor } = page(memory, filter, cursor, limit);
  return { data: entries.map(wire), nextCursor };
}

/** As a turn of that repository would find them, the best first; without the throw of the dice that chooses among them. */
function find(memory: Memory, { query, repository }: Params<"spindle/memory/search">): Result<"spindle/memory/search"> {
  const scopes = ["account", ...(repository == null ? [] : [`repository/${repository}`])];
  const fragments = scopes.flatMap((scope) => [...memory.fragments.ofScope(scope).values()]);
  const index = buildIndex(fragments.filter(({ state }) => state !== "tombstone"));
  const found = search(index, { text: query, keys: [] });
  return { data: found.map(({ fragment, relevance }) => ({ fragment: wire(fragment), relevance })) };
}

/** A fragment with what speaks for and against it. */
function read(memory: Memory, fragment: Fragment): Result<"spindle/memory/read"> {
  const { statistics } = fragment;
  const uplift = upliftOf(statistics, priorMean(memory.scopes.knowledge(scopeKey(fragment.scope)).prior));
  const meanOf = (sum: number, count: number) => (count > 0 ? sum / count : null);
  return {
    fragment: wire(fragment),
    evidence: {
      uplift: { mean: uplift.mean, deviation: uplift.deviation, helpsProbability: probabilityAbove(uplift, 0) },
      shown: { turns: statistics.shown, mean: meanOf(statistics.shownSum, statistics.shown) },
      dropped: { turns: statistics.dropped, mean: meanOf(statistics.droppedSum, statistics.dropped) },
      byCluster: statistics.byCluster,
      runs: memory.runs.ofFragment(fragment.id),
    },
  };
}

function page(
  memory: Memory,
  filter: { scope: string | null; state: string | null; kind: string | null },
  cursor: string | null | undefined,
  limit: number | null | undefined,
): { entries: Fragment[]; nextCursor: string | null } {
  const entriesMax = entriesOf(limit);
  const found = memory.fragments.page({ ...filter, after: cursor ?? "" }, entriesMax + 1);
  const entries = found.slice(0, entriesMax);
  return { entries, nextCursor: found.length > entriesMax ? (entries.at(-1)?.id ?? null) : null };
}

function entriesOf(limit: number | null | undefined): number {
  return Math.min(Math.max(limit ?? memoryLimits.pageEntriesUsual, 1), memoryLimits.pageEntriesMax);
}

function requireScope(key: string): string {
  if (!scopeOf(key)) throw new Refusal(refusals.invalidParams("a scope is account, global, repository/<name> or thread/<id>"));
  return key;
}

function wire(fragment: Fragment): WireFragment {
  const { id, version, kind, state, title, when, content, keys, trust, rating, lineage, provenance } = fragment;
  return {
    ...{
      id,
      version,
      scope: scopeKey(fragment.scope),
      kind,
      state,
      title,
      when,
      content,
      keys,
      trust,
      rating,
      lineage,
      provenance,
    },
    createdAtMs: fragment.createdAt,
    stateSinceMs: fragment.stateSince,
    lastUsedAtMs: fragment.lastUsedAt,
  };
}
