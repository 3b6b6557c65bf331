/**
 * The source's side of a fork: pages of its log and its files as they were at one point. The point is a frame of the log, so that every
 * page tells of the same moment however much happens between two of them, and nothing has to be remembered here.
 */
import { carriedOver } from "#core/carried-over";
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { FileVersion, Settings } from "#core/private";
import { openTurn, type Thread } from "#core/thread";
import { Refusal, refusals, type WireError } from "#protocol/errors";
import type { Params } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";
import { requireThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";

/** What a fork asks its source. `throughSeq` comes from the plan, `after…` from the page before. */
export type ForkRead =
  | { type: "plan"; params: Params<"thread/fork"> }
  | { type: "frames"; threadId: string; throughSeq: number; afterSeq: number }
  | { type: "files"; throughSeq: number; afterPath: string }
  | { type: "blobs"; hashes: string[]; after: { hash: string; part: number } };

export type ForkedFile = { path: string } & FileVersion;

/** A page that is the last one has no `after…`. Frames are drafts as JSON: a text crosses between objects in one piece. */
export type ForkPage =
  | {
      type: "plan";
      throughSeq: number;
      info: Omit<WireThread, "status" | "turns">;
      settings: Settings;
      memoryMode: Thread["memoryMode"];
      /** What files name and nobody has read is not copied: the fork asks for it where its source does. */
      repositoryId: number | null;
    }
  | { type: "frames"; draftsText: string; afterSeq: number | null }
  | { type: "files"; files: ForkedFile[]; afterPath: string | null }
  | { type: "blobs"; parts: { hash: string; part: number; bytes: ArrayBuffer }[]; isLast: boolean }
  | { refused: WireError };

export function readFork(runtime: ThreadRuntime, read: ForkRead): ForkPage {
  requireThread(runtime, "thread/fork");
  switch (read.type) {
    case "plan":
      return plan(runtime, read.params);
    case "frames":
      return framesPage(runtime, read);
    case "files":
      return filesPage(runtime, read);
    case "blobs":
      return { type: "blobs", ...runtime.workspace.blobParts(read.hashes, read.after, limits.forkPageBytesMax) };
    default:
      return read satisfies never;
  }
}

function plan(runtime: ThreadRuntime, params: Params<"thread/fork">): ForkPage {
  // What people wrote since the last turn belongs to the end of the thread.
  runtime.recordWrites();
  const { info, memoryMode, nextSettings, settings: now } = runtime.current;
  const settings = nextSettings ?? now;
  if (!settings) throw new Error("a thread without settings");
  // As on the real server: nobody has spoken in it, so there is nothing to begin from.
  if (!info.preview) throw new Refusal(refusals.noRolloutFound(info.id));
  const repositoryId = runtime.workspace.repositoryId();
  return { type: "plan", throughSeq: pointOf(runtime, params), info, settings, memoryMode, repositoryId };
}

/** The last frame that the fork shares with its source. A turn that is named must be in the thread, and not reverted. */
function pointOf({ log, current }: ThreadRuntime, { lastTurnId, beforeTurnId }: Params<"thread/fork">): number {
  if (lastTurnId && beforeTurnId) throw new Refusal(refusals.forkPointsBoth());
  const turnId = lastTurnId || beforeTurnId;
  if (!turnId) return current.seq;
  const turn = log.liveTurn(turnId);
  if (!turn) throw new Refusal(refusals.forkTurnNotFound(turnId));
  if (beforeTurnId) return turn.startedSeq - 1;
  if (turn.completedSeq === null || openTurn(current)?.id === turnId) throw new Refusal(refusals.forkTurnInProgress(turnId));
  return turn.completedSeq;
}

function framesPage({ log }: ThreadRuntime, { threadId, throughSeq, afterSeq }: Extract<ForkRead, { type: "frames" }>): ForkPage {
  const drafts: Draft[] = [];
  let characters = 0;
  for (const frame of log.framesAt(throughSeq, afterSeq)) {
    const draft = carriedOver(frame, threadId, (itemId) => log.isItemOpenAt(itemId, throughSeq));
    if (!draft) continue;
    drafts.push(draft);
    characters += JSON.stringify(draft).length;
    if (characters >= limits.forkPageCharactersMax) {
      return { type: "frames", draftsText: JSON.stringify(drafts), afterSeq: frame.seq };
    }
  }
  return { type: "frames", draftsText: JSON.stringify(drafts), afterSeq: null };
}

function filesPage(runtime: ThreadRuntime, { throughSeq, afterPath }: Extract<ForkRead, { type: "files" }>): ForkPage {
  const page = filesAt(runtime, throughSeq).filter(({ path }) => path > afterPath);
  const files = page.slice(0, limits.forkPageFilesMax);
  return { type: "files", files, afterPath: page.length > files.length ? (files.at(-1)?.path ?? null) : null };
}

/** Every file as it was at a frame, sorted: what was not changed since is as it is, and what was stands in the first change of it. */
export function filesAt(runtime: ThreadRuntime, seq: number): ForkedFile[] {
  const then = versionsAt(runtime, seq);
  const untouched = runtime.workspace.files().filter(({ path }) => !then.has(path));
  return [
    ...untouched.map(({ path, mode, size, hash }) => ({ path, mode, size, hash })),
    ...Array.from(then).flatMap(([path, version]) => (version ? [{ path, ...version }] : [])),
  ].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** The version that each path had at a frame, for those that were changed since; null: there was no such file. */
export function versionsAt({ log, workspace }: ThreadRuntime, seq: number): Map<string, FileVersion | null> {
  const then = new Map<string, FileVersion | null>();
  const note = ({ path, before }: { path: string; before: FileVersion | null }) => {
    if (!then.has(path)) then.set(path, before);
  };
  for (const change of log.fileChanges(seq)) note(change);
  for (const change of workspace.changes()) note(change);
  return then;
}
