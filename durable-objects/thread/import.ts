/**
 * A thread made of a file. Its pages are put aside as they come; the last one makes the thread in one transaction, or refuses all of it by name. What
 * the file says is data: it is read by a schema, checked against the laws of a log, and brings no settings, no grants and no pending questions.
 */
import { createHash } from "node:crypto";
import type { Draft } from "#core/frame";
import { limits, workspaceLimits } from "#core/limits";
import type { FileVersion, ModelItem } from "#core/private";
import { openTurn, wireThread } from "#core/thread";
import { CopyReader } from "#core/thread-copy";
import { callIdOf, callOutput, parseToolCall } from "#core/tool-call";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";
import { type CopyLine, copyLine, threadCopyVersion } from "#protocol/thread-copy";
import type { ForkedFile } from "#thread/fork-source";
import { fileChangesOf } from "#thread/log";
import { charactersBeside, createAside, dropAside, pagesOf, putAside } from "#thread/put-aside";
import { newThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";
import { startSettings } from "#thread/start-settings";
import { blobHash } from "#workspace/blob";
import { fileMode } from "#workspace/change";
import { ancestorPaths, isFilePath } from "#workspace/path";

/** Asked again for the last page, say because the answer was lost, the thread is there. Should this die on the way, the alarm tidies up. */
export function importThread(
  runtime: ThreadRuntime,
  params: Params<"spindle/thread/import">,
  server: { defaultModel: string; version: string },
): Result<"spindle/thread/import"> {
  const { host } = runtime;
  if (runtime.thread) {
    if (!params.isLast || !isImported(runtime)) throw new Refusal(refusals.copyThreadExists(host.threadId));
    return { thread: wireThread(runtime.current) };
  }
  host.transaction(() => {
    createAside(host.sql);
    const text = JSON.stringify(params.lines);
    if (charactersBeside(host.sql, "lines", params.page) + text.length > limits.importCharactersMax) {
      throw new Refusal(refusals.copyTooLarge(`an import holds ${limits.importCharactersMax} characters`));
    }
    putAside(host.sql, "lines", params.page, text);
  });
  host.setAlarm(host.now() + limits.forkDurationMsMax);
  if (!params.isLast) return { thread: null };
  try {
    settle(runtime, params, server);
  } catch (error) {
    host.transaction(() => dropAside(host.sql));
    throw error;
  }
  return { thread: wireThread(runtime.current) };
}

function isImported(runtime: ThreadRuntime): boolean {
  return !runtime.current.deleted && runtime.log.frame(1).private?.event?.type === "importBegun";
}

type Head = Extract<CopyLine, { type: "spindle/thread" }>;

function settle(
  runtime: ThreadRuntime,
  { page: lastPage, config }: Params<"spindle/thread/import">,
  { defaultModel, version }: { defaultModel: string; version: string },
): void {
  const { host, workspace } = runtime;
  const settings = startSettings({ config }, defaultModel);
  const contents = new Contents();
  function* batches(): Generator<Draft[]> {
    const lines = linesOf(runtime, lastPage);
    const first = lines.next();
    const head = headOf(first.done ? undefined : first.value);
    const from = { cwd: head.cwd, threadSource: "import" };
    const thread: WireThread = newThread(host, settings, from, { originator: "spindle-thread", version });
    yield [
      { method: "thread/started", params: { thread }, private: { event: { type: "importBegun", settings: { ...settings } } } },
    ];
    const reader = new CopyReader(host.threadId);
    for (const { number, line } of lines) {
      switch (line.type) {
        case "frame": {
          const draft = reader.read(line);
          if ("problem" in draft) throw damaged(number, draft.problem);
          if (draft.private?.event) contents.changes(draft.private.event, number);
          yield [draft];
          break;
        }
        case "file":
          contents.file(line, number);
          break;
        case "blob":
          workspace.putBlobParts([contents.part(line, number)]);
          break;
        default:
          throw damaged(number, "the first line comes once, and the last at the end");
      }
    }
    yield* asLeft(runtime, head);
  }
  runtime.begin(
    batches(),
    () => {
      contents.verify(workspace);
      workspace.place(contents.files);
      workspace.takeChanges();
      dropAside(host.sql);
    },
    { isCopy: true },
  );
}

/** What ends what the file leaves open: calls without an answer, which no endpoint takes, and a turn that nobody goes on with. */
function* asLeft(runtime: ThreadRuntime, head: Head): Generator<Draft[]> {
  const idle = runtime.status({ type: "idle" });
  const outputs = runtime.log.modelInput(runtime.current.inputFromSeq).flatMap(unansweredBy);
  if (outputs.length > 0) yield [{ ...idle, private: { modelItems: outputs } }];
  if (openTurn(runtime.current)) yield runtime.endingOfTurn("interrupted");
  const { threadId, exportedAtMs, name } = head;
  yield [{ ...idle, private: { event: { type: "imported", threadId, exportedAtMs } } }];
  if (name !== null) yield [{ method: "thread/name/updated", params: { threadId: runtime.host.threadId, threadName: name } }];
}

function unansweredBy(call: ModelItem, _: number, input: ModelItem[]): ModelItem[] {
  if (parseToolCall(call) === null) return [];
  const isAnswered = input.some((item) => item.type === `${call.type}_output` && callIdOf(item) === callIdOf(call));
  return isAnswered ? [] : [callOutput(call, { type: "refused", message: "aborted: the turn ended before this was done" })];
}

/** The lines as the schema reads them, without the last, which has to be true of those before it. `number` counts from 1. */
function* linesOf(runtime: ThreadRuntime, lastPage: number): Generator<{ number: number; line: CopyLine }> {
  const digest = createHash("sha256");
  let number = 0;
  let pages = 0;
  let end: Extract<CopyLine, { type: "end" }> | null = null;
  for (const page of pagesOf(runtime.host.sql, "lines")) {
    pages += 1;
    // The object wrote this text itself; its lines are strings.
    for (const text of JSON.parse(page) as string[]) {
      number += 1;
      if (end) throw damaged(number, "it goes on behind its end");
      const line = lineOf(text, number);
      if (line.type === "end") {
        end = line;
        continue;
      }
      digest.update(text).update("\n");
      yield { number, line };
    }
  }
  if (pages <= lastPage) throw damaged(number + 1, `page ${pages} has not come`);
  if (!end) throw damaged(number + 1, "its end is missing");
  if (end.lines !== number - 1 || end.sha256 !== digest.digest("hex")) throw damaged(number, "it is not as it was written");
}

function lineOf(text: string, number: number): CopyLine {
  try {
    const given: unknown = JSON.parse(text);
    if (number === 1) requireCopy(given);
    const read = copyLine.safeParse(given);
    if (read.success) return read.data;
  } catch (error) {
    // Not JSON, or nested so deeply that nobody can read it; a refusal goes on.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
  }
  throw damaged(number, "it cannot be read");
}

function requireCopy(given: unknown): void {
  const head = typeof given === "object" && given !== null ? given : {};
  if (!("type" in head) || head.type !== "spindle/thread") throw damaged(1, "this is no copy of a thread");
  const version = "version" in head ? head.version : undefined;
  if (version !== threadCopyVersion) throw new Refusal(refusals.copyVersion(version, threadCopyVersion));
}

function headOf(first: { line: CopyLine } | undefined): Head {
  if (first?.line.type !== "spindle/thread") throw damaged(1, "this is no copy of a thread");
  return first.line;
}

function damaged(line: number, problem: string): Refusal {
  return new Refusal(refusals.copyDamaged(line, problem));
}

/** The files of a copy, and whether what they are said to hold is there and is that. */
class Contents {
  readonly files: ForkedFile[] = [];
  private readonly paths = new Set<string>();
  private readonly sizes = new Map<string, number>();
  private readonly given = new Map<string, number>();
  private bytes = 0;
  private line = 0;

  file(file: ForkedFile, line: number): void {
    const { path, mode, size, hash } = file;
    this.name(path, { mode, size, hash }, line);
    if (this.paths.has(path)) throw damaged(line, `file ${JSON.stringify(path)} is there twice`);
    this.paths.add(path);
    this.files.push({ path, mode, size, hash });
    this.bytes += size;
    const { filesMax, workspaceBytesMax } = workspaceLimits;
    if (this.files.length > filesMax) throw new Refusal(refusals.copyTooLarge(`a workspace holds ${filesMax} files`));
    if (this.bytes > workspaceBytesMax) {
      throw new Refusal(refusals.copyTooLarge(`a workspace holds ${workspaceBytesMax} bytes`));
    }
  }

  changes(event: Parameters<typeof fileChangesOf>[0], line: number): void {
    for (const { path, before, after } of fileChangesOf(event)) {
      for (const version of [before, after]) if (version) this.name(path, version, line);
    }
  }

  part({ hash, part, base64 }: Extract<CopyLine, { type: "blob" }>, line: number) {
    this.line = line;
    if (part !== (this.given.get(hash) ?? 0)) throw damaged(line, `part ${part} of content ${hash} is out of its order`);
    this.given.set(hash, part + 1);
    const bytes = new Uint8Array(Buffer.from(base64, "base64"));
    if (bytes.length > workspaceLimits.blobPartBytesMax) throw damaged(line, `part ${part} of content ${hash} is too long`);
    return { hash, part, bytes: bytes.buffer };
  }

  /** Every content is what its id says, somebody names it, and none is missing. */
  verify(workspace: ThreadRuntime["workspace"]): void {
    const blocked = this.files.find(({ path }) => ancestorPaths(path).some((ancestor) => this.paths.has(ancestor)));
    if (blocked) throw damaged(this.line, `a file stands where ${JSON.stringify(blocked.path)} needs a folder`);
    for (const [hash, size] of this.sizes) {
      if (!this.given.has(hash)) throw damaged(this.line, `content ${hash} is missing`);
      const bytes = workspace.readBlob(hash);
      if (bytes.length !== size || blobHash(bytes) !== hash) throw damaged(this.line, `content ${hash} is another`);
    }
    for (const hash of this.given.keys()) {
      if (!this.sizes.has(hash)) throw damaged(this.line, `content ${hash} belongs to no file`);
    }
  }

  private name(path: string, { mode, size, hash }: FileVersion, line: number): void {
    this.line = Math.max(this.line, line);
    if (!isFilePath(path)) throw damaged(line, `${JSON.stringify(path).slice(0, 200)} is no path of a workspace`);
    if (!Object.values<number>(fileMode).includes(mode)) throw damaged(line, `${mode} is no mode of a file`);
    if (size > workspaceLimits.fileBytesMax) {
      throw new Refusal(refusals.copyTooLarge(`a file holds ${workspaceLimits.fileBytesMax} bytes`));
    }
    if ((this.sizes.get(hash) ?? size) !== size) throw damaged(line, `content ${hash} has two sizes`);
    this.sizes.set(hash, size);
  }
}
