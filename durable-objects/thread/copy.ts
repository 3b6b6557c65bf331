/** A copy of a thread for another server, a page at a time: what a fork of it would begin with, as lines of text. */
import { limits } from "#core/limits";
import type { FileChange } from "#core/private";
import { copiedFrame } from "#core/thread-copy";
import { Refusal, refusals } from "#protocol/errors";
import { type CopyLine, threadCopyVersion } from "#protocol/thread-copy";
import { type ForkedFile, filesAt } from "#thread/fork-source";
import { fileChangesOf } from "#thread/log";
import type { ThreadRuntime } from "#thread/runtime";

/** Every page tells of the thread as it was at one frame, which the cursor names; so nothing has to be remembered here. */
type Place =
  | { stage: "frames"; throughSeq: number; afterSeq: number }
  | { stage: "files"; throughSeq: number; index: number }
  | { stage: "blobs"; throughSeq: number; after: { hash: string; part: number } };

export function copyPage(runtime: ThreadRuntime, cursor: string | null): { lines: string[]; nextCursor: string | null } {
  const place = cursor ? placeOf(cursor) : null;
  if (place && place.throughSeq > runtime.current.seq) throw new Refusal(refusals.invalidCursor(cursor ?? ""));
  const { lines, next } = place ? pageAt(runtime, place) : firstPage(runtime);
  return { lines: lines.map((line) => JSON.stringify(line)), nextCursor: next && cursorOf(next) };
}

type Page = { lines: CopyLine[]; next: Place | null };

function firstPage(runtime: ThreadRuntime): Page {
  // What people wrote since the last turn belongs to the end of the thread.
  runtime.recordWrites();
  const { seq: throughSeq, info } = runtime.current;
  requireContents(runtime, throughSeq);
  const { id: threadId, name, cwd } = info;
  const head: CopyLine = {
    type: "spindle/thread",
    version: threadCopyVersion,
    threadId,
    name,
    cwd,
    exportedAtMs: runtime.host.now(),
  };
  const { lines, next } = framesPage(runtime, { throughSeq, afterSeq: 0 });
  return { lines: [head, ...lines], next };
}

function pageAt(runtime: ThreadRuntime, place: Place): Page {
  switch (place.stage) {
    case "frames":
      return framesPage(runtime, place);
    case "files":
      return filesPage(runtime, place);
    case "blobs":
      return blobsPage(runtime, place);
    default:
      return place satisfies never;
  }
}

function framesPage(runtime: ThreadRuntime, { throughSeq, afterSeq }: { throughSeq: number; afterSeq: number }): Page {
  const { log } = runtime;
  const lines: CopyLine[] = [];
  let characters = 0;
  for (const frame of log.framesAt(throughSeq, afterSeq)) {
    const line = copiedFrame(frame, (itemId) => log.isItemOpenAt(itemId, throughSeq));
    if (!line) continue;
    lines.push(line);
    characters += JSON.stringify(line).length;
    if (characters >= limits.exportPageCharactersMax)
      return { lines, next: { stage: "frames", throughSeq, afterSeq: frame.seq } };
  }
  return { lines, next: { stage: "files", throughSeq, index: 0 } };
}

function filesPage(runtime: ThreadRuntime, { throughSeq, index }: Extract<Place, { stage: "files" }>): Page {
  const files = filesAt(runtime, throughSeq).slice(index, index + limits.forkPageFilesMax);
  const lines = files.map(({ path, mode, size, hash }): CopyLine => ({ type: "file", path, mode, hash, size }));
  const isLast = files.length < limits.forkPageFilesMax;
  const next: Place = isLast
    ? { stage: "blobs", throughSeq, after: { hash: "", part: 0 } }
    : { stage: "files", throughSeq, index: index + files.length };
  return { lines, next };
}

function blobsPage(runtime: ThreadRuntime, { throughSeq, after }: Extract<Place, { stage: "blobs" }>): Page {
  const hashes = namedHashes(runtime, throughSeq);
  // Base64 takes four characters for three bytes.
  const bytesMax = (limits.exportPageCharactersMax / 4) * 3;
  const { parts, isLast } = runtime.workspace.blobParts(hashes, after, bytesMax);
  const lines = parts.map(
    ({ hash, part, bytes }): CopyLine => ({
      type: "blob",
      hash,
      part,
      base64: Buffer.from(bytes).toString("base64"),
    }),
  );
  const last = parts.at(-1);
  return {
    lines,
    next: isLast || !last ? null : { stage: "blobs", throughSeq, after: { hash: last.hash, part: last.part } },
  };
}

/** Contents that the copy names: of its files, and of what was there before each change, so that turns can be taken back. */
function namedHashes(runtime: ThreadRuntime, throughSeq: number): string[] {
  const hashes = new Set(filesAt(runtime, throughSeq).map(({ hash }: ForkedFile) => hash));
  for (const frame of runtime.log.framesAt(throughSeq, 0)) {
    const event = frame.private?.event && copiedFrame(frame, () => true)?.event;
    const changes: FileChange[] = event ? fileChangesOf(event) : [];
    for (const version of changes.flatMap(({ before, after }) => [before, after])) if (version) hashes.add(version.hash);
  }
  return Array.from(hashes).toSorted();
}

function requireContents(runtime: ThreadRuntime, throughSeq: number): void {
  const missing = namedHashes(runtime, throughSeq).filter((hash) => !runtime.workspace.hasBlob(hash));
  if (missing.length > 0) throw new Refusal(refusals.copyUnread(missing.length));
}

/** Example: `frames 120 80`, `files 120 0`, `blobs 120 e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 0`. */
function cursorOf(place: Place): string {
  switch (place.stage) {
    case "frames":
      return `frames ${place.throughSeq} ${place.afterSeq}`;
    case "files":
      return `files ${place.throughSeq} ${place.index}`;
    case "blobs":
      return `blobs ${place.throughSeq} ${place.after.hash} ${place.after.part}`;
    default:
      return place satisfies never;
  }
}

function placeOf(cursor: string): Place {
  const [, stage, through, at, part] = /^(frames|files|blobs) (\d{1,15}) ([0-9a-f]*)(?: (\d{1,9}))?$/.exec(cursor) ?? [];
  const throughSeq = Number(through);
  const number = Number(at);
  if (stage === "blobs" && part !== undefined) {
    return { stage, throughSeq, after: { hash: at ?? "", part: Number(part) } };
  }
  if (part === undefined && at !== "" && Number.isSafeInteger(number)) {
    if (stage === "frames") return { stage, throughSeq, afterSeq: number };
    if (stage === "files") return { stage, throughSeq, index: number };
  }
  throw new Refusal(refusals.invalidCursor(cursor));
}
