/**
 * A thread that begins with another one's history. Everything is fetched in pages and put aside; then one transaction makes the log, the
 * projections and the files of it. Until then there is no thread here: whoever dies on the way leaves nothing that anybody could see.
 */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { Settings } from "#core/private";
import { openTurn } from "#core/thread";
import { Refusal } from "#protocol/errors";
import type { Params } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";
import type { ForkedFile, ForkPage, ForkRead } from "#thread/fork-source";
import { fileChangesOf } from "#thread/log";
import { createAside, dropAside, pagesOf, putAside } from "#thread/put-aside";
import { sourceOf, workspaceRoot } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";
import { Workspace } from "#workspace/store";

type Plan = Extract<ForkPage, { type: "plan" }>;

/** Contents that were not fetched yet. */
const blobsSchema = "CREATE TABLE IF NOT EXISTS fork_blobs (hash TEXT PRIMARY KEY) STRICT";

/** Makes the thread; throws the source's own refusal. Should this die, the alarm throws away what it left. */
export async function fork(
  runtime: ThreadRuntime,
  params: Params<"thread/fork">,
  client: { originator: string; version: string },
): Promise<void> {
  const { host } = runtime;
  const plan = await ask(runtime, params, { type: "plan", params });
  const { throughSeq } = plan;
  host.transaction(() => {
    // What an attempt before this one left is of another moment.
    dropAside(host.sql);
    host.sql.exec("DROP TABLE IF EXISTS fork_blobs");
    createAside(host.sql);
    host.sql.exec(blobsSchema);
    Workspace.createSchema(host.sql);
  });
  host.setAlarm(host.now() + limits.forkDurationMsMax);
  const { threadId } = host;
  for (let page = 0, afterSeq: number | null = 0; afterSeq !== null; page++) {
    const frames: Extract<ForkPage, { type: "frames" }> = await ask(runtime, params, {
      type: "frames",
      threadId,
      throughSeq,
      afterSeq,
    });
    const drafts = JSON.parse(frames.draftsText) as Draft[];
    const versions = drafts
      .flatMap(({ private: hidden }) => (hidden?.event ? fileChangesOf(hidden.event) : []))
      .flatMap(({ before, after }) => [before, after]);
    keepPage(
      runtime,
      "frames",
      page,
      frames.draftsText,
      versions.flatMap((version) => version?.hash ?? []),
    );
    afterSeq = frames.afterSeq;
  }
  for (let page = 0, afterPath: string | null = ""; afterPath !== null; page++) {
    const { files, afterPath: next }: Extract<ForkPage, { type: "files" }> = await ask(runtime, params, {
      type: "files",
      throughSeq,
      afterPath,
    });
    keepPage(
      runtime,
      "files",
      page,
      JSON.stringify(files),
      files.map(({ hash }) => hash),
    );
    afterPath = next;
  }
  await fetchBlobs(runtime, params);
  settle(runtime, plan, params, client);
}

/** Contents are found by their hash and seen by nobody until a file has them: they go where they stay. */
async function fetchBlobs(runtime: ThreadRuntime, params: Params<"thread/fork">): Promise<void> {
  const { host, workspace } = runtime;
  for (;;) {
    const hashes = host.sql
      .exec<{ hash: string }>("SELECT hash FROM fork_blobs ORDER BY hash LIMIT ?", limits.forkPageFilesMax)
      .toArray()
      .map(({ hash }) => hash);
    const last = hashes.at(-1);
    if (last === undefined) return;
    let after = { hash: "", part: 0 };
    for (let isLast = false; !isLast; ) {
      const page: Extract<ForkPage, { type: "blobs" }> = await ask(runtime, params, { type: "blobs", hashes, after });
      host.transaction(() => workspace.putBlobParts(page.parts));
      after = page.parts.at(-1) ?? after;
      isLast = page.isLast;
    }
    host.transaction(() => host.sql.exec("DELETE FROM fork_blobs WHERE hash <= ?", last));
  }
}

/** One transaction: before it nobody sees anything, after it everybody sees all of it. */
function settle(
  runtime: ThreadRuntime,
  plan: Plan,
  params: Params<"thread/fork">,
  client: { originator: string; version: string },
): void {
  const { host } = runtime;
  const { sql } = host;
  const { info, settings } = beginning(runtime, plan, params, client);
  function* batches(): Generator<Draft[]> {
    const thread: WireThread = { ...info, status: { type: "idle" }, turns: [] };
    yield [{ method: "thread/started", params: { thread }, private: { event: { type: "threadStarted", settings } } }];
    for (const text of pagesOf(sql, "frames")) yield JSON.parse(text) as Draft[];
    // A turn that runs in the source is interrupted here; there it goes on.
    if (openTurn(runtime.current)) yield runtime.endingOfTurn("interrupted");
    yield [{ ...runtime.status({ type: "idle" }), private: { event: { type: "forked", settings } } }];
    const { memoryMode: mode } = plan;
    if (mode) yield [{ ...runtime.status({ type: "idle" }), private: { event: { type: "memoryModeSet", mode } } }];
  }
  runtime.begin(batches(), () => {
    if (plan.repositoryId !== null) runtime.workspace.setRepositoryId(plan.repositoryId);
    for (const text of pagesOf(sql, "files")) runtime.workspace.place(JSON.parse(text) as ForkedFile[]);
    runtime.workspace.takeChanges();
    dropAside(sql);
    sql.exec("DROP TABLE fork_blobs");
  });
}

/** What the fork is, and under which settings it goes on: the source's, where the client names no others. */
function beginning(
  { host }: ThreadRuntime,
  { info, settings }: Plan,
  params: Params<"thread/fork">,
  client: { originator: string; version: string },
): { info: Plan["info"]; settings: Settings } {
  const seconds = Math.floor(host.now() / 1000);
  const cwd = params.cwd ? workspaceRoot(params.cwd) : info.cwd;
  // Where commands start is a folder under the root that the source had.
  const { cwd: startIn, ...kept } = settings;
  const model = params.model || settings.model;
  return {
    info: {
      ...info,
      id: host.threadId,
      sessionId: host.threadId,
      forkedFromId: info.id,
      // Comes again with the first message that is copied.
      preview: "",
      ephemeral: params.ephemeral ?? false,
      section: null,
      sectionEnteredAt: null,
      model,
      createdAt: seconds,
      updatedAt: seconds,
      recencyAt: seconds,
      cwd,
      cliVersion: client.version,
      originator: client.originator,
      source: sourceOf(client.originator),
      threadSource: params.threadSource ?? null,
      gitInfo: null,
    },
    settings: {
      ...kept,
      ...(startIn && cwd === info.cwd ? { cwd: startIn } : {}),
      model,
      approvalPolicy: params.approvalPolicy ?? settings.approvalPolicy,
      baseInstructions: params.baseInstructions ?? settings.baseInstructions,
      developerInstructions: params.developerInstructions ?? settings.developerInstructions,
    },
  };
}

async function ask<Type extends ForkRead["type"]>(
  { host }: ThreadRuntime,
  { threadId }: Params<"thread/fork">,
  read: Extract<ForkRead, { type: Type }>,
): Promise<Extract<ForkPage, { type: Type }>> {
  const page = await host.readFork(threadId, read);
  if ("refused" in page) throw new Refusal(page.refused);
  if (page.type !== read.type) throw new Error(`asked for ${read.type}, got ${page.type}`);
  return page as Extract<ForkPage, { type: Type }>;
}

function keepPage({ host }: ThreadRuntime, type: "frames" | "files", page: number, text: string, hashes: string[]): void {
  host.transaction(() => {
    putAside(host.sql, type, page, text);
    for (const hash of hashes) host.sql.exec("INSERT OR IGNORE INTO fork_blobs (hash) VALUES (?)", hash);
  });
}
