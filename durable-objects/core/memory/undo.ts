/** Taking a run back: what it changed is put back as it was. */
import type { Fragment } from "#core/memory/fragment";

/** Kept for `memoryLimits.retentionMs`. `before` is null for what the run made. */
export interface UndoRecord {
  at: number;
  before: { id: string; fragment: Fragment | null }[];
  /** Versions and states that the run left: the proof that nothing was built upon it. */
  after: { id: string; version: number }[];
}

/** Made before the run's fragments are written, in the same transaction. */
export function undoRecord(
  fragments: ReadonlyMap<string, Fragment>,
  changed: ReadonlyMap<string, Fragment>,
  nowMs: number,
): UndoRecord {
  const ids = [...changed.keys()].sort();
  return {
    at: nowMs,
    before: ids.map((id) => ({ id, fragment: fragments.get(id) ?? null })),
    after: ids.map((id) => ({ id, version: changed.get(id)?.version ?? 0 })),
  };
}

/**
 * What has to be written, null for what has to go. Credit that came after the run goes with it. Refuses when a later run built upon what this
 * one left (later runs are undone first), or when something of it was forgotten, which no undo brings back.
 */
export function undo(
  fragments: ReadonlyMap<string, Fragment>,
  record: UndoRecord,
): { restored: Map<string, Fragment | null> } | { refusal: string } {
  for (const { id, version } of record.after) {
    const now = fragments.get(id);
    if (!now) return { refusal: `the fragment ${id} is gone` };
    if (now.version !== version) return { refusal: `the fragment ${id} was changed again` };
  }
  const made = new Set(record.before.filter(({ fragment }) => fragment === null).map(({ id }) => id));
  for (const { id, lineage } of fragments.values()) {
    if (!made.has(id) && lineage.parents.some((parent) => made.has(parent.id)))
      return { refusal: `the fragment ${id} was made of what this run made` };
  }
  return { restored: new Map(record.before.map(({ id, fragment }) => [id, fragment])) };
}
