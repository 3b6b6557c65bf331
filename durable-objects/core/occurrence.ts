/** Where a term stands in a text, and the words around it. */
import { limits } from "#core/limits";
import { Refusal, refusals } from "#protocol/errors";

/** UTF-16 units; `end` is exclusive. */
export interface TextRange {
  start: number;
  end: number;
}

/** Every place where the term stands, letter case aside, in order and without overlap. The term is taken literally. */
export function* occurrences(text: string, term: string): Generator<TextRange> {
  // A regular expression folds case without changing lengths, so that the places are those of the text itself.
  const literal = new RegExp(term.replace(/[\\^$.*+?()[\]{}|/-]/gu, escaped), "giu");
  for (const { index, 0: found } of text.matchAll(literal)) yield { start: index, end: index + found.length };
}

/** A hyphen may be escaped by its number only. */
function escaped(character: string): string {
  return character === "-" ? "\\u002d" : `\\${character}`;
}

/** The text around a place, cut between characters, and where the place is in it. */
export function snippetAround(text: string, { start, end }: TextRange): { snippet: string; range: TextRange } {
  const from = boundary(text, Math.max(0, start - limits.snippetCharactersAround));
  const to = boundary(text, Math.min(text.length, end + limits.snippetCharactersAround));
  return { snippet: text.slice(from, to), range: { start: start - from, end: end - from } };
}

/** Not between the halves of a surrogate pair. */
function boundary(text: string, at: number): number {
  const isInside = /[\uD800-\uDBFF]/.test(text.charAt(at - 1)) && /[\uDC00-\uDFFF]/.test(text.charAt(at));
  return isInside ? at - 1 : at;
}

/** The term as it is looked for. Refuses one that is empty or longer than anybody types. */
export function searchTermOf(method: string, given: string): string {
  const term = given.trim();
  if (term === "") throw new Refusal(refusals.searchTermEmpty(method));
  if (term.length > limits.searchTermCharactersMax) throw new Refusal(refusals.searchTermTooLong(limits.searchTermCharactersMax));
  return term;
}
