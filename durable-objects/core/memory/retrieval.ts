/** Finding the fragments that a turn may be about: BM25 over their words, with a push for keys that match exactly. No embedding, no await. */
import { memoryLimits } from "#core/limits";
import type { Fragment } from "#core/memory/fragment";
import { termsOf } from "#core/memory/terms";

/** What a turn is about. `keys` have the form of a fragment's keys, in lower case. */
export interface Query {
  text: string;
  keys: readonly string[];
}

/** A fragment that may fit. `relevance` is in (0, 1]; `terms` are all its words, for telling near-duplicates. */
export interface Candidate {
  fragment: Fragment;
  relevance: number;
  terms: ReadonlySet<string>;
}

export interface Index {
  fragments: readonly Fragment[];
  /** For each term: the positions of the fragments that have it, and what a match there is worth (inverse frequency included). */
  postings: ReadonlyMap<string, { positions: Uint32Array; scores: Float64Array }>;
  /** The score of a match in one word that no other fragment has; what full relevance needs at least. */
  uniqueTermScore: number;
}

/** Saturation and length normalisation of BM25: the usual values. Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009. */
const k1 = 1.2;
const b = 0.75;
/** An exact key counts as much as two words of the same rarity: it was chosen as a handle. Ours. */
const keyBoost = 2;

/** Built once for a snapshot; title, situation and keys are searched, because the content's words are too many to mean anything. */
export function buildIndex(fragments: readonly Fragment[]): Index {
  const documents = fragments.map((fragment) => [
    ...termsOf(`${fragment.title} ${fragment.when} ${fragment.keys.join(" ")}`),
    ...fragment.keys.map(keyTerm),
  ]);
  const lengthMean = documents.reduce((sum, terms) => sum + terms.length, 0) / Math.max(documents.length, 1) || 1;
  const frequencies = new Map<string, Map<number, number>>();
  documents.forEach((terms, position) => {
    for (const term of terms) {
      const places = frequencies.get(term) ?? new Map<number, number>();
      if (places.size === 0) frequencies.set(term, places);
      places.set(position, (places.get(position) ?? 0) + 1);
    }
  });
  const postings = new Map<string, { positions: Uint32Array; scores: Float64Array }>();
  for (const [term, places] of frequencies) {
    const weight = rarity(fragments.length, places.size) * (isKeyTerm(term) ? keyBoost : 1);
    const scores = Float64Array.from(places, ([position, count]) => {
      const length = (documents[position]?.length ?? 0) / lengthMean;
      return (weight * count * (k1 + 1)) / (count + k1 * (1 - b + b * length));
    });
    postings.set(term, { positions: Uint32Array.from(places.keys()), scores });
  }
  return { fragments, postings, uniqueTermScore: rarity(fragments.length, 1) };
}

/**
 * The best matches, best first. Relevance is the score over the best one's, but over that of one unique word at least: otherwise the least bad of
 * many bad matches would pass for a perfect one. Ties fall to the smaller id, so that the same question always gets the same answer.
 */
export function search(index: Index, query: Query, max: number = memoryLimits.candidatesMax): Candidate[] {
  const scores = new Float64Array(index.fragments.length);
  const touched: number[] = [];
  for (const posting of rarest(index, query)) {
    const { positions, scores: gains } = posting;
    for (let place = 0; place < positions.length; place++) {
      const position = positions[place] ?? 0;
      if (scores[position] === 0) touched.push(position);
      scores[position] = (scores[position] ?? 0) + (gains[place] ?? 0);
    }
  }
  const best = largest(touched, max, (one, other) => {
    const difference = (scores[other] ?? 0) - (scores[one] ?? 0);
    return difference !== 0 ? difference : (index.fragments[one]?.id ?? "") < (index.fragments[other]?.id ?? "") ? -1 : 1;
  });
  const full = Math.max(scores[best[0] ?? 0] ?? 0, index.uniqueTermScore);
  return best.flatMap((position) => {
    const fragment = index.fragments[position];
    return fragment ? [{ fragment, relevance: (scores[position] ?? 0) / full, terms: wordsOf(fragment) }] : [];
  });
}

/** All words of a fragment, its content's too. */
export function wordsOf({
  title,
  when,
  content,
  keys,
}: Pick<Fragment, "title" | "when" | "content" | "keys">): ReadonlySet<string> {
  return new Set(termsOf(`${title} ${when} ${content} ${keys.join(" ")}`));
}

/** Inverse document frequency in BM25's form that is never negative. */
function rarity(documents: number, having: number): number {
  return Math.log(1 + (documents - having + 0.5) / (having + 0.5));
}

/** The telling terms of a question: common ones cost the most and say the least, so those beyond the bound are left out. */
function rarest({ postings }: Index, { text, keys }: Query): { positions: Uint32Array; scores: Float64Array }[] {
  const terms = new Set([...termsOf(text.slice(0, memoryLimits.queryCharactersMax)), ...keys.map(keyTerm)]);
  return [...terms]
    .flatMap((term) => postings.get(term) ?? [])
    .sort((one, other) => one.positions.length - other.positions.length)
    .slice(0, memoryLimits.queryTermsMax);
}

/** The first `max` in order, without sorting thousands for the sake of a dozen. */
function largest(positions: readonly number[], max: number, compare: (one: number, other: number) => number): number[] {
  const best: number[] = [];
  for (const position of positions) {
    const last = best[max - 1];
    if (last !== undefined && compare(position, last) > 0) continue;
    const place = best.findIndex((other) => compare(position, other) < 0);
    best.splice(place < 0 ? best.length : place, 0, position);
    if (best.length > max) best.pop();
  }
  return best;
}

/** A key as a term that no word can be. */
function keyTerm(key: string): string {
  return `=${key}`;
}

function isKeyTerm(term: string): boolean {
  return term.startsWith("=");
}
