/** Threads of one account by time, name and words. A summary that is older than the one kept changes nothing; one sent twice neither. */

import { limits } from "#core/limits";
import type { Sql } from "#core/sql";
import { AccountConfig, createConfigSchema } from "#directory/config";
import type { ThreadSummary } from "#directory/summary";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";

export function createDirectorySchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS threads (
      id TEXT PRIMARY KEY, seq INTEGER NOT NULL, archived INTEGER NOT NULL, source TEXT NOT NULL, cwd TEXT NOT NULL,
      originator TEXT, model_provider TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, recency_at INTEGER NOT NULL,
      words TEXT NOT NULL, thread TEXT NOT NULL, pending_requests TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS threads_by_update ON threads (archived, updated_at, id);
    CREATE INDEX IF NOT EXISTS threads_by_creation ON threads (archived, created_at, id);
    CREATE INDEX IF NOT EXISTS threads_by_recency ON threads (archived, recency_at, id);
    CREATE TABLE IF NOT EXISTS deleted (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  `);
  createConfigSchema(sql);
}

type Row = { id: string; at: number; thread: string };

export class Directory {
  readonly config: AccountConfig;
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
    this.config = new AccountConfig(sql);
  }

  update({ threadId, seq, thread, archived, pendingRequests }: ThreadSummary): void {
    // A message of a deleted thread that was still under way must not bring it back.
    if (this.sql.exec("SELECT 1 FROM deleted WHERE id = ?", threadId).toArray().length > 0) return;
    this.sql.exec(
      `INSERT INTO threads (id, seq, archived, source, cwd, originator, model_provider, created_at, updated_at, recency_at, words, thread, pending_requests)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, archived = excluded.archived, source = excluded.source, cwd = excluded.cwd,
         originator = excluded.originator, model_provider = excluded.model_provider, updated_at = excluded.updated_at,
         recency_at = excluded.recency_at, words = excluded.words, thread = excluded.thread, pending_requests = excluded.pending_requests
       WHERE excluded.seq > threads.seq`,
      threadId,
      seq,
      archived ? 1 : 0,
      typeof thread.source === "string" ? thread.source : "unknown",
      thread.cwd,
      thread.originator,
      thread.modelProvider,
      thread.createdAt,
      thread.updatedAt,
      thread.recencyAt ?? thread.updatedAt,
      `${thread.name ?? ""}\n${thread.preview}`.toLowerCase(),
      JSON.stringify(thread),
      JSON.stringify(pendingRequests),
    );
  }

  remove(threadId: string): void {
    this.sql.exec("INSERT OR IGNORE INTO deleted (id) VALUES (?)", threadId);
    this.sql.exec("DELETE FROM threads WHERE id = ?", threadId);
  }

  /** Newest first unless asked otherwise. The cursor is `<seconds>|<thread id>`: the entry before the next page. */
  list(params: Params<"thread/list">): Result<"thread/list"> {
    const column = {
      created_at: "created_at",
      updated_at: "updated_at",
      recency_at: "recency_at",
      section_position: "recency_at",
    }[params.sortKey ?? "created_at"];
    const direction = params.sortDirection ?? "desc";
    const entriesMax = Math.min(Math.max(params.limit ?? 25, 1), limits.pageEntriesMax);
    const filter = filterOf(params);
    if (filter === "nothing") return { data: [], readStates: {}, nextCursor: null, backwardsCursor: null };
    const anchor = params.cursor ? parseCursor(params.cursor) : null;
    if (anchor) {
      filter.where.push(`(${column}, id) ${direction === "asc" ? ">" : "<"}${anchor.includeAnchor ? "=" : ""} (?, ?)`);
      filter.values.push(anchor.at, anchor.id);
    }
    const rows = this.sql
      .exec<Row>(
        `SELECT id, ${column} AS at, thread FROM threads WHERE ${filter.where.join(" AND ")} ORDER BY ${column} ${direction}, id ${direction} LIMIT ?`,
        ...filter.values,
        entriesMax + 1,
      )
      .toArray();
    const page = rows.slice(0, entriesMax);
    const first = page[0];
    const last = page.at(-1);
    return {
      // The Directory wrote this text itself, from a summary whose type it knows.
      data: page.map(({ thread }) => ({ ...(JSON.parse(thread) as Omit<WireThread, "turns">), turns: [] })),
      readStates: {},
      nextCursor: rows.length > entriesMax && last ? `${last.at}|${last.id}` : null,
      backwardsCursor: first ? `${first.at}|${first.id}|inclusive` : null,
    };
  }

  listLoaded(params: Params<"thread/loaded/list">): Result<"thread/loaded/list"> {
    const entriesMax = Math.min(Math.max(params.limit ?? limits.pageEntriesMax, 1), limits.pageEntriesMax);
    const rows = this.sql
      .exec<{ id: string }>(
        "SELECT id FROM threads WHERE archived = 0 AND id > ? ORDER BY id LIMIT ?",
        params.cursor ?? "",
        entriesMax + 1,
      )
      .toArray();
    const data = rows.slice(0, entriesMax).map(({ id }) => id);
    return { data, nextCursor: rows.length > entriesMax ? (data.at(-1) ?? null) : null };
  }
}

/** `nothing` where a filter names something that no thread here can have. */
function filterOf(params: Params<"thread/list">): { where: string[]; values: (string | number)[] } | "nothing" {
  const { sectionId, projectId, parentThreadId, ancestorThreadId, attachedToThreadId } = params;
  if (sectionId || projectId || parentThreadId || ancestorThreadId || attachedToThreadId) return "nothing";
  const where = ["archived = ?"];
  const values: (string | number)[] = [params.archived ? 1 : 0];
  const oneOf = (column: string, wanted: readonly string[] | null | undefined) => {
    if (!wanted?.length) return;
    where.push(`${column} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(wanted));
  };
  // The real server leaves `exec` and `appServer` out unless they are asked for; here no thread is of another kind than a person's.
  oneOf("source", params.sourceKinds);
  oneOf("model_provider", params.modelProviders);
  oneOf("originator", params.originators);
  oneOf("cwd", typeof params.cwd === "string" ? [params.cwd] : params.cwd);
  if (params.excludedThreadIds?.length) {
    where.push("id NOT IN (SELECT value FROM json_each(?))");
    values.push(JSON.stringify(params.excludedThreadIds));
  }
  if (params.searchTerm) {
    // `instr` and not LIKE: the platform allows patterns of 50 bytes only.
    where.push("instr(words, ?) > 0");
    values.push(params.searchTerm.toLowerCase());
  }
  return { where, values };
}

function parseCursor(text: string): { at: number; id: string; includeAnchor: boolean } {
  const [at = "", id, inclusive] = text.split("|");
  if (!/^\d{1,12}$/.test(at) || !id) throw new Refusal(refusals.invalidCursor(text));
  return { at: Number(at), id, includeAnchor: inclusive === "inclusive" };
}
