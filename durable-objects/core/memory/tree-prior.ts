/** What the memory may whisper to a turn's decision tree: a bounded nudge to what is believed, and an order of what is tried first. */
import { coverage, termsOf } from "#core/memory/terms";

/** A shown fragment that speaks about something: its relevance weight, and the mean of its uplift. */
export interface Voice {
  weight: number;
  uplift: number;
}

/** Log-odds that all notes together may move an assumption: from an even coin to two in three at most. Ours. */
const shiftMax = 0.7;
/** A probability's slope at one half: there, an uplift of one point moves the log-odds by four. */
const logOddsPerUplift = 4;
/** How strongly the prior pulls while an action was little tried; PUCT of AlphaZero (Silver et al. 2017), the number ours. */
const exploration = 0.5;

/** To be added to an assumption's prior log-odds; negative where the fragments that cite it have done harm. */
export function logOddsShift(voices: readonly Voice[]): number {
  const shift = voices.reduce((sum, { weight, uplift }) => sum + logOddsPerUplift * weight * uplift, 0);
  return Math.min(shiftMax, Math.max(-shiftMax, shift));
}

/** Prior of each action, P(a) ∝ exp(Σ uplift) over the voices for it; they sum to 1. */
export function actionPriors(voicesByAction: readonly (readonly Voice[])[]): number[] {
  const exponents = voicesByAction.map((voices) =>
    Math.exp(voices.reduce((sum, { weight, uplift }) => sum + weight * uplift, 0)),
  );
  const total = exponents.reduce((sum, exponent) => sum + exponent, 0);
  return exponents.map((exponent) => exponent / total);
}

/** By this value, largest first, actions are expanded. `visits` are those of the action, `allVisits` those of all together. */
export function expansionOrder(utility: number, prior: number, visits: number, allVisits: number): number {
  return utility + (exploration * prior * Math.sqrt(allVisits)) / (1 + visits);
}

/** A note of the turn, with all its words. */
export interface CitedNote extends Voice {
  isPitfall: boolean;
  words: ReadonlySet<string>;
}

/** Share of an assumption's or action's words that a note has to hold to speak about it, and how few are too few to tell. Ours. */
const citedShare = 0.75;
const citedTermsMin = 3;

/** The notes that speak about a text. A pitfall warns of what it cites, and so speaks against it. */
export function voicesAbout(text: string, notes: readonly CitedNote[]): Voice[] {
  const terms = new Set(termsOf(text));
  if (terms.size < citedTermsMin) return [];
  return notes
    .filter(({ words }) => coverage(terms, words) >= citedShare)
    .map(({ weight, uplift, isPitfall }) => ({ weight, uplift: isPitfall ? -uplift : uplift }));
}
