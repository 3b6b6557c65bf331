/** Text as the terms that it is found by. */

/** Words that say nothing about what a text is about. */
const fillers = new Set(
  "a an and are as at be been but by can do does for from had has have how if in into is it its me my no not of on or our please she should so than that the their them then there these they this to too up us was we were what when where which who why will with would you your".split(
    " ",
  ),
);

/** In order, with repetitions: words and the parts of identifiers, in lower case, plural s dropped. One sign alone is no term. */
export function termsOf(text: string): string[] {
  const parts =
    text
      .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, "$1 $2")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return parts.filter((part) => part.length > 1 && !fillers.has(part)).map(singular);
}

/** Share of terms that both have, of those that either has (Jaccard 1901); 0 for two empty texts. */
export function similarity(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const both = shared(one, other);
  return both === 0 ? 0 : both / (one.size + other.size - both);
}

/** Share of the terms of `inner` that `outer` has as well; 0 where `inner` has none. */
export function coverage(inner: ReadonlySet<string>, outer: ReadonlySet<string>): number {
  return inner.size === 0 ? 0 : shared(inner, outer) / inner.size;
}

function shared(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const [smaller, larger] = one.size < other.size ? [one, other] : [other, one];
  let count = 0;
  for (const term of smaller) if (larger.has(term)) count += 1;
  return count;
}

function singular(term: string): string {
  return term.length > 3 && term.endsWith("s") && !term.endsWith("ss") ? term.slice(0, -1) : term;
}
