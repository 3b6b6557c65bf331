/** A diff cut into numbered pieces, of which an approval may choose some. */
import { type Hunk, hunksBetween, hunkText, withHunks } from "#core/diff";

/** One path of a proposal with the texts of both sides. */
export interface ProposedFile {
  path: string;
  /** null: not there. */
  before: FileSide | null;
  after: FileSide | null;
}

export interface FileSide {
  /** git's, as a number. */
  mode: number;
  /** null: binary. */
  text: string | null;
}

export interface Piece {
  /** From 1 on, through all files in the order of their paths. */
  number: number;
  path: string;
  /** What the piece is: some lines of a text, or the whole change of a file that cannot be cut. */
  kind: "lines" | "added" | "deleted" | "mode" | "binary";
  /** From `@@` on; for a whole file all of its hunks. "" for a binary file and for a change of mode alone. */
  text: string;
}

export type Choice =
  /** The files that change by what was chosen; to be proposed anew, under their own hash. `isAll`: nothing was left out. */
  { files: ProposedFile[]; isAll: boolean } | { refused: "unknownHunks" | "nothingChosen"; answer: string };

/** The same files always get the same numbers, so what a comment shows is what an approval means. */
export function numberedPieces(files: readonly ProposedFile[]): Piece[] {
  return cut(files).flatMap(({ file, pieces }) =>
    pieces.map(({ number, kind, text }) => ({ number, path: file.path, kind, text })),
  );
}

/** Exactly these pieces of the proposal and nothing else. An added, deleted or binary file and a change of mode is one piece. */
export function choosePieces(files: readonly ProposedFile[], numbers: readonly number[]): Choice {
  const chosen = new Set(numbers);
  const parts = cut(files);
  const count = parts.reduce((sum, { pieces }) => sum + pieces.length, 0);
  const unknown = numbers.filter((number) => number < 1 || number > count || !Number.isInteger(number));
  if (unknown.length > 0) {
    return { refused: "unknownHunks", answer: `This diff has hunks 1 to ${count}, and no ${unknown.slice(0, 10).join(", ")}.` };
  }
  if (chosen.size === 0) return { refused: "nothingChosen", answer: "An approval of no hunk approves nothing." };
  const kept = parts.flatMap(({ file, pieces }) => {
    const own = pieces.filter(({ number }) => chosen.has(number));
    return own.length === 0 ? [] : [own.length === pieces.length ? file : { ...file, after: partOf(file, own) }];
  });
  return { files: kept, isAll: chosen.size === count };
}

type CutPiece = Pick<Piece, "number" | "kind" | "text"> & { hunk: Hunk | null };

function cut(files: readonly ProposedFile[]): { file: ProposedFile; pieces: CutPiece[] }[] {
  let number = 0;
  return files
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map((file) => ({
      file,
      pieces: piecesOf(file).map((piece) => {
        number += 1;
        return { number, ...piece };
      }),
    }));
}

function piecesOf({ before, after }: ProposedFile): Omit<CutPiece, "number">[] {
  const isBinary = before?.text === null || after?.text === null;
  const hunks = isBinary ? [] : hunksBetween(before?.text ?? "", after?.text ?? "");
  const whole = (kind: Piece["kind"]) => [{ kind, text: hunks.map(hunkText).join(""), hunk: null }];
  if (before === null) return whole("added");
  if (after === null) return whole("deleted");
  // A new mode and new lines are one change: a script that becomes executable is not the same with half of its lines.
  if (before.mode !== after.mode) return whole("mode");
  if (isBinary) return whole("binary");
  return hunks.map((hunk) => ({ kind: "lines", text: hunkText(hunk), hunk }));
}

/** Only files of several pieces come here, and those are texts on both sides. */
function partOf({ before, after }: ProposedFile, pieces: readonly CutPiece[]): FileSide | null {
  const hunks = pieces.flatMap(({ hunk }) => (hunk === null ? [] : [hunk]));
  return after === null ? null : { mode: after.mode, text: withHunks(before?.text ?? "", hunks) };
}

/** 1, 2, 3, 7 as "1-3, 7"; a long list is cut, its count stands beside it. */
export function numberRanges(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const written = runs.slice(0, 20).map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`));
  return `${written.join(", ")}${runs.length > 20 ? " …" : ""}`;
}
