/** Pages of a thread's turns and items, read from the log by its indexes. */

import type { Frame } from "#core/frame";
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";
import { openTurn, type Thread } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { ThreadItem } from "#protocol/item";
import type { Turn } from "#protocol/turn";
import type { ThreadLog } from "#thread/log";

export type SortDirection = "asc" | "desc";
export type ItemsView = Turn["itemsView"];

export interface Page<Entry> {
  data: Entry[];
  nextCursor: string | null;
  backwardsCursor: string | null;
}

export interface ItemEntry {
  turnId: string;
  item: ThreadItem;
  startedAtMs: number | null;
  completedAtMs: number | null;
}

type TurnRow = {
  id: string;
  started_seq: number;
  completed_seq: number | null;
  first_message_seq: number | null;
  last_message_seq: number | null;
};
/** An item's place, with the text of the frame that says most of it: one query for a page, because a query costs more than a row. */
type ItemRow = { id: string; turn_id: string; started_seq: number; completed_seq: number | null; seq: number; params: string };

export class History {
  private readonly sql: Sql;
  private readonly log: ThreadLog;

  constructor(sql: Sql, log: ThreadLog) {
    this.sql = sql;
    this.log = log;
  }

  /** `limit` entries from `cursor` on, in the asked direction. `thread` is the folded one: its open items are newer than their rows. */
  turns(
    thread: Thread,
    page: { cursor?: string | null; limit?: number | null; sortDirection?: SortDirection | null; itemsView?: ItemsView | null },
  ): Page<Turn> {
    const view = page.itemsView ?? "summary";
    const rows = this.page<TurnRow>("turns", "", [], page.cursor, page.limit ?? 25, page.sortDirection ?? "desc");
    return { ...rows, data: rows.data.map((row) => withoutOpenItems(this.turn(thread, row, view))) };
  }

  items(
    thread: Thread,
    page: { turnId?: string | null; cursor?: string | null; limit?: number | null; sortDirection?: SortDirection | null },
  ): Page<ItemEntry> {
    const [where, values] = page.turnId ? ["turn_id = ? AND ", [page.turnId]] : ["", []];
    const rows = this.page<ItemRow>("items", where, values, page.cursor, page.limit ?? 100, page.sortDirection ?? "asc");
    const running = openTurn(thread)?.id;
    const entries = rows.data.map((row) => this.entry(thread, row));
    return { ...rows, data: entries.filter(({ turnId, completedAtMs }) => turnId !== running || completedAtMs !== null) };
  }

  /** Every turn with all its items, oldest first: what clients of the older kind ask for. */
  allTurns(thread: Thread): Turn[] {
    const rows = this.sql.exec<TurnRow>("SELECT * FROM live_turns ORDER BY started_seq");
    return Array.from(rows).map((row) => this.turn(thread, row, "full"));
  }

  /** Also one that was reverted: a late retry of its message gets it, and not another. */
  turnById(thread: Thread, turnId: string, view: ItemsView): Turn | null {
    const [row] = this.sql.exec<TurnRow>("SELECT * FROM turns WHERE id = ?", turnId).toArray();
    return row ? this.turn(thread, row, view) : null;
  }

  /** Where a client that resumes starts to page backwards: at the newest turn and item. */
  newest(): { turnsBackwardsCursor: string | null; itemsBackwardsCursor: string | null } {
    return { turnsBackwardsCursor: this.newestOf("turns"), itemsBackwardsCursor: this.newestOf("items") };
  }

  /** Those of a turn's items that are asked for, in the thread's order. */
  itemsById(thread: Thread, turnId: string, itemIds: string[]): ItemEntry[] {
    return this.sql
      .exec<ItemRow>(
        `SELECT * FROM ${tables.items} WHERE turn_id = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY started_seq`,
        turnId,
        JSON.stringify(itemIds),
      )
      .toArray()
      .map((row) => this.entry(thread, row));
  }

  /** The newest turn's id, null where nobody has spoken yet. */
  newestTurnId(): string | null {
    const [row] = this.sql.exec<{ id: string }>("SELECT id FROM live_turns ORDER BY started_seq DESC LIMIT 1").toArray();
    return row?.id ?? null;
  }

  /** Completed messages of people and the agent from `seq` on, oldest first. */
  *messages(seq: number): Generator<{ seq: number; turnId: string; turnCursor: string; item: ThreadItem }> {
    const rows = this.sql.exec<ItemRow & { turn_seq: number }>(
      `SELECT said.*, turns.started_seq AS turn_seq FROM ${tables.items} AS said JOIN items ON items.id = said.id
       JOIN turns ON turns.id = said.turn_id
       WHERE said.started_seq >= ? AND said.completed_seq IS NOT NULL AND items.type IN ('userMessage', 'agentMessage')
       ORDER BY said.started_seq`,
      seq,
    );
    for (const row of rows) {
      const turnCursor = cursorText({ kind: "turns", seq: row.turn_seq, includeAnchor: true });
      yield { seq: row.started_seq, turnId: row.turn_id, turnCursor, item: this.log.item(row) };
    }
  }

  /** A cursor that continues behind the item; refused when the thread has no such item. */
  cursorAtItem(itemId: string): string {
    const [row] = this.sql.exec<{ started_seq: number }>("SELECT started_seq FROM live_items WHERE id = ?", itemId).toArray();
    if (!row) throw new Refusal(refusals.invalidCursor(itemId));
    return cursorText({ kind: "items", seq: row.started_seq, includeAnchor: false });
  }

  private newestOf(kind: Kind): string | null {
    const { seq } = this.sql.exec<{ seq: number | null }>(`SELECT max(started_seq) AS seq FROM live_${kind}`).one();
    return seq === null ? null : cursorText({ kind, seq, includeAnchor: true });
  }

  private page<Row extends { started_seq: number }>(
    kind: Kind,
    where: string,
    values: string[],
    cursor: string | null | undefined,
    wanted: number,
    direction: SortDirection,
  ): { data: Row[]; nextCursor: string | null; backwardsCursor: string | null } {
    const entriesMax = Math.min(Math.max(wanted, 1), limits.pageEntriesMax);
    const anchor = cursor ? parseCursor(cursor, kind) : null;
    const beyond = `${direction === "asc" ? ">" : "<"}${anchor?.includeAnchor ? "=" : ""}`;
    const rows = this.sql
      .exec(
        `SELECT * FROM ${tables[kind]} WHERE ${where}started_seq ${anchor ? beyond : ">="} ? ORDER BY started_seq ${direction} LIMIT ?`,
        ...values,
        anchor?.seq ?? 0,
        entriesMax + 1,
      )
      .toArray() as unknown as Row[];
    const data = rows.slice(0, entriesMax);
    const first = data[0];
    const last = data.at(-1);
    return {
      data,
      nextCursor: rows.length > entriesMax && last ? cursorText({ kind, seq: last.started_seq, includeAnchor: false }) : null,
      backwardsCursor: first ? cursorText({ kind, seq: first.started_seq, includeAnchor: true }) : null,
    };
  }

  private turn(thread: Thread, row: TurnRow, view: ItemsView): Turn {
    const frame = this.log.frame(row.completed_seq ?? row.started_seq);
    if (frame.method !== "turn/completed" && frame.method !== "turn/started")
      throw new Error(`seq ${frame.seq} is no frame of a turn`);
    return { ...frame.params.turn, itemsView: view, items: this.itemsOf(thread, row, view) };
  }

  private itemsOf(thread: Thread, row: TurnRow, view: ItemsView): ThreadItem[] {
    if (view === "notLoaded") return [];
    if (view === "full") {
      const rows = this.sql.exec<ItemRow>(`SELECT * FROM ${tables.items} WHERE turn_id = ? ORDER BY started_seq`, row.id);
      return Array.from(rows).map((item) => this.entry(thread, item).item);
    }
    return [row.first_message_seq, row.last_message_seq].flatMap((seq) => (seq === null ? [] : [itemOf(this.log.frame(seq))]));
  }

  /** A completed item as its frame says; an open one as it stands, with what was streamed so far. */
  private entry(thread: Thread, row: ItemRow): ItemEntry {
    const open = row.completed_seq === null ? thread.turns.at(-1)?.items.find(({ id }) => id === row.id) : undefined;
    const item = open ?? this.log.item(row);
    return { turnId: row.turn_id, item, startedAtMs: item.startedAtMs, completedAtMs: item.completedAtMs };
  }
}

/**
 * What the running turn has not finished yet stands in no list, as on the real server: it comes to a client that resumes as
 * `item/started`. A client that pages after it has resumed, as Codex's own does, would otherwise show it twice.
 */
export function withoutOpenItems(turn: Turn): Turn {
  return turn.status === "inProgress"
    ? { ...turn, items: turn.items.filter(({ completedAtMs }) => completedAtMs !== null) }
    : turn;
}

type Kind = "turns" | "items";
const tables: Record<Kind, string> = {
  turns: "live_turns",
  items:
    "(SELECT live_items.id, turn_id, started_seq, completed_seq, seq, params FROM live_items JOIN frames ON seq = coalesce(completed_seq, started_seq))",
};
type Cursor = { kind: Kind; seq: number; includeAnchor: boolean };

function cursorText(cursor: Cursor): string {
  return JSON.stringify(cursor);
}

function parseCursor(text: string, kind: Kind): Cursor {
  try {
    const cursor: unknown = JSON.parse(text);
    if (typeof cursor === "object" && cursor !== null && "seq" in cursor && "kind" in cursor && cursor.kind === kind) {
      const includeAnchor = "includeAnchor" in cursor && cursor.includeAnchor === true;
      if (typeof cursor.seq === "number") return { kind, seq: cursor.seq, includeAnchor };
    }
  } catch {
    // Not JSON: refused below like every other text that is no cursor of ours.
  }
  throw new Refusal(refusals.invalidCursor(text));
}

function itemOf(frame: Frame): ThreadItem {
  if (frame.method !== "item/completed" && frame.method !== "item/started")
    throw new Error(`seq ${frame.seq} is no frame of an item`);
  return frame.params.item;
}
