/**
 * The log of one thread, in the object's SQLite: the rows are the frames on the wire. Beside it stand indexes to it (turns, items) and a
 * snapshot, all written in the same transaction as the row by the same `reduce`; each can be rebuilt from the log.
 */

import { exportedMethods } from "#core/export";
import type { Draft, Frame } from "#core/frame";
import { limits, pushLimits } from "#core/limits";
import type { FileChange, ModelItem, Private, PrivateEvent } from "#core/private";
import { modelInput } from "#core/prompt";
import { type EndedTurn, endedTurn } from "#core/push/attention";
import { reduce } from "#core/reduce";
import type { Sql } from "#core/sql";
import { openTurn, type Thread } from "#core/thread";
import type { Said } from "#directory/news";
import type { ThreadItem } from "#protocol/item";
import { accountNotifications, type Notifications } from "#protocol/notifications";
import { textOf } from "#protocol/user-input";

/** A frame ready for the wire: its text without what only clients that asked for `seq` get to see. */
export interface WireFrame {
  seq: number;
  method: string;
  text: string;
  /** Unix ms; of requests only, whose text has no time of its own. */
  askedAtMs?: number;
}

/**
 * Makes the tables. Safe to run again: a thread from before a table was known gets it when it wakes. What was reverted stays in `frames`,
 * `turns` and `items` (a late retry of a message finds it there); the views `live_…` show what is left.
 */
export function createLogSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS frames (
      seq INTEGER PRIMARY KEY,
      emitted_at_ms INTEGER NOT NULL,
      method TEXT NOT NULL,
      request_id TEXT,
      delta_of TEXT,
      has_model_items INTEGER NOT NULL,
      params TEXT NOT NULL,
      private TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS frames_for_the_model ON frames (seq) WHERE has_model_items = 1;
    CREATE INDEX IF NOT EXISTS frames_of_streamed_text ON frames (delta_of) WHERE delta_of IS NOT NULL;
    CREATE TABLE IF NOT EXISTS frame_parts (
      seq INTEGER NOT NULL, cell TEXT NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (seq, cell, part)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS turns (
      id TEXT PRIMARY KEY, started_seq INTEGER NOT NULL, completed_seq INTEGER, first_message_seq INTEGER, last_message_seq INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS turns_in_order ON turns (started_seq);
    CREATE TABLE IF NOT EXISTS items (
      id TEXT PRIMARY KEY, turn_id TEXT NOT NULL, type TEXT NOT NULL, client_id TEXT, started_seq INTEGER NOT NULL, completed_seq INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS items_in_order ON items (started_seq);
    CREATE INDEX IF NOT EXISTS items_of_turn ON items (turn_id, started_seq);
    CREATE INDEX IF NOT EXISTS items_by_client_id ON items (client_id) WHERE client_id IS NOT NULL;
    CREATE TABLE IF NOT EXISTS reverted (from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL) STRICT;
    CREATE VIEW IF NOT EXISTS live_frames AS SELECT * FROM frames
      WHERE NOT EXISTS (SELECT 1 FROM reverted WHERE frames.seq BETWEEN from_seq AND to_seq);
    CREATE VIEW IF NOT EXISTS live_turns AS SELECT * FROM turns
      WHERE NOT EXISTS (SELECT 1 FROM reverted WHERE turns.started_seq BETWEEN from_seq AND to_seq);
    CREATE VIEW IF NOT EXISTS live_items AS SELECT * FROM items
      WHERE NOT EXISTS (SELECT 1 FROM reverted WHERE items.started_seq BETWEEN from_seq AND to_seq);
    CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, thread TEXT NOT NULL) STRICT;

    CREATE TRIGGER IF NOT EXISTS frames_never_change BEFORE UPDATE ON frames
      BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER IF NOT EXISTS frames_stay BEFORE DELETE ON frames
      WHEN OLD.delta_of IS NULL OR NOT EXISTS (SELECT 1 FROM items WHERE id = OLD.delta_of AND completed_seq IS NOT NULL)
      BEGIN SELECT RAISE(ABORT, 'only streamed text of a completed item may leave the log'); END;
  `);
}

type FrameRow = {
  seq: number;
  emitted_at_ms: number;
  method: string;
  request_id: string | null;
  params: string;
  private: string | null;
};

/** Stands in a cell whose text went to `frame_parts`, because it was too long for one row. */
const elsewhere = "";

export class ThreadLog {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** Whether this object ever held a thread. Costs nothing and leaves nothing behind where it did not. */
  exists(): boolean {
    return this.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'frames'").toArray().length > 0;
  }

  /**
   * Appends drafts and their projections. Call inside a transaction: the rows and the returned thread belong together. The returned
   * thread keeps the open turn only; what is completed is read from the log when somebody asks.
   */
  append(thread: Thread | null, drafts: Draft[], nowMs: number): { thread: Thread; frames: Frame[] } {
    let folded = thread;
    const frames: Frame[] = [];
    for (const draft of drafts) {
      const frame: Frame = { ...draft, seq: (folded?.seq ?? 0) + 1, emittedAtMs: nowMs };
      this.insert(frame);
      this.index(frame);
      folded = reduce(folded, frame);
      frames.push(frame);
    }
    if (!folded) throw new Error("an empty append cannot begin a thread");
    if (openTurn(folded) === null) {
      folded = { ...folded, turns: [] };
      this.sql.exec("INSERT OR REPLACE INTO snapshot (id, seq, thread) VALUES (1, ?, ?)", folded.seq, JSON.stringify(folded));
    }
    return { thread: folded, frames };
  }

  /** The thread as it stands: the snapshot of the last moment at rest, and every frame since. Null where there is no thread. */
  load(): Thread | null {
    if (!this.exists()) return null;
    const [row] = this.sql.exec<{ seq: number; thread: string }>("SELECT seq, thread FROM snapshot").toArray();
    // The object wrote this text itself; no border is crossed.
    let thread = row ? (JSON.parse(row.thread) as Thread) : null;
    for (const frame of this.frames(row?.seq ?? 0)) thread = reduce(thread, frame);
    return thread;
  }

  /** All frames after `after`, with their private part, in order. */
  *frames(after: number): Generator<Frame> {
    for (const row of this.sql.exec<FrameRow>(`SELECT ${columns} FROM frames WHERE seq > ? ORDER BY seq`, after))
      yield this.frameOf(row);
  }

  /** Those after `after` up to `through` that never leave the log: without streamed text. */
  *lastingFrames(after: number, through: number): Generator<Frame> {
    const lasting = `SELECT ${columns} FROM frames WHERE seq > ? AND seq <= ? AND delta_of IS NULL ORDER BY seq`;
    for (const row of this.sql.exec<FrameRow>(lasting, after, through)) yield this.frameOf(row);
  }

  /** All frames after `after` without what was reverted. */
  *liveFrames(after: number): Generator<Frame> {
    for (const row of this.sql.exec<FrameRow>(`SELECT ${columns} FROM live_frames WHERE seq > ? ORDER BY seq`, after))
      yield this.frameOf(row);
  }

  /** The thread's frames as they were when `throughSeq` was the last: without what was reverted until then. */
  *framesAt(throughSeq: number, after: number): Generator<Frame> {
    for (const row of this.sql.exec<FrameRow>(
      `SELECT ${columns} FROM frames WHERE seq > ? AND seq <= ?
         AND NOT EXISTS (SELECT 1 FROM reverted WHERE frames.seq BETWEEN from_seq AND to_seq AND to_seq < ?) ORDER BY seq`,
      after,
      throughSeq,
      throughSeq,
    ))
      yield this.frameOf(row);
  }

  /** Whether the item had not ended when `seq` was the last frame. */
  isItemOpenAt(itemId: string, seq: number): boolean {
    const open = "SELECT 1 FROM items WHERE id = ? AND (completed_seq IS NULL OR completed_seq > ?)";
    return this.sql.exec(open, itemId, seq).toArray().length > 0;
  }

  frame(seq: number): Frame {
    return this.frameOf(this.sql.exec<FrameRow>(`SELECT ${columns} FROM frames WHERE seq = ?`, seq).one());
  }

  /** What clients get after `after`, at most one delivery's worth. Rows of streamed text that left the log are simply not there. */
  wireFrames(after: number): WireFrame[] {
    const frames: WireFrame[] = [];
    let characters = 0;
    const rows = this.sql.exec<FrameRow>(
      `SELECT ${columns} FROM frames WHERE seq > ? ORDER BY seq LIMIT ?`,
      after,
      limits.deliveryFramesMax,
    );
    for (const row of rows) {
      const frame = this.wire(row);
      frames.push(frame);
      characters += frame.text.length;
      if (characters >= limits.deliveryCharactersMax) break;
    }
    return frames;
  }

  /** What every client of the account is to hear, of the frames after `after` up to `through`: the newest, oldest first. */
  announcements(after: number, through: number, quietThrough: number): WireFrame[] {
    const rows = this.sql.exec<FrameRow>(
      `SELECT ${columns} FROM frames WHERE seq > ? AND seq <= ? AND (seq > ? OR method = 'thread/started')
       AND method IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT ?`,
      after,
      through,
      quietThrough,
      JSON.stringify([...accountNotifications]),
      limits.announcementsPerNewsMax,
    );
    return Array.from(rows, (row) => this.wire(row)).toReversed();
  }

  /** Turns that ended after `after` and were not taken back, oldest first: of a long past the newest. */
  endedTurns(after: number, through: number, quietThrough: number): EndedTurn[] {
    const rows = this.sql.exec<FrameRow>(
      `SELECT ${columns} FROM live_frames WHERE seq > ? AND seq <= ? AND method = 'turn/completed' ORDER BY seq DESC LIMIT ?`,
      Math.max(after, quietThrough),
      through,
      pushLimits.endedPerNewsMax,
    );
    const ended = Array.from(rows, (row) => this.frameOf(row));
    return ended
      .flatMap((frame) => (frame.method === "turn/completed" ? (endedTurn(frame.seq, frame.params.turn) ?? []) : []))
      .toReversed();
  }

  /** What responses of models cost that came behind `after`, each by its frame. */
  tokensUsed(after: number, through: number): { seq: number; tokens: number }[] {
    const rows = this.sql.exec<{ seq: number; tokens: number }>(
      `SELECT seq, json_extract(params, '$.tokenUsage.last.totalTokens') AS tokens FROM frames
       WHERE seq > ? AND seq <= ? AND method = 'thread/tokenUsage/updated' ORDER BY seq`,
      after,
      through,
    );
    return rows.toArray();
  }

  /** Messages that were completed after `after` and are still there, and how far that looked: a long past is told in pieces. */
  said(after: number, through: number): { said: Said[]; through: number } {
    const rows = this.sql
      .exec<{ seq: number; params: string }>(
        "SELECT seq, params FROM frames WHERE seq > ? AND seq <= ? AND method = 'item/completed' ORDER BY seq LIMIT ?",
        after,
        through,
        limits.saidItemsPerNewsMax,
      )
      .toArray();
    const said = rows.flatMap(({ seq, params }) => {
      const item = this.item({ seq, params });
      const text = item.type === "userMessage" ? textOf(item.content) : item.type === "agentMessage" ? item.text : "";
      const turnId = text === "" ? null : this.turnOfItem(item.id);
      return turnId === null || !this.liveTurn(turnId)
        ? []
        : [{ turnId, itemId: item.id, text: text.slice(0, limits.saidCharactersMax) }];
    });
    const isWhole = rows.length < limits.saidItemsPerNewsMax;
    return { said, through: isWhole ? through : (rows.at(-1)?.seq ?? through) };
  }

  wireFrame(seq: number): WireFrame {
    const row = this.sql.exec<FrameRow>(`SELECT ${columns} FROM frames WHERE seq = ?`, seq).one();
    return this.wire(row);
  }

  /** The input of the next model request: see `modelInput`. `from` is the frame of the last compaction: what came before is not read. */
  modelInput(from = 0, notesOf?: (turnId: string) => ModelItem | null): ModelItem[] {
    const rows = this.sql.exec<{ seq: number; private: string }>(
      "SELECT seq, private FROM live_frames WHERE has_model_items = 1 AND seq >= ? ORDER BY seq",
      from,
    );
    return modelInput(
      Array.from(rows, ({ seq, private: text }) => ({ seq, private: JSON.parse(this.whole(seq, "private", text)) as Private })),
      notesOf,
    );
  }

  /** The turn that a client's message began or joined, when that message is known. */
  turnOfClientMessage(clientId: string): string | null {
    const [row] = this.sql.exec<{ turn_id: string }>("SELECT turn_id FROM items WHERE client_id = ?", clientId).toArray();
    return row?.turn_id ?? null;
  }

  /** The item of a client's message, when that message is known. */
  itemOfClientMessage(clientId: string): string | null {
    const [row] = this.sql.exec<{ id: string }>("SELECT id FROM items WHERE client_id = ?", clientId).toArray();
    return row?.id ?? null;
  }

  turnOfItem(id: string): string | null {
    const [row] = this.sql.exec<{ turn_id: string }>("SELECT turn_id FROM items WHERE id = ?", id).toArray();
    return row?.turn_id ?? null;
  }

  /** The number of the frame with which the item begins. */
  startOfItem(id: string): number {
    return this.sql.exec<{ seq: number }>("SELECT started_seq AS seq FROM items WHERE id = ?", id).one().seq;
  }

  hasItem(id: string): boolean {
    return this.sql.exec("SELECT 1 FROM items WHERE id = ?", id).toArray().length > 0;
  }

  holdsStreamedText(): boolean {
    return this.sql.exec("SELECT 1 FROM frames WHERE delta_of IS NOT NULL LIMIT 1").toArray().length > 0;
  }

  /** Unix ms. */
  lastFrameAtMs(): number {
    return this.sql.exec<{ at: number }>("SELECT emitted_at_ms AS at FROM frames ORDER BY seq DESC LIMIT 1").one().at;
  }

  /** Lets go of streamed text whose completed item says it all. Returns how many rows left. */
  dropStreamedText(): number {
    const ripe = "delta_of IN (SELECT id FROM items WHERE completed_seq IS NOT NULL)";
    return this.sql.exec(`DELETE FROM frames WHERE delta_of IS NOT NULL AND ${ripe} RETURNING seq`).toArray().length;
  }

  /** Every change that landed in this thread and is not reverted, in order: the agent's, and those of commands that people ran. */
  *landedChanges(): Generator<FileChange> {
    for (const { private: text, seq } of this.sql.exec<{ seq: number; private: string }>(
      "SELECT seq, private FROM live_frames WHERE has_model_items = 1 ORDER BY seq",
    )) {
      const { event } = JSON.parse(this.whole(seq, "private", text)) as Private;
      if (event?.type === "settled" || event?.type === "userCommandEnded") yield* event.landed;
    }
  }

  /** Every change of a file after `after`, whoever made it and whatever became of it, in order. */
  *fileChanges(after: number): Generator<FileChange> {
    for (const { private: text, seq } of this.sql.exec<{ seq: number; private: string }>(
      "SELECT seq, private FROM frames WHERE seq > ? AND private IS NOT NULL ORDER BY seq",
      after,
    )) {
      const { event } = JSON.parse(this.whole(seq, "private", text)) as Private;
      if (event) yield* fileChangesOf(event);
    }
  }

  /** The frames of a turn, reverted or not, and those behind it up to the next turn; without streamed text. */
  *framesOfTurn(turnId: string): Generator<Frame> {
    for (const row of this.sql.exec<FrameRow>(
      `SELECT ${columns} FROM frames WHERE delta_of IS NULL
         AND seq >= (SELECT started_seq FROM turns WHERE id = ?1)
         AND seq < coalesce((SELECT min(started_seq) FROM turns WHERE started_seq > (SELECT started_seq FROM turns WHERE id = ?1)), seq + 1)
       ORDER BY seq`,
      turnId,
    ))
      yield this.frameOf(row);
  }

  /** What a person said first in a later turn; null where nobody has yet. */
  messageAfterTurn(turnId: string): string | null {
    const [row] = this.sql
      .exec<FrameRow>(
        `SELECT ${columns} FROM frames WHERE seq = (
           SELECT started_seq FROM items WHERE type = 'userMessage' AND started_seq > (SELECT completed_seq FROM turns WHERE id = ?)
           ORDER BY started_seq LIMIT 1)`,
        turnId,
      )
      .toArray();
    const item = row ? this.item(row) : null;
    return item?.type === "userMessage" ? textOf(item.content) : null;
  }

  /** Every revision of a decision tree in turns that are not reverted, in order. */
  *decisionTreeUpdates(): Generator<Notifications["spindle/decisionTree/updated"]> {
    for (const { seq, params } of this.sql.exec<{ seq: number; params: string }>(
      "SELECT seq, params FROM live_frames WHERE method = 'spindle/decisionTree/updated' ORDER BY seq",
    )) {
      // What stands in the log was typed when it was appended.
      yield JSON.parse(this.whole(seq, "params", params)) as Notifications["spindle/decisionTree/updated"];
    }
  }

  /** Those of the last turn that has one at a frame, reverted or not: what the revision at that frame is folded from. */
  decisionTreeUpdatesOfTurnAt(seq: number): Notifications["spindle/decisionTree/updated"][] {
    const updates: Notifications["spindle/decisionTree/updated"][] = [];
    for (const row of this.sql.exec<{ seq: number; params: string }>(
      "SELECT seq, params FROM frames WHERE seq <= ? AND method = 'spindle/decisionTree/updated' ORDER BY seq DESC",
      seq,
    )) {
      const update = JSON.parse(this.whole(row.seq, "params", row.params)) as Notifications["spindle/decisionTree/updated"];
      updates.unshift(update);
      if (update.revision === 1) break;
    }
    return updates;
  }

  /** The frames behind `after` that an export tells of, also those that were reverted, in order. */
  *exportedFrames(after: number): Generator<{ frame: Frame; isReverted: boolean }> {
    for (const { is_reverted, ...row } of this.sql.exec<FrameRow & { is_reverted: number }>(
      `SELECT ${columns}, EXISTS (SELECT 1 FROM reverted WHERE frames.seq BETWEEN from_seq AND to_seq) AS is_reverted
       FROM frames WHERE seq > ? AND method IN (SELECT value FROM json_each(?)) ORDER BY seq`,
      after,
      JSON.stringify(exportedMethods),
    )) {
      yield { frame: this.frameOf(row), isReverted: is_reverted === 1 };
    }
  }

  /** Where a turn that is not reverted begins and, if it has, ends. */
  liveTurn(turnId: string): { startedSeq: number; completedSeq: number | null } | null {
    const [row] = this.sql
      .exec<{ started_seq: number; completed_seq: number | null }>("SELECT * FROM live_turns WHERE id = ?", turnId)
      .toArray();
    return row ? { startedSeq: row.started_seq, completedSeq: row.completed_seq } : null;
  }

  /** Numbers of the frames behind `after` with which a turn begins, an item ends or a turn ends, without what was reverted. */
  timeline(after: number, entriesMax: number): number[] {
    const rows = this.sql.exec<{ seq: number }>(
      `SELECT seq FROM (
         SELECT started_seq AS seq FROM live_turns
         UNION ALL SELECT completed_seq FROM live_turns
         UNION ALL SELECT completed_seq FROM live_items
       ) WHERE seq > ? ORDER BY seq LIMIT ?`,
      after,
      entriesMax,
    );
    return Array.from(rows, ({ seq }) => seq);
  }

  /** Those that have not been reverted, from the frame of this number on. */
  liveTurnIds(fromSeq: number): string[] {
    const rows = this.sql.exec<{ id: string }>("SELECT id FROM live_turns WHERE started_seq >= ?", fromSeq).toArray();
    return rows.map(({ id }) => id);
  }

  /** Whether the thread ever had it, reverted or not. */
  hasTurn(turnId: string): boolean {
    return this.sql.exec("SELECT 1 FROM turns WHERE id = ?", turnId).toArray().length > 0;
  }

  /** What of the thread before a frame can only be found in the log: what a client folded, and the object let go of. */
  before(seq: number): { hasUserMessage: boolean; tokenUsage: Thread["tokenUsage"]; compactedSeq: number | null } {
    const usage = this.sql
      .exec<FrameRow>(
        `SELECT ${columns} FROM live_frames WHERE seq < ? AND method = 'thread/tokenUsage/updated' ORDER BY seq DESC LIMIT 1`,
        seq,
      )
      .toArray()
      .map((row) => this.frameOf(row))[0];
    const isMessage = "SELECT 1 FROM live_items WHERE type = 'userMessage' AND started_seq < ? LIMIT 1";
    let compactedSeq: number | null = null;
    for (const row of this.sql.exec<FrameRow>(
      `SELECT ${columns} FROM live_frames WHERE seq < ? AND method = 'item/completed' AND has_model_items = 1 ORDER BY seq DESC`,
      seq,
    )) {
      if (this.frameOf(row).private?.event?.type !== "compacted") continue;
      compactedSeq = row.seq;
      break;
    }
    return {
      hasUserMessage: this.sql.exec(isMessage, seq).toArray().length > 0,
      tokenUsage: usage?.method === "thread/tokenUsage/updated" ? usage.params.tokenUsage : null,
      compactedSeq,
    };
  }

  /** Throws the projections away and makes them again from the frames. Inside a transaction. */
  rebuild(): void {
    this.sql.exec("DELETE FROM turns");
    this.sql.exec("DELETE FROM items");
    this.sql.exec("DELETE FROM reverted");
    this.sql.exec("DELETE FROM snapshot");
    let thread: Thread | null = null;
    for (const frame of Array.from(this.frames(0))) {
      this.index(frame);
      thread = reduce(thread, frame);
      if (openTurn(thread) === null) {
        thread = { ...thread, turns: [] };
        this.sql.exec("INSERT OR REPLACE INTO snapshot (id, seq, thread) VALUES (1, ?, ?)", thread.seq, JSON.stringify(thread));
      }
    }
  }

  /** The item that a frame of it carries, from the frame's own text. */
  item({ seq, params }: { seq: number; params: string }): ThreadItem {
    // What stands in the log was typed when it was appended.
    return (JSON.parse(this.whole(seq, "params", params)) as { item: ThreadItem }).item;
  }

  private insert(frame: Frame): void {
    const hidden = frame.private;
    this.sql.exec(
      "INSERT INTO frames (seq, emitted_at_ms, method, request_id, delta_of, has_model_items, params, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      frame.seq,
      frame.emittedAtMs,
      frame.method,
      "id" in frame ? frame.id : null,
      deltaOf(frame),
      hidden?.modelItems?.length || hidden?.event?.type === "memoryUsed" ? 1 : 0,
      this.cell(frame.seq, "params", JSON.stringify(frame.params)),
      hidden ? this.cell(frame.seq, "private", JSON.stringify(hidden)) : null,
    );
  }

  /** The lists' projection: where in the log each turn and item begins and ends. */
  private index(frame: Frame): void {
    const { seq } = frame;
    switch (frame.method) {
      case "turn/started":
        this.sql.exec("INSERT INTO turns (id, started_seq) VALUES (?, ?)", frame.params.turn.id, seq);
        return;
      case "turn/completed":
        this.sql.exec("UPDATE turns SET completed_seq = ? WHERE id = ?", seq, frame.params.turn.id);
        return;
      case "thread/reverted":
        this.sql.exec(
          "INSERT INTO reverted (from_seq, to_seq) SELECT started_seq, ? FROM turns WHERE id = ?",
          seq - 1,
          frame.params.beforeTurnId ?? null,
        );
        return;
      case "item/started": {
        const { item, turnId } = frame.params;
        const clientId = item.type === "userMessage" ? item.clientId : null;
        this.sql.exec(
          "INSERT INTO items (id, turn_id, type, client_id, started_seq) VALUES (?, ?, ?, ?, ?)",
          item.id,
          turnId,
          item.type,
          clientId,
          seq,
        );
        return;
      }
      case "item/completed": {
        const { item, turnId } = frame.params;
        this.sql.exec("UPDATE items SET completed_seq = ? WHERE id = ?", seq, item.id);
        if (item.type === "userMessage") {
          this.sql.exec("UPDATE turns SET first_message_seq = ? WHERE id = ? AND first_message_seq IS NULL", seq, turnId);
        } else if (item.type === "agentMessage") {
          this.sql.exec("UPDATE turns SET last_message_seq = ? WHERE id = ?", seq, turnId);
        }
        return;
      }
    }
  }

  private frameOf(row: FrameRow): Frame {
    // What stands in the log was typed when it was appended; reading it back crosses no border.
    return {
      seq: row.seq,
      emittedAtMs: row.emitted_at_ms,
      method: row.method,
      params: JSON.parse(this.whole(row.seq, "params", row.params)),
      ...(row.request_id === null ? {} : { id: row.request_id }),
      ...(row.private === null ? {} : { private: JSON.parse(this.whole(row.seq, "private", row.private)) }),
    } as Frame;
  }

  private wire(row: FrameRow): WireFrame {
    const frame = { seq: row.seq, method: row.method, text: this.wireText(row) };
    return row.request_id === null ? frame : { ...frame, askedAtMs: row.emitted_at_ms };
  }

  /** Key order and members as the real server's: a notification carries its time, a request its id. */
  private wireText(row: FrameRow): string {
    const params = this.whole(row.seq, "params", row.params);
    return row.request_id === null
      ? `{"method":"${row.method}","params":${params},"emittedAtMs":${row.emitted_at_ms}}`
      : `{"method":"${row.method}","id":${JSON.stringify(row.request_id)},"params":${params}}`;
  }

  /** Long text is stored in parts, so that no row nears the platform's 2 MB. */
  private cell(seq: number, cell: "params" | "private", text: string): string {
    if (text.length <= limits.textCellCharactersMax) return text;
    for (let part = 0; part * limits.textCellCharactersMax < text.length; part++) {
      const begin = part * limits.textCellCharactersMax;
      const slice = text.slice(begin, begin + limits.textCellCharactersMax);
      // A cut between the halves of a surrogate pair would not survive UTF-8: the text is stored escaped as JSON.
      this.sql.exec(
        "INSERT INTO frame_parts (seq, cell, part, text) VALUES (?, ?, ?, ?)",
        seq,
        cell,
        part,
        JSON.stringify(slice),
      );
    }
    return elsewhere;
  }

  private whole(seq: number, cell: "params" | "private", text: string): string {
    if (text !== elsewhere) return text;
    const parts = this.sql.exec<{ text: string }>(
      "SELECT text FROM frame_parts WHERE seq = ? AND cell = ? ORDER BY part",
      seq,
      cell,
    );
    return Array.from(parts, (row) => JSON.parse(row.text) as string).join("");
  }
}

const columns = "seq, emitted_at_ms, method, request_id, params, private";

/** What an event says of files. */
export function fileChangesOf(event: PrivateEvent): FileChange[] {
  switch (event.type) {
    case "settled":
    case "userCommandEnded":
    case "reverted":
      return event.landed;
    case "filesWritten":
      return event.changes;
    default:
      return [];
  }
}

function deltaOf(frame: Frame): string | null {
  switch (frame.method) {
    case "item/agentMessage/delta":
    case "item/reasoning/summaryTextDelta":
    case "item/reasoning/summaryPartAdded":
    case "item/commandExecution/outputDelta":
      return frame.params.itemId;
    default:
      return null;
  }
}
