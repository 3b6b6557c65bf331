/** Some hunks of a proposal as changes of their own. */
import { choosePieces, type FileSide, type ProposedFile } from "#core/hunks";
import type { FileChange, FileVersion } from "#core/private";
import { textOf } from "#workspace/binary-patch";
import { blobHash } from "#workspace/blob";

/** What a content is, by its git id. */
export type ReadContent = (hash: string) => Uint8Array;

/** The texts of both sides, as hunks are cut from them and numbered. */
export function proposedFile({ path, before, after }: FileChange, read: ReadContent): ProposedFile {
  const side = (version: FileVersion | null) =>
    version === null ? null : { mode: version.mode, text: textOf(read(version.hash)) };
  return { path, before: side(before), after: side(after) };
}

export type ChangesPart =
  /** `contents` are those of `changes` that the whole proposal has not. `isAll`: nothing was left out. */
  | { changes: FileChange[]; contents: Uint8Array[]; isAll: boolean }
  | { refused: "unknownHunks" | "nothingChosen"; answer: string };

/** The hunks of these numbers, exactly. Stores nothing. */
export function partOfChanges(changes: readonly FileChange[], numbers: readonly number[], read: ReadContent): ChangesPart {
  const whole = new Map(changes.map((change) => [change.path, { change, file: proposedFile(change, read) }]));
  const choice = choosePieces(
    [...whole.values()].map(({ file }) => file),
    numbers,
  );
  if ("refused" in choice) return choice;
  const contents: Uint8Array[] = [];
  const chosen = choice.files.flatMap(({ path, after }) => {
    const known = whole.get(path);
    if (!known) return [];
    if (known.file.after?.text === after?.text || after?.text == null) return [known.change];
    const bytes = new TextEncoder().encode(after.text);
    contents.push(bytes);
    return [{ ...known.change, after: versionOf(after, bytes) }];
  });
  return { changes: chosen, contents, isAll: choice.isAll };
}

function versionOf({ mode }: FileSide, bytes: Uint8Array): FileVersion {
  return { mode, hash: blobHash(bytes), size: bytes.length };
}
