/** Threads of one account by time, name and words. A summary that is older than the one kept changes nothing; one sent twice neither. */

import { limits } from "#core/limits";
import { searchTermOf } from "#core/occurrence";
import type { Sql } from "#core/sql";
import { AccountConfig, createConfigSchema } from "#directory/config";
import type { ThreadNews } from "#directory/news";
import { createSearchSchema, SearchIndex } from "#directory/search-index";
import { createSectionsSchema, Sections } from "#directory/sections";
import type { ThreadSummary } from "#directory/summary";
import { addressProblem } from "#outbound/public-address";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { Notifications } from "#protocol/notifications";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { WireThread } from "#protocol/thread";

export function createDirectorySchema(sql: Sql): void {
  createSectionsSchema(sql);
  createSearchSchema(sql);
  sql.exec(`
    CREATE TABLE IF NOT EXISTS threads (
      id TEXT PRIMARY KEY, seq INTEGER NOT NULL, archived INTEGER NOT NULL, source TEXT NOT NULL, cwd TEXT NOT NULL,
      originator TEXT, model_provider TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, recency_at INTEGER NOT NULL,
      words TEXT NOT NULL, thread TEXT NOT NULL, pending_requests TEXT NOT NULL, read_state TEXT NOT NULL DEFAULT 'null'
    ) STRICT;
    CREATE INDEX IF NOT EXISTS threads_by_update ON threads (archived, updated_at, id);
    CREATE INDEX IF NOT EXISTS threads_by_creation ON threads (archived, created_at, id);
    CREATE INDEX IF NOT EXISTS threads_by_recency ON threads (archived, recency_at, id);
    CREATE INDEX IF NOT EXISTS threads_that_wait ON threads (id) WHERE pending_requests <> '[]';
    CREATE TABLE IF NOT EXISTS heard (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS unspoken (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS deleted (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  `);
  // Of Directories from before there was a read state.
  if (sql.exec("SELECT 1 FROM pragma_table_info('threads') WHERE name = 'read_state'").toArray().length === 0)
    sql.exec("ALTER TABLE threads ADD COLUMN read_state TEXT NOT NULL DEFAULT 'null'");
  createConfigSchema(sql);
}

type Row = { id: string; at: number; thread: string; read_state: string; section_id: string | null };

type Filter = { where: string[]; values: (string | number)[] };

const sortColumns = {
  created_at: "created_at",
  updated_at: "updated_at",
  recency_at: "recency_at",
  section_position: "position",
} as const;

export interface DirectoryHost {
  sql: Sql;
  /** Unix milliseconds. */
  now(): number;
  /** A new UUIDv7. */
  newId(): string;
  /** Tells every client of the account something about a thread. */
  announce(threadId: string, frame: { method: string; text: string }): void;
  /** Why an MCP server's address may not be called, null where it may. Absent: only names of the public DNS are. */
  mcpAddressProblem?(url: string): string | null;
}

export class Directory {
  readonly config: AccountConfig;
  readonly sections: Sections;
  private readonly index: SearchIndex;
  /** Null when it has to be counted anew. */
  private threadsKnown: number | null = null;
  private readonly host: DirectoryHost;
  private readonly sql: Sql;

  constructor(host: DirectoryHost) {
    this.host = host;
    this.sql = host.sql;
    this.config = new AccountConfig(
      host.sql,
      host.mcpAddressProblem ?? ((url) => addressProblem(url, { servesThisMachineOnly: false })),
    );
    this.sections = new Sections(host.sql, host.newId);
    this.index = new SearchIndex(host.sql);
  }

  update({ threadId, seq, thread, readState, archived, pendingRequests }: ThreadSummary): void {
    // A message of a deleted thread that was still under way must not bring it back.
    if (this.isDeleted(threadId)) return;
    // A thread in which nobody has said anything, or no longer, stands in no list but that of the loaded ones.
    if (thread.preview === "") {
      const isOld = this.sql.exec("SELECT 1 FROM threads WHERE id = ? AND seq >= ?", threadId, seq).toArray().length > 0;
      if (isOld) return;
      this.sql.exec("DELETE FROM threads WHERE id = ?", threadId);
      this.sql.exec(archived ? "DELETE FROM unspoken WHERE id = ?" : "INSERT OR IGNORE INTO unspoken (id) VALUES (?)", threadId);
      return;
    }
    this.sql.exec("DELETE FROM unspoken WHERE id = ?", threadId);
    this.sql.exec(
      `INSERT INTO threads (id, seq, archived, source, cwd, originator, model_provider, created_at, updated_at, recency_at, words, thread, pending_requests, read_state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, archived = excluded.archived, source = excluded.source, cwd = excluded.cwd,
         originator = excluded.originator, model_provider = excluded.model_provider, updated_at = excluded.updated_at,
         recency_at = excluded.recency_at, words = excluded.words, thread = excluded.thread, pending_requests = excluded.pending_requests,
         read_state = excluded.read_state
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
      JSON.stringify(readState),
    );
    this.index.entitle(threadId, [thread.name, thread.preview].filter((text) => text).join("\n"));
  }

  /** What was said, and what is taken back. A deleted thread says nothing any more. */
  take(threadId: string, { said, unsaidTurnIds }: ThreadNews): void {
    if (this.isDeleted(threadId)) return;
    for (const message of said) this.index.add(threadId, message);
    for (const turnId of unsaidTurnIds) this.index.removeTurn(threadId, turnId);
  }

  isDeleted(threadId: string): boolean {
    return this.sql.exec("SELECT 1 FROM deleted WHERE id = ?", threadId).toArray().length > 0;
  }

  /** Threads that told of themselves and are not deleted; ephemeral ones tell nothing. */
  countThreads(): number {
    const query = "SELECT count(*) AS count FROM heard WHERE id NOT IN (SELECT id FROM deleted)";
    this.threadsKnown ??= this.sql.exec<{ count: number }>(query).one().count;
    return this.threadsKnown;
  }

  /** The thread's log up to here has been heard of. */
  heard(threadId: string): number {
    const rows = this.sql.exec<{ seq: number }>("SELECT seq FROM heard WHERE id = ?", threadId).toArray();
    return rows[0]?.seq ?? 0;
  }

  hear(threadId: string, seq: number): void {
    if (this.heard(threadId) === 0) this.threadsKnown = null;
    this.sql.exec("INSERT INTO heard (id, seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq", threadId, seq);
  }

  remove(threadId: string): void {
    this.threadsKnown = null;
    this.sql.exec("INSERT OR IGNORE INTO deleted (id) VALUES (?)", threadId);
    this.sql.exec("DELETE FROM threads WHERE id = ?", threadId);
    this.sql.exec("DELETE FROM unspoken WHERE id = ?", threadId);
    this.sql.exec("DELETE FROM heard WHERE id = ?", threadId);
    this.sections.forget(threadId);
    this.index.removeThread(threadId);
  }

  moveToSection(params: Params<"thread/section/move">): Result<"thread/section/move"> {
    const { threadId, sectionId } = params;
    if (this.isDeleted(threadId) || this.heard(threadId) === 0) throw new Refusal(refusals.threadNotFound(threadId));
    this.sections.move(params, Math.floor(this.host.now() / 1000));
    this.announceSection(threadId, sectionId);
    return {};
  }

  deleteSection(params: Params<"threadSection/delete">): Result<"threadSection/delete"> {
    for (const threadId of this.sections.delete(params)) this.announceSection(threadId, null);
    return {};
  }

  private announceSection(threadId: string, sectionId: string | null): void {
    const method = "thread/section/changed";
    const params: Notifications[typeof method] = { threadId, sectionId };
    this.host.announce(threadId, { method, text: JSON.stringify({ method, params, emittedAtMs: this.host.now() }) });
  }

  /** Newest first unless asked otherwise. */
  list(params: Params<"thread/list">): Result<"thread/list"> {
    if (params.sortKey === "section_position" && !params.sectionId) throw new Refusal(refusals.sectionSortNeedsSection());
    const filter = filterOf(params);
    if (filter === "nothing") return { data: [], readStates: {}, nextCursor: null, backwardsCursor: null };
    const { rows, ...cursors } = this.page({ from: "threads", also: "", values: [] }, filter, params);
    return { data: rows.map((row) => this.threadOf(row)), readStates: readStatesOf(rows), ...cursors };
  }

  /** Threads in whose name or messages the term stands, letter case aside. */
  search(params: Params<"thread/search">): Result<"thread/search"> {
    const term = searchTermOf("thread/search", params.searchTerm);
    const { sql, values } = this.index.matching(term);
    const from = `(${sql}) AS matches JOIN threads ON threads.id = matches.thread_id JOIN said ON said.id = said_id`;
    const { archived, sourceKinds } = params;
    const filter = filterOf({ archived, sourceKinds });
    if (filter === "nothing") return { data: [], nextCursor: null, backwardsCursor: null };
    const { rows, ...cursors } = this.page<Row & { text: string; item_id: string }>(
      { from, also: ", said.text AS text, said.item_id AS item_id", values },
      filter,
      params,
    );
    return {
      data: rows.map((row) => ({
        thread: this.threadOf(row),
        snippet: this.index.snippet(row.text, term),
        itemId: this.index.itemIdOf(row.item_id),
      })),
      ...cursors,
    };
  }

  /** The cursor is `<seconds>|<thread id>`: the entry before the next page. */
  private page<Found extends Row>(
    source: { from: string; also: string; values: string[] },
    { where, values }: Filter,
    params: Pick<Params<"thread/list">, "cursor" | "limit" | "sortKey" | "sortDirection">,
  ): { rows: Found[]; nextCursor: string | null; backwardsCursor: string | null } {
    const column = sortColumns[params.sortKey ?? "created_at"];
    // A section is read from its beginning; everything else from what is newest.
    const direction = params.sortDirection ?? (params.sortKey === "section_position" ? "asc" : "desc");
    const entriesMax = Math.min(Math.max(params.limit ?? 25, 1), limits.pageEntriesMax);
    const anchor = params.cursor ? parseCursor(params.cursor) : null;
    const beyond = anchor
      ? [`(${column}, threads.id) ${direction === "asc" ? ">" : "<"}${anchor.includeAnchor ? "=" : ""} (?, ?)`]
      : [];
    const found = this.sql
      .exec(
        `SELECT threads.id AS id, ${column} AS at, thread, read_state, section_id${source.also}
         FROM ${source.from} LEFT JOIN section_members ON section_members.thread_id = threads.id
         WHERE ${[...where, ...beyond].join(" AND ")} ORDER BY ${column} ${direction}, threads.id ${direction} LIMIT ?`,
        ...source.values,
        ...values,
        ...(anchor ? [anchor.at, anchor.id] : []),
        entriesMax + 1,
      )
      .toArray() as unknown as Found[];
    const rows = found.slice(0, entriesMax);
    const first = rows[0];
    const last = rows.at(-1);
    return {
      rows,
      nextCursor: found.length > entriesMax && last ? `${last.at}|${last.id}` : null,
      backwardsCursor: first ? `${first.at}|${first.id}|inclusive` : null,
    };
  }

  /** The Directory wrote this text itself, from a summary whose type it knows. */
  private threadOf({ id, thread, section_id }: Row): WireThread {
    const place = section_id === null ? {} : this.sections.placeOf(id);
    return { ...(JSON.parse(thread) as Omit<WireThread, "turns">), ...place, turns: [] };
  }

  listLoaded(params: Params<"thread/loaded/list">): Result<"thread/loaded/list"> {
    const entriesMax = Math.min(Math.max(params.limit ?? limits.pageEntriesMax, 1), limits.pageEntriesMax);
    const rows = this.sql
      .exec<{ id: string }>(
        `SELECT id FROM (SELECT id FROM threads WHERE archived = 0 UNION ALL SELECT id FROM unspoken)
         WHERE id > ? ORDER BY id LIMIT ?`,
        params.cursor ?? "",
        entriesMax + 1,
      )
      .toArray();
    const data = rows.slice(0, entriesMax).map(({ id }) => id);
    return { data, nextCursor: rows.length > entriesMax ? (data.at(-1) ?? null) : null };
  }
}

/** By thread id; those that have none are not there. The Directory wrote this text itself. */
function readStatesOf(page: Row[]): Record<string, ThreadReadState> {
  const states = page.map(({ id, read_state }) => [id, JSON.parse(read_state) as ThreadReadState | null] as const);
  return Object.fromEntries(states.flatMap(([id, state]) => (state ? [[id, state]] : [])));
}

/** `nothing` where a filter names something that no thread here can have. */
function filterOf(params: Partial<Params<"thread/list">>): Filter | "nothing" {
  const { projectId, parentThreadId, ancestorThreadId, attachedToThreadId } = params;
  if (projectId || parentThreadId || ancestorThreadId || attachedToThreadId) return "nothing";
  const where = ["archived = ?"];
  const values: (string | number)[] = [params.archived ? 1 : 0];
  const oneOf = (column: string, wanted: readonly string[] | null | undefined) => {
    if (!wanted?.length) return;
    where.push(`${column} IN (SELECT value FROM json_each(?))`);
    values.push(JSON.stringify(wanted));
  };
  if (params.sectionId === null) where.push("section_id IS NULL");
  else if (params.sectionId !== undefined) {
    where.push("section_id = ?");
    values.push(params.sectionId);
  }
  // The real server leaves `exec` and `appServer` out unless they are asked for; here no thread is of another kind than a person's.
  oneOf("source", params.sourceKinds);
  oneOf("model_provider", params.modelProviders);
  oneOf("originator", params.originators);
  oneOf("cwd", typeof params.cwd === "string" ? [params.cwd] : params.cwd);
  if (params.excludedThreadIds?.length) {
    where.push("threads.id NOT IN (SELECT value FROM json_each(?))");
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
