/** A repository at one commit becomes the workspace, between two turns: the next one sees exactly its files. */
import { githubApiLimits, githubTextLimits } from "#core/limits";
import { openTurn } from "#core/thread";
import { choose, fetchContents, type SnapshotBounds, type SnapshotSource, snapshotBounds } from "#github/snapshot";
import type { GitInfo } from "#protocol/thread";
import { takeGuides } from "#thread/repository-guides";
import type { ThreadRuntime } from "#thread/runtime";

export interface RepositoryEntry {
  repositoryId: number;
  commitOid: string;
  /** The commit whose AGENTS.md instruct the model: of the base branch, because whoever opens a pull request writes its head. */
  guidesOid: string;
  /** The `clientUserMessageId` of the turn to come. */
  key: string;
  /** The thread's name, unless somebody gave it one. */
  name: string;
  gitInfo: GitInfo;
}

export type Entered =
  /** The turn that it is for began already, say in an attempt whose answer was lost. Its files are its own. */
  | { type: "begun" }
  | { type: "busy" }
  | {
      type: "entered";
      /** Files whose content is fetched when it is read. */
      unread: number;
      /** Paths that are in the commit and not in the workspace, for want of room or because none can hold them; the first of them. */
      missing: { count: number; named: string[] };
      isTruncated: boolean;
    };

/**
 * May be repeated after a crash: what is there is there. What else is in the workspace goes, because the next diff is one of this commit.
 * Nothing is done while a turn runs. Throws when the repository cannot be read.
 */
export async function enterRepository(
  runtime: ThreadRuntime,
  source: SnapshotSource,
  { repositoryId, commitOid, guidesOid, key, name, gitInfo }: RepositoryEntry,
  bounds: Partial<SnapshotBounds> = {},
): Promise<Entered> {
  if (runtime.log.turnOfClientMessage(key)) return { type: "begun" };
  if (openTurn(runtime.current)) return { type: "busy" };
  const { workspace } = runtime;
  const listing = await source.readTree(commitOid);
  // First: files that nobody approved never stand here beside guides that are their own.
  await takeGuides(runtime, source, guidesOid === commitOid ? listing : await source.readTree(guidesOid));
  const snapshot = choose(listing, { ...snapshotBounds, ...bounds });
  // Contents first: nobody sees them before a file names them, and no file that somebody might read at once is without.
  const write = (page: () => void) => runtime.host.transaction(page);
  await fetchContents(
    source,
    { workspace, write },
    snapshot.copied.map(({ oid }) => oid),
  );
  const wanted = new Map(
    [...snapshot.copied, ...snapshot.listed].map(({ path, mode, oid, size }) => [path, { path, mode, size, hash: oid }]),
  );
  for (;;) {
    // Somebody may begin a turn between two steps; it must not lose its files halfway.
    if (openTurn(runtime.current)) throw new Error("a turn began while the repository entered");
    const isLast = runtime.changeFiles(() => {
      workspace.setRepositoryId(repositoryId);
      return step(runtime, wanted);
    });
    // Each step is one row of the log; the last one rides on the turn's own.
    if (isLast) break;
    runtime.recordWrites();
    await runtime.host.sleep(0, new AbortController().signal);
  }
  show(runtime, { name, gitInfo });
  const { listed, missing, isTruncated } = snapshot;
  return {
    type: "entered",
    unread: listed.filter(({ oid }) => !workspace.hasBlob(oid)).length,
    missing: { count: missing.length, named: missing.slice(0, githubTextLimits.pathsNamedMax) },
    isTruncated,
  };
}

/** Said once: a client that hears it again thinks that something changed. */
function show(runtime: ThreadRuntime, { name, gitInfo }: Pick<RepositoryEntry, "name" | "gitInfo">): void {
  const { info, status } = runtime.current;
  const { threadId } = runtime.host;
  const isKnown = JSON.stringify(info.gitInfo) === JSON.stringify(gitInfo);
  runtime.commit([
    ...(info.name === null ? [{ method: "thread/name/updated", params: { threadId, threadName: name } } as const] : []),
    ...(isKnown ? [] : [{ ...runtime.status(status), private: { event: { type: "gitInfoUpdated", gitInfo } as const } }]),
  ]);
}

type Wanted = ReadonlyMap<string, { path: string; mode: number; size: number; hash: string }>;

/** Goes on towards the wanted files, by as many as one step may change; whether nothing is left to do. What has to go goes first. */
function step({ workspace }: ThreadRuntime, wanted: Wanted): boolean {
  const stepMax = githubApiLimits.listedPageFilesMax;
  const files = workspace.files();
  const gone = files.filter(({ path }) => !wanted.has(path));
  for (const { path } of gone.slice(0, stepMax)) workspace.remove(path, { force: true });
  if (gone.length > stepMax) return false;
  const present = new Map(files.map((file) => [file.path, file]));
  const changed = [...wanted.values()].filter(({ path, mode, hash }) => {
    const file = present.get(path);
    return file?.hash !== hash || file.mode !== mode;
  });
  workspace.place(changed.slice(0, stepMax));
  return changed.length <= stepMax;
}
