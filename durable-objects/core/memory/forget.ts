/** Leaving for good: because a person says so, or because time has passed. No lineage is left dangling. */
import type { Fragment } from "#core/memory/fragment";
import { aged } from "#core/memory/lifecycle";
import type { UndoRecord } from "#core/memory/undo";

/** What has to be written, null for what has to go. */
export type Changes = Map<string, Fragment | null>;

/**
 * The fragment, all that was made of it, and the dead that it was made of: a changed or merged wording may still say what was to be
 * forgotten, and a tombstone keeps its text until it leaves.
 */
export function forget(fragments: ReadonlyMap<string, Fragment>, id: string): Changes {
  const gone = new Set(fragments.has(id) ? [id] : []);
  // A set grows while it is walked, so that children of children are found.
  for (const goneId of gone) {
    for (const child of fragments.values()) if (child.lineage.parents.some((parent) => parent.id === goneId)) gone.add(child.id);
    for (const parent of fragments.get(goneId)?.lineage.parents ?? [])
      if (fragments.get(parent.id)?.state === "tombstone") gone.add(parent.id);
  }
  return new Map([...gone].map((goneId) => [goneId, null]));
}

/** True for a record whose before-images hold something that was forgotten; it has to go with it. */
export function recalls({ before, after }: UndoRecord, gone: ReadonlySet<string>): boolean {
  return before.some(({ id }) => gone.has(id)) || after.some(({ id }) => gone.has(id));
}

/** What time does to a scope: quarantined fragments die, tombstones leave, and their children forget them. */
export function sweep(fragments: ReadonlyMap<string, Fragment>, nowMs: number): Changes {
  const changes: Changes = new Map();
  for (const fragment of fragments.values()) {
    const next = aged(fragment, nowMs);
    if (next !== fragment) changes.set(fragment.id, next);
  }
  for (const fragment of fragments.values()) {
    const now = changes.has(fragment.id) ? changes.get(fragment.id) : fragment;
    if (!now) continue;
    const parents = now.lineage.parents.filter(({ id }) => id === now.id || changes.get(id) !== null);
    if (parents.length < now.lineage.parents.length) changes.set(now.id, { ...now, lineage: { ...now.lineage, parents } });
  }
  return changes;
}
