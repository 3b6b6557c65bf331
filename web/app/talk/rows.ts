/** A thread as rows of one long list: each item, and the end of each turn. What did not change is the same row as before. */
import type { TurnNote, TurnNotes } from "#client/turn-notes";
import type { ThreadItem } from "#protocol/item";
import type { Turn } from "#protocol/turn";

export type Row =
  | { key: string; type: "item"; item: ThreadItem; turnId: string /** The turn begins with it. */; begins: boolean }
  /** How the turn stands, or how it ended. */
  | { key: string; type: "end"; turn: Turn; note: TurnNote; isLast: boolean }
  /** What the log does not have yet. */
  | { key: string; type: "outgoing" };

interface Flattened {
  note: TurnNote;
  isLast: boolean;
  rows: Row[];
}

const noNote: TurnNote = {};
const none: Row[] = [];
const outgoing: Row = { key: "outgoing", type: "outgoing" };
/** `reduce` never mutates: the same turn has the same rows. */
const flattened = new WeakMap<Turn, Flattened>();
const itemRows = new WeakMap<ThreadItem, Row>();

export function rowsOf(turns: readonly Turn[], notes: TurnNotes, hasOutgoing: boolean): Row[] {
  const ofTurns = turns.map((turn, index) => rowsOfTurn(turn, notes[turn.id] ?? noNote, index === turns.length - 1));
  // In one go: thousands of rows are put together at every frame in which one of them changed.
  return hasOutgoing ? none.concat(...ofTurns, [outgoing]) : none.concat(...ofTurns);
}

function rowsOfTurn(turn: Turn, note: TurnNote, isLast: boolean): Row[] {
  const known = flattened.get(turn);
  if (known?.note === note && known.isLast === isLast) return known.rows;
  const rows: Row[] = [];
  for (const [index, item] of turn.items.entries()) if (isShown(item)) rows.push(itemRow(item, turn.id, index === 0));
  rows.push({ key: `${turn.id}/end`, type: "end", turn, note, isLast });
  flattened.set(turn, { note, isLast, rows });
  return rows;
}

function itemRow(item: ThreadItem, turnId: string, begins: boolean): Row {
  const row = itemRows.get(item) ?? { key: `${turnId}/${item.id}`, type: "item", item, turnId, begins };
  itemRows.set(item, row);
  return row;
}

function isShown(item: ThreadItem): boolean {
  // The words of a review are those of the message above.
  if (item.type === "exitedReviewMode") return false;
  return item.type !== "reasoning" || item.summary.some((part) => part !== "");
}
