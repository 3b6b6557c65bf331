/** One thing that was learnt: short, with where it came from, how it did, and what it was made of. */

/** `metaprompt` is a wording of instructions; it is compared with its rivals and never shown as a note. */
export type FragmentKind = "strategy" | "pitfall" | "workflow" | "fact" | "metaprompt";

/**
 * `candidate` is new, `probation` has done well a few times, `active` often. `quarantined` did harm and is not shown; `tombstone` is
 * there only so that lineage has no holes, and leaves after `memoryLimits.retentionMs`.
 */
export type FragmentState = "candidate" | "probation" | "active" | "quarantined" | "tombstone";

/** Who said it, from the most to the least trusted: a person, the agent, or text that a tool or a repository brought in. */
export type Trust = "user" | "agent" | "toolText";

/** Who may be given a fragment. All are within one account except `global`. */
export type Scope =
  | { type: "thread"; threadId: string }
  | { type: "repository"; repository: string }
  | { type: "account" }
  | { type: "global" };

/** A turn that a fragment came from, and what spoke for it. */
export interface Provenance {
  threadId: string;
  turnId: string;
  evidence: "tests" | "user" | "judge";
}

/** Owns what everybody may be given. No account of a person is called so: theirs are percent-encoded, and hold no `@`. */
export const globalAccount = "@global";

/** What somebody proposes to remember. Shape of title, when and content: ReasoningBank, arXiv 2509.25140. */
export interface Draft {
  kind: FragmentKind;
  title: string;
  /** The situation in which it applies. */
  when: string;
  content: string;
  /** Exact handles such as `language:typescript`, `error:TypeError`, `tool:npm test`. */
  keys: string[];
  trust: Trust;
  provenance: Provenance[];
}

/** How a fragment did. `weight` is the sum of squared relevance weights, `credit` the weighted advantage over the cluster's baseline. */
export interface Statistics {
  weight: number;
  credit: number;
  byCluster: Record<string, { weight: number; credit: number }>;
  /** Outcomes of turns that it was shown in, and of turns that it was chosen for and dropped from by the dice; with their sums. */
  shown: number;
  shownSum: number;
  dropped: number;
  droppedSum: number;
  /** How far it has lately fallen behind its own estimate; see `cusum.ts`. */
  cusum: number;
}

/** Strength among rival wordings, as a normal distribution; see `rating.ts`. */
export interface Rating {
  mean: number;
  variance: number;
  games: number;
}

/** Versions of fragments that this one was made of. A modified fragment keeps its id and names its own earlier version. */
export interface Lineage {
  operation: "add" | "modify" | "merge";
  parents: { id: string; version: number }[];
}

export interface Fragment extends Draft {
  id: string;
  version: number;
  account: string;
  scope: Scope;
  state: FragmentState;
  /** Unix ms. */
  stateSince: number;
  createdAt: number;
  lastUsedAt: number;
  statistics: Statistics;
  /** Null until it has met a rival. */
  rating: Rating | null;
  lineage: Lineage;
}

export const noStatistics: Statistics = {
  weight: 0,
  credit: 0,
  byCluster: {},
  shown: 0,
  shownSum: 0,
  dropped: 0,
  droppedSum: 0,
  cusum: 0,
};

/** The scope as one word, for keys of storage and for comparing. */
export function scopeKey(scope: Scope): string {
  switch (scope.type) {
    case "thread":
      return `thread/${scope.threadId}`;
    case "repository":
      return `repository/${scope.repository}`;
    case "account":
    case "global":
      return scope.type;
    default:
      return scope satisfies never;
  }
}

/** The scope that `scopeKey` gave this word for; null for any other. */
export function scopeOf(key: string): Scope | null {
  if (key === "account" || key === "global") return { type: key };
  const [, type, name] = /^(thread|repository)\/(.+)$/s.exec(key) ?? [];
  if (!name) return null;
  return type === "thread" ? { type, threadId: name } : { type: "repository", repository: name };
}

/** True where it may be shown to a turn at all: quarantine and death silence it, and a meta-prompt is not a note. */
export function isServable({ kind, state }: Fragment): boolean {
  return kind !== "metaprompt" && state !== "quarantined" && state !== "tombstone";
}

/** The less trusted of the two, because what was made of both is worth no more. */
export function leastTrusted(one: Trust, other: Trust): Trust {
  const order: readonly Trust[] = ["user", "agent", "toolText"];
  return order.indexOf(one) > order.indexOf(other) ? one : other;
}
