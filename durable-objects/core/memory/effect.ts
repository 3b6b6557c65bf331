/** What one turn's outcome added, so that it can be taken back when more is known of the turn. */
import type { Fragment, Statistics } from "#core/memory/fragment";
import type { Knowledge } from "#core/memory/learn";

/** Differences, after less before. Sums of a fragment count for the version that earned them. */
export interface Effect {
  knowledge: Knowledge;
  fragments: { id: string; version: number; statistics: Statistics }[];
}

export interface Learnt extends Knowledge {
  fragments: readonly Fragment[];
}

export function effectOf(before: ReadonlyMap<string, Fragment>, known: Knowledge, learnt: Learnt): Effect {
  return {
    knowledge: {
      prior: {
        credit: learnt.prior.credit - known.prior.credit,
        weight: learnt.prior.weight - known.prior.weight,
      },
      baselines: {
        all: less(learnt.baselines.all, known.baselines.all),
        byCluster: sumsLess(learnt.baselines.byCluster, known.baselines.byCluster),
      },
    },
    fragments: learnt.fragments.flatMap(({ id, version, statistics }) => {
      const old = before.get(id)?.statistics;
      return old ? [{ id, version, statistics: statisticsLess(statistics, old) }] : [];
    }),
  };
}

/**
 * As if the outcome had never been learnt from, as far as sums go: states, alarms and what later turns concluded stay. A fragment that was
 * changed since keeps its sums, of which only half are left anyway; one that is gone is passed over.
 */
export function takenBack(fragments: ReadonlyMap<string, Fragment>, known: Knowledge, effect: Effect): Learnt {
  const { prior, baselines } = effect.knowledge;
  return {
    prior: { credit: known.prior.credit - prior.credit, weight: notBelowZero(known.prior.weight - prior.weight) },
    baselines: {
      all: less(known.baselines.all, baselines.all),
      byCluster: { ...known.baselines.byCluster, ...sumsWithout(known.baselines.byCluster, baselines.byCluster) },
    },
    fragments: effect.fragments.flatMap(({ id, version, statistics }) => {
      const now = fragments.get(id);
      if (!now || now.version !== version || now.state === "tombstone") return [];
      return [{ ...now, statistics: { ...statisticsLess(now.statistics, statistics), cusum: now.statistics.cusum } }];
    }),
  };
}

function statisticsLess(one: Statistics, other: Statistics): Statistics {
  const byCluster = Object.entries(one.byCluster).flatMap(([cluster, own]) => {
    const old = other.byCluster[cluster] ?? { weight: 0, credit: 0 };
    const rest = { weight: own.weight - old.weight, credit: own.credit - old.credit };
    return rest.weight === 0 && rest.credit === 0 ? [] : [[cluster, rest] as const];
  });
  return {
    weight: notBelowZero(one.weight - other.weight),
    credit: one.credit - other.credit,
    byCluster: Object.fromEntries(byCluster),
    shown: one.shown - other.shown,
    shownSum: one.shownSum - other.shownSum,
    dropped: one.dropped - other.dropped,
    droppedSum: one.droppedSum - other.droppedSum,
    cusum: 0,
  };
}

type Sum = { sum: number; weight: number };

function less(one: Sum, other: Sum | undefined): Sum {
  return { sum: one.sum - (other?.sum ?? 0), weight: one.weight - (other?.weight ?? 0) };
}

/** Of the clusters that differ. */
function sumsLess(one: Readonly<Record<string, Sum>>, other: Readonly<Record<string, Sum>>): Record<string, Sum> {
  const changed = Object.entries(one).filter(([cluster, own]) => other[cluster] !== own);
  return Object.fromEntries(changed.map(([cluster, own]) => [cluster, less(own, other[cluster])]));
}

function sumsWithout(one: Readonly<Record<string, Sum>>, without: Readonly<Record<string, Sum>>): Record<string, Sum> {
  return Object.fromEntries(
    Object.entries(without).map(([cluster, gone]) => [cluster, less(one[cluster] ?? { sum: 0, weight: 0 }, gone)]),
  );
}

/** An alarm takes nine tenths of a record's weight away: what earlier turns gave is then no longer all there to be taken. */
function notBelowZero(weight: number): number {
  return Math.max(0, weight);
}
