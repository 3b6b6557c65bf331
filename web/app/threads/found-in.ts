/** A text cut where a term stands in it, letter case aside: pure. */
export interface Piece {
  text: string;
  isHit: boolean;
}

export function foundIn(text: string, term: string): Piece[] {
  if (term === "") return [{ text, isHit: false }];
  const pattern = new RegExp(`(${term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")})`, "giu");
  // Every second part is what the pattern caught.
  return text
    .split(pattern)
    .map((part, place) => ({ text: part, isHit: place % 2 === 1 }))
    .filter(({ text: part }) => part !== "");
}
