/** The account's empirical memory as a person sees it. Spindle's own, but for Codex's two. A scope is written `account`, `global`, `repository/<name>` or `thread/<id>`. */
import * as z from "zod";
import { empty, method, page, struct } from "./method.ts";

const fragmentId = z.string().max(64);
const scope = z.string().max(512).nullish();
const state = z.enum(["candidate", "probation", "active", "quarantined", "tombstone"]);
const words = { title: z.string().max(500), when: z.string().max(1_000), content: z.string().max(4_000) };

const fragment = z.object({
  id: z.string(),
  version: z.number(),
  scope: z.string(),
  kind: z.enum(["strategy", "pitfall", "workflow", "fact", "metaprompt"]),
  state,
  title: z.string(),
  when: z.string(),
  content: z.string(),
  keys: z.array(z.string()),
  trust: z.enum(["user", "agent", "toolText"]),
  createdAtMs: z.number(),
  stateSinceMs: z.number(),
  lastUsedAtMs: z.number(),
  rating: z.object({ mean: z.number(), variance: z.number(), games: z.number() }).nullable(),
  lineage: z.object({
    operation: z.enum(["add", "modify", "merge"]),
    parents: z.array(z.object({ id: z.string(), version: z.number() })),
  }),
  provenance: z.array(z.object({ threadId: z.string(), turnId: z.string(), evidence: z.enum(["tests", "user", "judge"]) })),
});
export type WireFragment = z.infer<typeof fragment>;

const run = z.object({
  id: z.string(),
  atMs: z.number(),
  scope: z.string(),
  by: z.enum(["routine", "model", "promotion", "person", "trial"]),
  summary: z.string(),
  canBeUndone: z.boolean(),
  undoneAtMs: z.number().nullable(),
});

const outcomes = z.object({ turns: z.number(), mean: z.number().nullable() });

export const memoryMethods = {
  "memory/status": method({
    doc: "How many threads the account's memory has learnt from, and whether they are at least `minConsolidatedThreads` (one unless said).",
    scope: "memory",
    experimental: true,
    params: struct("MemoryStatusParams", { minConsolidatedThreads: z.int().min(0).nullish() }),
    result: z.object({ v2ConsolidatedThreads: z.int(), v2Ready: z.boolean() }),
  }),

  "memory/reset": method({
    doc: "Forgets everything that the account's memory holds: fragments, runs, statistics. What was published leaves KV at once. Settings stay.",
    scope: "memory",
    experimental: true,
    params: z.unknown().optional(),
    result: empty,
  }),

  "spindle/memory/list": method({
    doc: "The account's fragments in the order in which they were made, in one scope or state if it is given.",
    scope: "memory",
    params: struct("MemoryListParams", { scope, state: state.nullish(), ...page }),
    result: z.object({ data: z.array(fragment), nextCursor: z.string().nullable() }),
  }),

  "spindle/memory/search": method({
    doc: "Fragments of the account, and of the repository if one is given, that fit the words: as a turn would find them, the best first. `relevance` is in (0, 1].",
    scope: "memory",
    params: struct("MemorySearchParams", { query: z.string().max(4_000), repository: z.string().max(500).nullish() }),
    result: z.object({ data: z.array(z.object({ fragment, relevance: z.number() })) }),
  }),

  "spindle/memory/read": method({
    doc: "A fragment with its evidence: the estimate of how much better turns go with it, the mean outcome of turns that it was shown in and of those that the dice dropped it from, and the runs that changed it.",
    scope: "memory",
    errors: ["fragmentNotFound"],
    params: struct("MemoryReadParams", { fragmentId }),
    result: z.object({
      fragment,
      evidence: z.object({
        uplift: z.object({ mean: z.number(), deviation: z.number(), helpsProbability: z.number() }),
        shown: outcomes,
        dropped: outcomes,
        byCluster: z.record(z.string(), z.object({ weight: z.number(), credit: z.number() })),
        runs: z.array(run),
      }),
    }),
  }),

  "spindle/memory/edit": method({
    doc: "A person's own wording of a fragment: from then on only people change it. What is left out stays. It keeps half of its record. Refused over a bound of title (80), when (160), content (600) or keys.",
    scope: "memory",
    errors: ["fragmentNotFound"],
    params: struct("MemoryEditParams", {
      fragmentId,
      title: words.title.nullish(),
      when: words.when.nullish(),
      content: words.content.nullish(),
      keys: z.array(z.string().max(200)).max(64).nullish(),
    }),
    result: z.object({ fragment }),
  }),

  "spindle/memory/forget": method({
    doc: "Forgets a fragment for good, with all that was made of it and what could bring it back. It is gone from the store at once, from what is published within half a minute. Its turns teach nothing more.",
    scope: "memory",
    errors: ["fragmentNotFound"],
    params: struct("MemoryForgetParams", { fragmentId }),
    result: z.object({ forgottenIds: z.array(z.string()) }),
  }),

  "spindle/memory/export": method({
    doc: "Every fragment of the account as it is stored, page by page.",
    scope: "memory",
    params: struct("MemoryExportParams", page),
    result: z.object({ data: z.array(z.unknown()), nextCursor: z.string().nullable() }),
  }),

  "spindle/memory/setEnabled": method({
    doc: "Switches the account's memory, or one scope of it, off or on: what is off is not given to turns and learns nothing. A scope that was switched off because it did harm begins a new trial.",
    scope: "memory",
    params: struct("MemorySetEnabledParams", { enabled: z.boolean(), scope }),
    result: empty,
  }),

  "spindle/memory/setSharing": method({
    doc: "Whether the account takes part in the memory of all accounts; it does not unless somebody says so. What three accounts learnt alike is told to all that take part, without a name of a thread; text of tools never. Switched off, everything that the account offered is retracted.",
    scope: "memory",
    params: struct("MemorySetSharingParams", { enabled: z.boolean() }),
    result: empty,
  }),

  "spindle/memory/health": method({
    doc: "How the memory of a scope (the account unless said) does: shares in [0, 1], the difference that memory makes with an interval that holds whenever one looks, and a sentence for a person that claims no more than the test decided.",
    scope: "memory",
    params: struct("MemoryHealthParams", { scope }),
    result: z.object({
      scope: z.string(),
      isOn: z.boolean(),
      isSharing: z.boolean(),
      outcomes: z.number(),
      servedShare: z.number().nullable(),
      harmfulShare: z.number().nullable(),
      duplicateShare: z.number().nullable(),
      difference: z.object({ mean: z.number(), low: z.number(), high: z.number() }).nullable(),
      verdict: z.enum(["helps", "harms", "noMeasurableEffect", "undecided"]),
      snapshotAgeMs: z.number().nullable(),
      optimizedAt: z.number().nullable(),
      sentence: z.string(),
    }),
  }),

  "spindle/memory/run/list": method({
    doc: "What the optimizer and people did to the fragments, the newest first. Kept for 30 days.",
    scope: "memory",
    params: struct("MemoryRunListParams", page),
    result: z.object({ data: z.array(run), nextCursor: z.string().nullable() }),
  }),

  "spindle/memory/run/undo": method({
    doc: "Takes a run back: the fragments are byte for byte as they were before it, and what was credited since is lost. Refused when a later run built upon it, or something of it was forgotten.",
    scope: "memory",
    errors: ["memoryRunNotFound"],
    params: struct("MemoryRunUndoParams", { runId: z.string().max(64) }),
    result: z.object({ restoredIds: z.array(z.string()) }),
  }),

  "spindle/memory/metaprompt/list": method({
    doc: "Wordings of instructions that were proposed, with their ratings. `bestIds` are those of the approved ones that are each best at something.",
    scope: "memory",
    params: struct("MemoryMetapromptListParams", page),
    result: z.object({ data: z.array(fragment), bestIds: z.array(z.string()), nextCursor: z.string().nullable() }),
  }),

  "spindle/memory/metaprompt/propose": method({
    doc: "Proposes a wording. It is a candidate, and reaches no turn, until a person approves it.",
    scope: "memory",
    params: struct("MemoryMetapromptProposeParams", words),
    result: z.object({ fragment }),
  }),

  "spindle/memory/metaprompt/approve": method({
    doc: "Approves a wording. `spindle/memory/forget` declines it.",
    scope: "memory",
    errors: ["fragmentNotFound"],
    params: struct("MemoryMetapromptApproveParams", { fragmentId }),
    result: z.object({ fragment }),
  }),

  "spindle/memory/metaprompt/compare": method({
    doc: "A person read two wordings, the first first, and says which is better. Both are answered with their new ratings.",
    scope: "memory",
    errors: ["fragmentNotFound"],
    params: struct("MemoryMetapromptCompareParams", {
      firstFragmentId: fragmentId,
      secondFragmentId: fragmentId,
      better: z.enum(["first", "second", "neither"]),
    }),
    result: z.object({ data: z.array(fragment) }),
  }),
};
