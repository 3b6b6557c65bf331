/** Which wording of instructions turns are given, of those that a person approved: one holds its place until another has proved stronger. */
import type { Fragment } from "#core/memory/fragment";
import { mayReplace, newRating } from "#core/memory/rating";

/** `before` is the one that held the place; null where none did. The first to be approved has it without a fight. */
export function championOf(approved: readonly Fragment[], before: string | null): string | null {
  const champion = approved.find(({ id }) => id === before) ?? strongest(approved);
  if (!champion) return null;
  const stronger = approved.filter(
    (one) => one.id !== champion.id && mayReplace(ratingOf(one), ratingOf(champion), upliftOf(one)),
  );
  return (strongest(stronger) ?? champion).id;
}

/** Ties fall to the smaller id, so that the same wordings always give the same one. */
function strongest(wordings: readonly Fragment[]): Fragment | undefined {
  return wordings.toSorted((one, other) => ratingOf(other).mean - ratingOf(one).mean || (one.id < other.id ? -1 : 1))[0];
}

function ratingOf({ rating }: Fragment) {
  return rating ?? newRating;
}

/** Nothing where no turn was counted for it. */
function upliftOf({ statistics: { weight, credit } }: Fragment): number {
  return weight > 0 ? credit / weight : 0;
}
