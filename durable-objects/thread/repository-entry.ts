/** A repository at one commit becomes the workspace, between two turns: the next one sees exactly its files. */
import { openTurn } from "#core/thread";
import { choose, enter, type SnapshotSource } from "#github/snapshot";
import { takeGuides } from "#thread/repository-guides";
import type { ThreadRuntime } from "#thread/runtime";

export type Entered =
  /** The turn that it is for began already, say in an attempt whose answer was lost. Its files are its own. */
  | { type: "begun" }
  | { type: "busy" }
  /** Paths that are in the commit and not in the workspace: for want of room, or because no workspace can hold them. */
  | { type: "entered"; absent: string[]; refused: string[]; isTruncated: boolean };

export interface RepositoryEntry {
  commitOid: string;
  /** The commit whose AGENTS.md instruct the model: of the base branch, because whoever opens a pull request writes its head. */
  guidesOid: string;
  /** The `clientUserMessageId` of the turn to come. */
  key: string;
}

/**
 * May be repeated after a crash: what is there is there. What else is in the workspace goes, because the next diff is one of this commit.
 * Nothing is done while a turn runs. Throws when the repository cannot be read, and `WorkspaceError` "full".
 */
export async function enterRepository(
  runtime: ThreadRuntime,
  source: SnapshotSource,
  { commitOid, guidesOid, key }: RepositoryEntry,
): Promise<Entered> {
  if (runtime.log.turnOfClientMessage(key)) return { type: "begun" };
  if (openTurn(runtime.current)) return { type: "busy" };
  // First: files that nobody approved never stand here beside guides that are their own.
  const listing = await source.readTree(commitOid);
  await takeGuides(runtime, source, guidesOid === commitOid ? listing : await source.readTree(guidesOid));
  const snapshot = choose(listing);
  const present = new Map(snapshot.present.map((file) => [file.path, file]));
  // Somebody may begin a turn while pages come; it must not lose its files halfway.
  const atRest = <Result>(change: () => Result): Result => {
    if (openTurn(runtime.current)) throw new Error("a turn began while the repository entered");
    return runtime.changeFiles(change);
  };
  const { workspace } = runtime;
  atRest(() => {
    for (const { path, hash, mode } of workspace.files()) {
      const wanted = present.get(path);
      if (wanted === undefined || ((hash !== wanted.oid || mode !== wanted.mode) && isLink(mode, wanted.mode))) {
        workspace.remove(path, { force: true });
      }
    }
    for (const path of workspace.directories().toReversed()) {
      if (present.has(path)) workspace.remove(path, { recursive: true, force: true });
    }
  });
  await enter(source, { workspace, transaction: atRest }, snapshot);
  const { absent, refused, isTruncated } = snapshot;
  return { type: "entered", absent: absent.map(({ path }) => path), refused, isTruncated };
}

/** Writing through a link would write what it leads to. */
function isLink(...modes: number[]): boolean {
  return modes.some((mode) => mode === 0o120000);
}
