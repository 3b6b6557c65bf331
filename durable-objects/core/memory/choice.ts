/** Which fragments a turn is given: a Thompson throw at half width for each candidate, near-duplicates pushed apart, two at most. */
import { memoryLimits } from "#core/limits";
import { relevanceWeight, upliftOf } from "#core/memory/credit";
import { type Fragment, isServable } from "#core/memory/fragment";
import { type Dice, normalDraw } from "#core/memory/normal";
import type { Candidate } from "#core/memory/retrieval";
import { similarity } from "#core/memory/terms";

/** A fragment in a turn. `weight` is its relevance weight then, in (0, 1]. */
export interface Use {
  id: string;
  weight: number;
}

/** `dropped` were chosen and left out by the dice, so that shown and dropped can be compared without bias. */
export interface Choice {
  shown: Use[];
  dropped: Use[];
}

/** Half the width of Thompson sampling (Russo et al. 2018): the full width explores too much, none locks in early mistakes. Measured, ours. */
const width = 0.5;
/** Uplift that a place in the model's input has to be worth. Ours. */
const uplift = 0.02;
/** Weight of likeness to what was picked already. Maximal marginal relevance: Carbonell and Goldstein 1998; the number is ours. */
const likeness = 0.3;
/** Share of chosen fragments that the dice drop. */
const droppedShare = 0.1;
/** After this many turns a fragment with a negative mean is not shown, whatever the dice say. */
const usesBeforeGate = 40;

/** `newMean` is `priorMean` of the snapshot. Throws the dice twice for each candidate, and once for each that is chosen. */
export function choose(candidates: readonly Candidate[], newMean: number, dice: Dice): Choice {
  const choice: Choice = { shown: [], dropped: [] };
  for (const use of pick(candidates, newMean, dice)) (dice() < droppedShare ? choice.dropped : choice.shown).push(use);
  return choice;
}

/** How likely each candidate was to be picked, by throwing again; logged with the turn, so that other policies can be judged on its outcome. */
export function propensities(candidates: readonly Candidate[], newMean: number, dice: Dice, redraws = 64): Map<string, number> {
  const counts = new Map(candidates.map(({ fragment }) => [fragment.id, 0]));
  for (let redraw = 0; redraw < redraws; redraw++) {
    for (const { id } of pick(candidates, newMean, dice)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return new Map(Array.from(counts, ([id, count]) => [id, (count / redraws) * (1 - droppedShare)]));
}

/** What a fragment's text takes of the model's input: four characters a token, a rule of thumb for English and code. */
export function tokensOf({ title, when, content }: Fragment): number {
  return Math.ceil((title.length + when.length + content.length) / 4);
}

function pick(candidates: readonly Candidate[], newMean: number, dice: Dice): Use[] {
  const open = candidates.flatMap(({ fragment, relevance, terms }) => {
    const weight = relevanceWeight(relevance);
    if (weight === 0 || !isServable(fragment)) return [];
    const { mean, deviation } = upliftOf(fragment.statistics, newMean);
    const thrown = mean + width * deviation * normalDraw(dice);
    if (fragment.statistics.shown >= usesBeforeGate && mean < 0) return [];
    return [{ fragment, terms, weight, score: weight * thrown, push: likeness * weight * Math.abs(mean) }];
  });
  const picked: typeof open = [];
  let tokensLeft: number = memoryLimits.tokensShownMax;
  while (picked.length < memoryLimits.fragmentsShownMax) {
    let best: { place: number; score: number } | null = null;
    for (const [place, { fragment, terms, weight, score, push }] of open.entries()) {
      if (tokensOf(fragment) > tokensLeft) continue;
      const nearest = picked.reduce((most, other) => Math.max(most, similarity(terms, other.terms)), 0);
      const worth = score - push * nearest;
      if (worth > uplift * weight && worth > (best?.score ?? 0)) best = { place, score: worth };
    }
    if (!best) break;
    for (const taken of open.splice(best.place, 1)) {
      picked.push(taken);
      tokensLeft -= tokensOf(taken.fragment);
    }
  }
  return picked.map(({ fragment, weight }) => ({ id: fragment.id, weight }));
}
