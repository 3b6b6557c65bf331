/** Who plays in the memory's world: no memory, two usual ways to have one, and the shipped core. */
import { noBaselines } from "#core/memory/baseline";
import { type Choice, choose } from "#core/memory/choice";
import { noPrior, priorMean } from "#core/memory/credit";
import { type Fragment, noStatistics } from "#core/memory/fragment";
import { type Arm, armOf, holdOutShare } from "#core/memory/hold-out";
import { type Knowledge, learn } from "#core/memory/learn";
import { Random } from "../simulation/random.ts";
import { type Contestant, fragmentsTotal, type Turn } from "./memory-world.ts";

export function noMemory(): Contestant {
  return { name: "no memory", give: () => [], hear: () => {} };
}

/** The two best matches, whatever came of them. */
export function relevanceOnly(): Contestant {
  return {
    name: "relevance only",
    give: ({ candidates }) =>
      matches(candidates)
        .slice(0, 2)
        .map(({ fragment }) => fragment),
    hear: () => {},
  };
}

/** Counts of good and bad ends as in ACE (arXiv 2510.04618): the best share goes first, and who failed as often as it helped is left out. */
export function rawCounters(): Contestant {
  const counts = Array.from({ length: fragmentsTotal }, () => ({ helpful: 0, harmful: 0 }));
  let given: number[] = [];
  const countOf = (fragment: number) => counts[fragment] ?? { helpful: 0, harmful: 0 };
  return {
    name: "raw counters",
    give({ candidates }) {
      given = matches(candidates)
        .map(({ fragment, relevance }) => ({ fragment, relevance, ...countOf(fragment) }))
        .filter(({ helpful, harmful }) => helpful + harmful < 5 || helpful > harmful)
        .map(({ fragment, relevance, helpful, harmful }) => ({
          fragment,
          score: (relevance * (helpful + 1)) / (helpful + harmful + 2),
        }))
        .sort((one, other) => other.score - one.score)
        .slice(0, 2)
        .map(({ fragment }) => fragment);
      return given;
    },
    hear(y) {
      for (const fragment of given) if (y !== null) countOf(fragment)[y > 0.5 ? "helpful" : "harmful"] += 1;
    },
  };
}

export interface ShippedOptions {
  seed: number;
  /** Turns between two publications: readers choose by the last one, outcomes go into the truth. */
  publishEvery?: number;
  /** Share of threads held out; without one, the shipped schedule. */
  share?: number;
  /** Without: alarms of single fragments are switched off. */
  isWatched?: boolean;
}

/** The shipped core: choice, hold-out, credit, lifecycle and alarms are those of `core/memory`. */
export function shipped({ seed, publishEvery = 60, share, isWatched = true }: ShippedOptions): Contestant {
  const random = new Random(seed);
  const dice = () => random.next();
  const fragments = new Map<string, Fragment>();
  for (let place = 0; place < fragmentsTotal; place++) fragments.set(String(place), fresh(place));
  const words = Array.from({ length: fragmentsTotal }, (_, place) => new Set([`word${place}`]));
  let knowledge: Knowledge = { prior: noPrior, baselines: noBaselines };
  let published = { fragments: new Map(fragments), newMean: priorMean(knowledge.prior) };
  let used: (Choice & { cluster: string; arm: Arm }) | null = null;
  let turns = 0;
  let outcomes = 0;
  let arm: { thread: number; arm: Arm } | null = null;
  return {
    name: "shipped",
    give(turn) {
      if (arm?.thread !== turn.thread) {
        const thread = { threadId: `thread-${seed}-${turn.thread}`, scopeKey: "account", epoch: 0 };
        arm = { thread: turn.thread, arm: armOf(thread, share ?? holdOutShare(outcomes)) };
      }
      const candidates = turn.candidates.flatMap(({ fragment: place, relevance }) => {
        const fragment = published.fragments.get(String(place));
        return fragment ? [{ fragment, relevance, terms: words[place] ?? new Set<string>() }] : [];
      });
      const choice: Choice = arm.arm === "none" ? { shown: [], dropped: [] } : choose(candidates, published.newMean, dice);
      used = { ...choice, cluster: `cluster/${turn.cluster}`, arm: arm.arm };
      return arm.arm === "none" ? null : choice.shown.map(({ id }) => Number(id));
    },
    hear(y) {
      turns += 1;
      if (y !== null && used) {
        outcomes += 1;
        const learnt = learn(fragments, knowledge, used, { y, weight: 1 }, turns);
        for (const fragment of learnt.fragments) fragments.set(fragment.id, isWatched ? fragment : unwatched(fragment));
        knowledge = { prior: learnt.prior, baselines: learnt.baselines };
      }
      if (turns % publishEvery === 0) published = { fragments: new Map(fragments), newMean: priorMean(knowledge.prior) };
    },
  };
}

function matches(candidates: Turn["candidates"]): Turn["candidates"] {
  return candidates.filter(({ relevance }) => relevance >= 0.5);
}

function unwatched(fragment: Fragment): Fragment {
  return { ...fragment, statistics: { ...fragment.statistics, cusum: 0 } };
}

function fresh(place: number): Fragment {
  return {
    id: String(place),
    version: 1,
    account: "simulated",
    scope: { type: "account" },
    kind: "strategy",
    title: `fragment ${place}`,
    when: "always",
    content: "content",
    keys: [],
    trust: "agent",
    provenance: [],
    state: "candidate",
    stateSince: 0,
    createdAt: 0,
    lastUsedAt: 0,
    statistics: noStatistics,
    rating: null,
    lineage: { operation: "add", parents: [] },
  };
}
