/** What a server left on the disk, read after it has stopped. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Bytes of all files below the folder. */
export function folderBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return bytes;
}

export interface StoredThread {
  /** Pages in use, by their size. */
  bytes: number;
  /** Rows by table, the empty ones left out. */
  rows: Record<string, number>;
  /** Rows of the log that leave it some minutes after their item is complete. */
  passingRows: number;
  /** Characters of all frames, both columns. */
  textBytes: number;
}

/** A thread's database among those of all objects. `persistTo` is Miniflare's folder. */
export function storedThread(persistTo: string, threadId: string): StoredThread {
  const folder = join(persistTo, "do/spindle-ThreadObject");
  for (const file of readdirSync(folder)) {
    if (!file.endsWith(".sqlite") || file === "metadata.sqlite") continue;
    const database = new DatabaseSync(join(folder, file));
    try {
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      const names = tables
        .map(({ name }) => String(name))
        .filter((name) => !name.startsWith("_cf_") && !name.startsWith("sqlite_"));
      if (!names.includes("frames")) continue;
      const one = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
      const first = database.prepare("SELECT params FROM frames WHERE seq = 1").get();
      if (JSON.parse(String(first?.params)).thread.id !== threadId) continue;
      const counts = names.map((name): [string, number] => [name, one(`SELECT count(*) FROM "${name}"`)]);
      return {
        bytes: (one("PRAGMA page_count") - one("PRAGMA freelist_count")) * one("PRAGMA page_size"),
        rows: Object.fromEntries(counts.filter(([, count]) => count > 0)),
        passingRows: one("SELECT count(*) FROM frames WHERE delta_of IS NOT NULL"),
        textBytes: one("SELECT sum(length(params) + coalesce(length(private), 0)) FROM frames"),
      };
    } finally {
      database.close();
    }
  }
  throw new Error(`no database of the thread ${threadId}`);
}
