/** What the optimizer and people did to the fragments, each with what takes it back. Written with the change, in one transaction. */
import { memoryLimits } from "#core/limits";
import { recalls } from "#core/memory/forget";
import type { Fragment } from "#core/memory/fragment";
import type { Operation } from "#core/memory/operation";
import { type UndoRecord, undo, undoRecord } from "#core/memory/undo";
import type { Sql } from "#core/sql";
import type { Fragments } from "#memory/fragments";

/** `routine` needs no model; `trial` is the test of memory against none. */
export type RunBy = "routine" | "model" | "promotion" | "person" | "trial";

export interface Run {
  id: string;
  atMs: number;
  scope: string;
  by: RunBy;
  summary: string;
  canBeUndone: boolean;
  undoneAtMs: number | null;
}

type Row = {
  id: string;
  at_ms: number;
  scope: string;
  by: RunBy;
  summary: string;
  undoable: number;
  undone_at_ms: number | null;
};

const columns = "id, at_ms, scope, by, summary, undo IS NOT NULL AND undone_at_ms IS NULL AS undoable, undone_at_ms";

export interface RunsHost {
  sql: Sql;
  now(): number;
  newId(): string;
}

export class Runs {
  private readonly host: RunsHost;
  private readonly fragments: Fragments;

  constructor(host: RunsHost, fragments: Fragments) {
    this.host = host;
    this.fragments = fragments;
  }

  /** Writes the changed fragments and how they were. Call it within a transaction. */
  apply(
    run: { scope: string; by: RunBy; summary: string; plan: readonly Operation[] },
    changed: ReadonlyMap<string, Fragment>,
  ): string {
    const nowMs = this.host.now();
    const record = undoRecord(this.fragments.named([...changed.keys()]), changed, nowMs);
    const id = this.insert(run, JSON.stringify(run.plan), JSON.stringify(record));
    this.fragments.put(changed, nowMs);
    return id;
  }

  /** A line that nothing can be undone of. */
  note(run: { scope: string; by: RunBy; summary: string }): void {
    this.insert(run, null, null);
  }

  private insert(
    { scope, by, summary }: { scope: string; by: RunBy; summary: string },
    plan: string | null,
    undoText: string | null,
  ) {
    const id = this.host.newId();
    this.host.sql.exec(
      "INSERT INTO runs (id, at_ms, scope, by, summary, plan, undo) VALUES (?, ?, ?, ?, ?, ?, ?)",
      id,
      this.host.now(),
      scope,
      by,
      summary,
      plan,
      undoText,
    );
    return id;
  }

  /** The newest first, behind `before`. */
  page(before: string | null, entriesMax: number): Run[] {
    return this.host.sql
      .exec<Row>(
        `SELECT ${columns} FROM runs WHERE ? IS NULL OR (at_ms, id) < (SELECT at_ms, id FROM runs WHERE id = ?)
         ORDER BY at_ms DESC, id DESC LIMIT ?`,
        before,
        before,
        entriesMax,
      )
      .toArray()
      .map(runOf);
  }

  /** Those that changed the fragment and can still be undone. */
  ofFragment(fragmentId: string): Run[] {
    return this.host.sql
      .exec<Row>(
        `SELECT ${columns} FROM runs WHERE undo IS NOT NULL
         AND EXISTS (SELECT 1 FROM json_each(runs.undo, '$.after') WHERE json_extract(value, '$.id') = ?) ORDER BY at_ms DESC, id DESC`,
        fragmentId,
      )
      .toArray()
      .map(runOf);
  }

  /** Puts back what the run changed, or says why not. Null: there is no such run. */
  undo(id: string): { ids: string[] } | { refusal: string } | null {
    const [row] = this.host.sql
      .exec<{ undo: string | null; undone_at_ms: number | null }>("SELECT undo, undone_at_ms FROM runs WHERE id = ?", id)
      .toArray();
    if (!row) return null;
    if (row.undone_at_ms !== null) return { refusal: "it was undone already" };
    if (row.undo === null) return { refusal: "nothing is kept that could be put back" };
    // `apply` wrote it.
    const record = JSON.parse(row.undo) as UndoRecord;
    const undone = undo(this.fragments.all(), record);
    if ("refusal" in undone) return undone;
    const nowMs = this.host.now();
    this.fragments.put(undone.restored, nowMs);
    this.host.sql.exec("UPDATE runs SET undone_at_ms = ?, plan = NULL, undo = NULL WHERE id = ?", nowMs, id);
    return { ids: [...undone.restored.keys()] };
  }

  /** No text of what was forgotten may stay in a plan or a before-image. */
  forget(gone: ReadonlySet<string>): void {
    const rows = this.host.sql.exec<{ id: string; undo: string }>("SELECT id, undo FROM runs WHERE undo IS NOT NULL").toArray();
    for (const { id, undo: text } of rows) {
      if (!recalls(JSON.parse(text) as UndoRecord, gone)) continue;
      this.host.sql.exec("UPDATE runs SET plan = NULL, undo = NULL WHERE id = ?", id);
    }
  }

  forgetAll(): void {
    this.host.sql.exec("DELETE FROM runs");
  }

  sweep(): void {
    const { sql } = this.host;
    sql.exec("DELETE FROM runs WHERE at_ms < ?", this.host.now() - memoryLimits.retentionMs);
    sql.exec(
      "DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY at_ms DESC, id DESC LIMIT -1 OFFSET ?)",
      memoryLimits.runsMax,
    );
  }
}

function runOf({ id, at_ms, scope, by, summary, undoable, undone_at_ms }: Row): Run {
  return { id, atMs: at_ms, scope, by, summary, canBeUndone: undoable === 1, undoneAtMs: undone_at_ms };
}
