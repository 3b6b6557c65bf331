/**
 * Finds where the chunks of a patch belong. A patch names no line numbers; it shows the lines it changes. The law here is: a file
 * is changed where the patch certainly means it, or not at all. So
 *  - a chunk belongs where its old lines stand exactly; else where only trailing whitespace differs; else any whitespace around a
 *    line; else Unicode look-alikes (dashes, quotes, spaces) too. The strictest of these that matches anywhere decides;
 *  - chunks come in the order of the file; only one that fits nowhere below the last may stand above it;
 *  - without an anchor it has to be the only place that leaves the order whole. Below an anchor that stands once, the first exact
 *    place counts, as V4A says; when the anchor stands several times, only one of the parts it begins may have such a place;
 *  - where the indentation of the shown lines is not the file's, added lines are moved as the shown ones are, or refused.
 */
import { type Chunk, type ChunkLine, changedRange, oldLines } from "#core/patch-chunk";

export interface PlacedChunk {
  chunk: Chunk;
  /** The line, from 0, at which the chunk's first old line stands; for one without old lines, before which it is added. */
  position: number;
}

export type Placement =
  | { type: "placed"; chunks: PlacedChunk[] }
  | { type: "refused"; reason: "contextNotFound" | "ambiguous" | "overlapping"; message: string };

/** Places all chunks or refuses; `lines` are the file's, without their terminators. */
export function placeChunks(chunks: Chunk[], lines: string[]): Placement {
  const file = new File(lines);
  const latest = latestStarts(chunks, file);
  const placed: PlacedChunk[] = [];
  let previous: Bounds = { from: 0, added: null };
  for (const [index, chunk] of chunks.entries()) {
    const place = placeOf(chunk, file, previous, latest[index + 1] ?? Number.POSITIVE_INFINITY);
    if (place.type === "refused")
      return { ...place, message: chunks.length > 1 ? `chunk ${index + 1}: ${place.message}` : place.message };
    placed.push(place);
    previous = boundsOf(place);
  }
  const overlap = overlapOf(placed);
  if (overlap === null) return { type: "placed", chunks: placed };
  return { type: "refused", reason: "overlapping", message: `two chunks change line ${overlap + 1}; write them as one` };
}

/** Where the chunk before ended: the next one changes nothing before that line. */
interface Bounds {
  from: number;
  /** The place of a chunk before that only added: the same lines there again would be the same addition, not another. */
  added: number | null;
}

function boundsOf({ chunk, position }: PlacedChunk): Bounds {
  const { start, end } = changedRange(chunk);
  return { from: position + end, added: start === end ? position : null };
}

type Place = ({ type: "placed" } & PlacedChunk) | { type: "refused"; reason: "contextNotFound" | "ambiguous"; message: string };

function placeOf(chunk: Chunk, file: File, previous: Bounds, latest: number): Place {
  const parts = partsBelow(chunk.anchors, file);
  if (typeof parts === "string") {
    return { type: "refused", reason: "contextNotFound", message: `no line is like the anchor @@ ${parts}` };
  }
  if (oldLines(chunk).length === 0) return placeOfAddition(chunk, file, parts, previous);
  const atEnd = chunk.isAtEnd ? placeAtEnd(chunk, file) : null;
  if (atEnd !== null) return atEnd;
  for (const [tolerance, level] of tolerances.entries()) {
    const found = file.positions(oldLines(chunk), tolerance).filter((position) => canMoveAdded(chunk, file, position, level));
    if (found.length === 0) continue;
    const eligible = eligibleOf(found, chunk, parts, previous, latest);
    if (eligible.length === 0) continue;
    const [first] = eligible;
    const isCertain = eligible.length === 1 || (tolerance === 0 && chunk.anchors.length > 0 && isOnePart(eligible, parts));
    if (!isCertain || first === undefined) return { type: "refused", reason: "ambiguous", message: ambiguity(chunk, eligible) };
    return { type: "placed", chunk: indented(chunk, file, first, level), position: first };
  }
  // An empty line at a chunk's end is often only what separates it from the next; it may not stand in the file.
  const last = chunk.lines.at(-1);
  if (last?.sign === " " && last.text === "" && chunk.lines.length > 1) {
    return placeOf({ ...chunk, lines: chunk.lines.slice(0, -1) }, file, previous, latest);
  }
  return { type: "refused", reason: "contextNotFound", message: whatIsThere(chunk, file) };
}

/** What is said to stand at the end is looked for there first, at every tolerance; null when it does not. */
function placeAtEnd(chunk: Chunk, file: File): Place | null {
  const position = file.lines.length - oldLines(chunk).length;
  for (const [tolerance, level] of tolerances.entries()) {
    if (file.positions(oldLines(chunk), tolerance).includes(position) && canMoveAdded(chunk, file, position, level)) {
      return { type: "placed", chunk: indented(chunk, file, position, level), position };
    }
  }
  return null;
}

/** A chunk that only adds has a place only below an anchor that stands once, at the end, or in an empty file. */
function placeOfAddition(chunk: Chunk, file: File, parts: Part[], previous: Bounds): Place {
  if (chunk.isAtEnd || file.lines.length === 0) return { type: "placed", chunk, position: file.lines.length };
  const below = parts.filter((part) => chunk.anchors.length > 0 && part.start + 1 >= previous.from);
  const [only] = below;
  if (only !== undefined && below.length === 1) return { type: "placed", chunk, position: only.start + 1 };
  const problem = chunk.anchors.length === 0 ? "nothing says where" : `@@ ${chunk.anchors.at(-1)} stands ${below.length} times`;
  return {
    type: "refused",
    reason: "ambiguous",
    message: `these lines are to be added, but ${problem}; show the lines around them, or add *** End of File`,
  };
}

/** The found positions that stay below the anchors and in order; only if there are none, those above the previous chunk. */
function eligibleOf(found: number[], chunk: Chunk, parts: Part[], previous: Bounds, latest: number): number[] {
  const { start, end } = changedRange(chunk);
  const inParts = found.filter((position) => partIndex(position, parts) >= 0);
  const ordered = inParts.filter(
    (position) =>
      position + start >= previous.from && !(start === end && position === previous.added && position + start === previous.from),
  );
  const fitting = ordered.filter((position) => position + end <= latest);
  if (fitting.length > 0) return fitting;
  return ordered.length > 0 ? ordered : inParts.filter((position) => position + end <= previous.from);
}

/**
 * For each chunk the last line at which its change can begin while all that follow still have a place below it. It leaves out the
 * places of a chunk that could not be meant: those behind the last place of the next one.
 */
function latestStarts(chunks: Chunk[], file: File): number[] {
  const starts: number[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let index = chunks.length - 1; index >= 0; index -= 1) {
    const chunk = chunks[index] as Chunk;
    const { start, end } = changedRange(chunk);
    const last =
      oldLines(chunk).length === 0 ? undefined : file.positions(oldLines(chunk), 0).findLast((at) => at + end <= limit);
    if (last !== undefined) limit = last + start;
    starts[index] = limit;
  }
  return starts;
}

/** A part of the file that an anchor begins: from its line to the next like it. */
interface Part {
  start: number;
  end: number;
}

/** The parts below the anchors, the whole file without any; or the anchor that was not found. */
function partsBelow(anchors: string[], file: File): Part[] | string {
  let parts: Part[] = [{ start: 0, end: file.lines.length }];
  for (const anchor of anchors) {
    const starts = file.anchorLines(anchor, parts);
    if (starts.length === 0) return anchor;
    parts = parts.flatMap((part) => {
      const inPart = starts.filter((start) => start >= part.start && start < part.end);
      return inPart.map((start, index) => ({ start, end: inPart[index + 1] ?? part.end }));
    });
  }
  return parts;
}

function partIndex(position: number, parts: Part[]): number {
  return parts.findIndex((part) => position >= part.start && position < part.end);
}

function isOnePart(positions: number[], parts: Part[]): boolean {
  return new Set(positions.map((position) => partIndex(position, parts))).size === 1;
}

interface Tolerance {
  normal: (line: string) => string;
  /** Whether lines that differ in indentation count as the same. */
  ignoresIndentation: boolean;
}

const tolerances: Tolerance[] = [
  { normal: (line) => line, ignoresIndentation: false },
  { normal: (line) => line.trimEnd(), ignoresIndentation: false },
  { normal: (line) => line.trim(), ignoresIndentation: true },
  { normal: withoutLookAlikes, ignoresIndentation: true },
];

/** What models type where the file has its typographic cousin, and the other way round. */
function withoutLookAlikes(line: string): string {
  return line
    .replace(/[\u2010-\u2015\u2212]/g, "-")
    .replace(/[\u2018-\u201b]/g, "'")
    .replace(/[\u201c-\u201f]/g, '"')
    .replace(/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, " ")
    .trim();
}

/** The file's lines, and at each tolerance their normal form, made once. */
class File {
  readonly lines: string[];
  readonly #normal: string[][] = [];

  constructor(lines: string[]) {
    this.lines = lines;
  }

  /** Every line, from 0, at which all of `pattern` stands. */
  positions(pattern: string[], tolerance: number): number[] {
    const lines = this.#normalLines(tolerance);
    const wanted = pattern.map(normalAt(tolerance));
    const found: number[] = [];
    for (let position = 0; position + wanted.length <= lines.length; position += 1) {
      if (wanted.every((line, index) => lines[position + index] === line)) found.push(position);
    }
    return found;
  }

  /** The lines within `parts` that an anchor names: like it at the strictest tolerance, else the only one that has it in it. */
  anchorLines(anchor: string, parts: Part[]): number[] {
    for (const tolerance of tolerances.keys()) {
      const found = this.positions([anchor], tolerance).filter((line) => partIndex(line, parts) >= 0);
      if (found.length > 0) return found;
    }
    const containing = [...this.lines.keys()].filter((line) => {
      return partIndex(line, parts) >= 0 && this.lines[line]?.includes(anchor.trim()) === true;
    });
    return containing.length === 1 ? containing : [];
  }

  #normalLines(tolerance: number): string[] {
    this.#normal[tolerance] ??= this.lines.map(normalAt(tolerance));
    return this.#normal[tolerance];
  }
}

function normalAt(tolerance: number): (line: string) => string {
  return (tolerances[tolerance] as Tolerance).normal;
}

function canMoveAdded(chunk: Chunk, file: File, position: number, tolerance: Tolerance): boolean {
  return !tolerance.ignoresIndentation || movedLines(chunk, file, position) !== null;
}

function indented(chunk: Chunk, file: File, position: number, tolerance: Tolerance): Chunk {
  if (!tolerance.ignoresIndentation) return chunk;
  return { ...chunk, lines: movedLines(chunk, file, position) ?? chunk.lines };
}

/**
 * The chunk's lines with added ones indented as the file is: an indentation that a shown line has becomes what that line has in the
 * file; another moves by what all shown lines differ. Null when the shown lines contradict each other, or when the added one
 * already has an indentation of the file, so that nobody can say which of the two was meant.
 */
function movedLines(chunk: Chunk, file: File, position: number): ChunkLine[] | null {
  const indents = new Map<string, string>();
  for (const [index, shown] of oldLines(chunk).entries()) {
    const actual = file.lines[position + index] ?? "";
    if (shown.trim() === "") continue;
    const known = indents.get(indentOf(shown));
    if (known !== undefined && known !== indentOf(actual)) return isAdding(chunk) ? null : chunk.lines;
    indents.set(indentOf(shown), indentOf(actual));
  }
  const shift = shiftOf(indents);
  const moved: ChunkLine[] = [];
  for (const line of chunk.lines) {
    const indent =
      line.sign === "+" && line.text.trim() !== "" ? movedIndent(indentOf(line.text), indents, shift) : indentOf(line.text);
    if (indent === null) return null;
    moved.push({ ...line, text: indent + line.text.slice(indentOf(line.text).length) });
  }
  return moved;
}

function movedIndent(indent: string, indents: Map<string, string>, shift: Shift | null): string | null {
  const known = indents.get(indent);
  if (known !== undefined) return known;
  if (shift === null) return null;
  if (shift.add === "" && shift.remove === "") return indent;
  if ([...indents.values()].includes(indent) || !indent.startsWith(shift.remove)) return null;
  return shift.add + indent.slice(shift.remove.length);
}

interface Shift {
  add: string;
  remove: string;
}

/** What has to be put before, or taken from, every shown indentation to get the file's; null when it is not the same for all. */
function shiftOf(indents: Map<string, string>): Shift | null {
  const shifts = [...indents].map(([shown, actual]): Shift | null => {
    if (actual.endsWith(shown)) return { add: actual.slice(0, actual.length - shown.length), remove: "" };
    if (shown.endsWith(actual)) return { add: "", remove: shown.slice(0, shown.length - actual.length) };
    return null;
  });
  const [first = { add: "", remove: "" }] = shifts;
  return first !== null && shifts.every((shift) => shift?.add === first.add && shift.remove === first.remove) ? first : null;
}

function isAdding(chunk: Chunk): boolean {
  return chunk.lines.some((line) => line.sign === "+" && line.text.trim() !== "");
}

function indentOf(line: string): string {
  return /^\s*/.exec(line)?.[0] ?? "";
}

/** The first line that two chunks both change, or null. */
function overlapOf(placed: PlacedChunk[]): number | null {
  const ranges = placed
    .map(({ chunk, position }) => ({ start: position + changedRange(chunk).start, end: position + changedRange(chunk).end }))
    .sort((one, other) => one.start - other.start);
  const overlap = ranges.find((range, index) => index > 0 && range.start < (ranges[index - 1]?.end ?? 0));
  return overlap?.start ?? null;
}

/** Places and lines that a message names. */
const shownMax = 8;

function ambiguity(chunk: Chunk, positions: number[]): string {
  const places = positions.slice(0, shownMax).map((position) => position + 1);
  const more = positions.length > shownMax ? ` and ${positions.length - shownMax} more` : "";
  return (
    `these lines stand at several places (lines ${places.join(", ")}${more}):\n${excerpt(oldLines(chunk))}\n` +
    "Show more lines around the change, or name the function or class it is in with @@"
  );
}

/** The message for lines that are nowhere: with the place that is most like them, so that the next try can be right. */
function whatIsThere(chunk: Chunk, file: File): string {
  const pattern = oldLines(chunk);
  const below = chunk.anchors.length > 0 ? ` below @@ ${chunk.anchors.join(" @@ ")}` : "";
  const missing = `these lines are not in the file${below}:\n${excerpt(pattern)}`;
  const nearest = nearestPosition(pattern, file.lines);
  if (nearest === null) return missing;
  const there = file.lines.slice(nearest, nearest + Math.max(pattern.length, 3)).slice(0, shownMax);
  return `${missing}\nThe nearest lines are:\n${there.map((line, index) => `${nearest + index + 1}: ${line}`).join("\n")}`;
}

/** Where most of the lines stand at their place, whitespace and look-alikes aside. */
function nearestPosition(pattern: string[], lines: string[]): number | null {
  const offsets = new Map<string, number[]>();
  for (const [offset, line] of pattern.entries()) {
    const normal = withoutLookAlikes(line);
    if (normal !== "") offsets.set(normal, [...(offsets.get(normal) ?? []), offset]);
  }
  const votes = new Map<number, number>();
  for (const [index, line] of lines.entries()) {
    for (const offset of offsets.get(withoutLookAlikes(line)) ?? []) {
      const position = Math.max(0, index - offset);
      votes.set(position, (votes.get(position) ?? 0) + 1);
    }
  }
  const [best] = [...votes].sort((one, other) => other[1] - one[1] || one[0] - other[0]);
  return best === undefined ? null : best[0];
}

function excerpt(lines: string[]): string {
  const shown = lines.slice(0, shownMax).map((line) => `| ${line}`);
  return lines.length > shownMax ? `${shown.join("\n")}\n| … ${lines.length - shownMax} more` : shown.join("\n");
}
