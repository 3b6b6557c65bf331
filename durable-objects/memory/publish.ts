/**
 * The way into KV: first shards that never change, then the one manifest that names them, at most one in `intervalMs`. A crash between the two
 * leaves the old generation as it was. Everything that is about to be written stands in SQL before, so that nothing in KV is unknown here.
 */
import type { Hash } from "#core/hash";
import { memoryLimits } from "#core/limits";
import { scopeOf } from "#core/memory/fragment";
import { collectable } from "#core/memory/generations";
import type { Knowledge } from "#core/memory/learn";
import { canonical, type Manifest, nextManifest, readManifest, writeManifest, writeShard } from "#core/memory/shard";
import { newStanding, type Standing } from "#core/memory/standing";
import type { Sql } from "#core/sql";
import type { Fragments } from "#memory/fragments";
import { manifestKey, shardKey } from "#memory/memory-keys";

export interface PublisherHost {
  sql: Sql;
  account: string;
  /** Unix milliseconds. */
  now(): number;
  hash: Hash;
  /** `memoryLimits.publishIntervalMs`; load runs may say less. */
  intervalMs: number;
  put(key: string, text: string): Promise<void>;
  delete(key: string): Promise<void>;
  transaction<Result>(closure: () => Result): Result;
  /** How the memory stands now. */
  standing(): Standing;
  fragments: Fragments;
}

interface Shard {
  scope: string;
  revision: number;
  hash: string;
  text: string;
}

export class Publisher {
  private readonly host: PublisherHost;
  private isRunning = false;

  constructor(host: PublisherHost) {
    this.host = host;
  }

  /** When there is something to write: the soonest that it may be. Null: nothing. */
  dueAt(nowMs: number): number | null {
    // Whoever runs it asks again when it is done.
    if (this.isRunning) return null;
    if (this.hasDoomed()) return nowMs;
    if (!this.isDirty()) return null;
    const last = this.lastAttemptAt();
    return last === null ? nowMs : Math.max(nowMs, last + this.host.intervalMs);
  }

  /** Something of what was forgotten is still in KV. */
  hasDoomed(): boolean {
    return this.doomed().length > 0;
  }

  publishedAt(): number | null {
    return this.host.sql.exec<{ at: number | null }>("SELECT max(at_ms) AS at FROM generations WHERE is_published = 1").one().at;
  }

  /** Does what is due. Never twice at the same time; whoever comes second finds it done, or due again. */
  async run(): Promise<void> {
    await this.alone(async () => {
      await this.deleteDoomed();
      const last = this.lastAttemptAt();
      if (this.isDirty() && (last === null || last + this.host.intervalMs <= this.host.now())) await this.publish();
      await this.deleteDoomed();
    });
  }

  /** Deletes what nobody can want any more. */
  async collect(): Promise<void> {
    await this.alone(() => this.deleteOld());
  }

  /** So that no shard is deleted while it is written anew. */
  private async alone(work: () => Promise<void>): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      await work();
    } finally {
      this.isRunning = false;
    }
  }

  /** Every shard of these scopes, or with null of all, leaves KV at once, whether readers still hold its manifest or not. */
  doom(scopes: readonly string[] | null): void {
    const { sql } = this.host;
    const which = scopes ? "scope IN (SELECT value FROM json_each(?))" : "? IS NULL";
    const names = scopes && JSON.stringify(scopes);
    sql.exec(`UPDATE shards SET is_doomed = 1 WHERE ${which}`, names);
    sql.exec(`UPDATE scopes SET shard_hash = NULL, shard_revision = NULL WHERE ${which}`, names);
  }

  /** Shards that nobody can want any more; see `collectable`. */
  private async deleteOld(): Promise<void> {
    const { sql } = this.host;
    const nowMs = this.host.now();
    const remembered = this.remembered();
    const wanted = new Set(remembered.flatMap(({ shards }) => shards.flatMap(({ hash, previousHash }) => [hash, previousHash])));
    const old = new Set(collectable(remembered, nowMs));
    const unnamed = sql
      .exec<{ hash: string }>(
        `SELECT hash FROM shards WHERE written_at_ms < ? AND hash NOT IN (SELECT shard_hash FROM scopes WHERE shard_hash IS NOT NULL)`,
        nowMs - memoryLimits.generationRetentionMs,
      )
      .toArray()
      .map(({ hash }) => hash)
      .filter((hash) => old.has(hash) || !wanted.has(hash));
    for (const hash of unnamed) await this.delete(hash);
    sql.exec(
      `DELETE FROM generations WHERE at_ms < ? AND generation <= (SELECT max(generation) FROM generations) - ?`,
      nowMs - memoryLimits.generationRetentionMs,
      memoryLimits.generationsKept,
    );
  }

  private async publish(): Promise<void> {
    const { sql, account, transaction } = this.host;
    const shards = transaction(() => this.changedShards());
    for (const { hash, text } of shards) await this.host.put(shardKey(account, hash), text);
    const manifest = transaction(() => this.nextGeneration(shards));
    if (!manifest) return;
    await this.host.put(manifestKey(account), writeManifest(manifest));
    sql.exec("UPDATE generations SET is_published = 1 WHERE generation = ?", manifest.generation);
    await this.deleteOld();
    transaction(() => this.forgetNames());
  }

  /** Manifests of before name no thread that was deleted since; the newest does not anyway. */
  private forgetNames(): void {
    const { sql } = this.host;
    const before = sql.exec<{ generation: number; manifest: string }>(
      "SELECT generation, manifest FROM generations WHERE generation < (SELECT max(generation) FROM generations)",
    );
    for (const { generation, manifest: text } of before.toArray()) {
      const manifest = readManifest(text);
      const scopes = JSON.stringify(manifest?.shards.map(({ scope }) => scope) ?? []);
      const gone = sql
        .exec<{ scope: string }>(
          `SELECT one.value AS scope FROM json_each(?) AS one JOIN forgotten_threads ON thread_id = substr(one.value, 8)
           WHERE one.value LIKE 'thread/%'`,
          scopes,
        )
        .toArray()
        .map(({ scope }) => scope);
      if (!manifest || gone.length === 0) continue;
      const shards = manifest.shards.filter(({ scope }) => !gone.includes(scope));
      sql.exec("UPDATE generations SET manifest = ? WHERE generation = ?", writeManifest({ ...manifest, shards }), generation);
    }
  }

  /** Their names are noted before they are written: what a crash leaves in KV is found and deleted later. */
  private changedShards(): Shard[] {
    const { sql, account, fragments, hash } = this.host;
    const rows = sql
      .exec<{ scope: string; knowledge: string; revision: number }>(
        `SELECT scope, knowledge, revision FROM scopes WHERE shard_revision IS NULL OR revision > shard_revision
         ORDER BY used_at_ms DESC, scope LIMIT ?`,
        memoryLimits.scopesMax,
      )
      .toArray();
    return rows.flatMap(({ scope: key, knowledge, revision }) => {
      const scope = scopeOf(key);
      const own = [...fragments.ofScope(key).values()];
      if (!scope || own.every(({ state }) => state === "tombstone")) {
        sql.exec("UPDATE scopes SET shard_hash = NULL, shard_revision = ? WHERE scope = ?", revision, key);
        return [];
      }
      const text = writeShard({ account, scope, knowledge: JSON.parse(knowledge) as Knowledge, fragments: own });
      const name = hash(text);
      sql.exec(
        `INSERT INTO shards (hash, scope, written_at_ms) VALUES (?, ?, ?)
         ON CONFLICT (hash) DO UPDATE SET written_at_ms = excluded.written_at_ms, is_doomed = 0`,
        name,
        key,
        this.host.now(),
      );
      return [{ scope: key, revision, hash: name, text }];
    });
  }

  /**
   * Of what was forgotten while its shard was on the way nothing is named. A generation that may not have arrived is written once more where
   * nothing changed since. Null where all is as it was published.
   */
  private nextGeneration(written: readonly Shard[]): Manifest | null {
    const { sql } = this.host;
    for (const { scope, revision, hash } of written) {
      sql.exec(
        `UPDATE scopes SET shard_hash = ?, shard_revision = ? WHERE scope = ?
         AND EXISTS (SELECT 1 FROM shards WHERE hash = ? AND is_doomed = 0)`,
        hash,
        revision,
        scope,
        hash,
      );
    }
    const nowMs = this.host.now();
    const last = this.last();
    const next = nextManifest(last?.manifest ?? null, this.shards(), this.host.standing(), nowMs);
    if (!next) {
      if (!last || last.isPublished) return null;
      sql.exec("UPDATE generations SET at_ms = ? WHERE generation = ?", nowMs, last.manifest.generation);
      return last.manifest;
    }
    const there = new Set(
      sql
        .exec<{ hash: string }>("SELECT hash FROM shards WHERE is_doomed = 0")
        .toArray()
        .map(({ hash }) => hash),
    );
    const entries = next.shards.map((entry) => ({
      ...entry,
      previousHash: entry.previousHash !== null && there.has(entry.previousHash) ? entry.previousHash : null,
    }));
    const manifest = { ...next, shards: entries };
    sql.exec(
      "INSERT INTO generations (generation, at_ms, manifest) VALUES (?, ?, ?)",
      manifest.generation,
      nowMs,
      writeManifest(manifest),
    );
    return manifest;
  }

  /** The published shards or the standing are not what they would be now, or the last manifest may not have arrived. */
  private isDirty(): boolean {
    const { sql } = this.host;
    if (sql.exec("SELECT 1 FROM scopes WHERE shard_revision IS NULL OR revision > shard_revision LIMIT 1").toArray().length > 0)
      return true;
    const last = this.last();
    if (!last) return canonical(this.host.standing()) !== canonical(newStanding);
    return !last.isPublished || nextManifest(last.manifest, this.shards(), this.host.standing(), this.host.now()) !== null;
  }

  /** The newest generation, and whether KV said that it is there. */
  private last(): { manifest: Manifest; isPublished: boolean } | null {
    const [row] = this.host.sql
      .exec<{ manifest: string; is_published: number }>(
        "SELECT manifest, is_published FROM generations ORDER BY generation DESC LIMIT 1",
      )
      .toArray();
    const manifest = row && readManifest(row.manifest);
    return manifest ? { manifest, isPublished: row.is_published === 1 } : null;
  }

  private shards(): { scope: string; hash: string }[] {
    return this.host.sql
      .exec<{ scope: string; hash: string }>(
        "SELECT scope, shard_hash AS hash FROM scopes WHERE shard_hash IS NOT NULL ORDER BY used_at_ms DESC, scope LIMIT ?",
        memoryLimits.scopesMax,
      )
      .toArray();
  }

  /** Whether it arrived or not: the platform counts attempts. */
  private lastAttemptAt(): number | null {
    return this.host.sql.exec<{ at: number | null }>("SELECT max(at_ms) AS at FROM generations").one().at;
  }

  /** Oldest first. */
  private remembered(): Manifest[] {
    return this.host.sql
      .exec<{ manifest: string }>("SELECT manifest FROM generations ORDER BY generation")
      .toArray()
      .flatMap(({ manifest }) => readManifest(manifest) ?? []);
  }

  private doomed(): string[] {
    return this.host.sql
      .exec<{ hash: string }>("SELECT hash FROM shards WHERE is_doomed = 1 ORDER BY hash")
      .toArray()
      .map(({ hash }) => hash);
  }

  private async deleteDoomed(): Promise<void> {
    for (const hash of this.doomed()) await this.delete(hash);
  }

  /** From KV first: a name that is still known is deleted again. */
  private async delete(hash: string): Promise<void> {
    await this.host.delete(shardKey(this.host.account, hash));
    this.host.sql.exec("DELETE FROM shards WHERE hash = ?", hash);
  }
}
