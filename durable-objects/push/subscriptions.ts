/** The account's devices: where their pushes go. A subscription is the account's, not the socket's that brought it, and stays until it is taken back. */
import { createHash } from "node:crypto";
import { pushLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import type { Result } from "#protocol/methods";

export function createSubscriptionsSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS subscriptions (
    endpoint_hash TEXT PRIMARY KEY, endpoint TEXT NOT NULL, p256dh TEXT NOT NULL, auth TEXT NOT NULL, expires_at_ms INTEGER,
    device TEXT NOT NULL, public_key TEXT NOT NULL, subscribed_at_ms INTEGER NOT NULL, last_delivered_at_ms INTEGER, last_failure TEXT
  ) STRICT, WITHOUT ROWID;`);
}

/** What has to be known of a device to ring it. */
export interface Device {
  endpointHash: string;
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

export interface NewDevice extends Omit<Device, "endpointHash"> {
  /** Unix milliseconds; null where the browser named none. */
  expiresAtMs: number | null;
  device: string;
  /** The server's key that the browser subscribed with: pushes signed with another one are refused. */
  publicKey: string;
}

export class Subscriptions {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** The same endpoint again is the same device. Where there are too many, the one that heard nothing for longest goes. */
  keep({ endpoint, keys, expiresAtMs, device, publicKey }: NewDevice, nowMs: number): void {
    this.sql.exec(
      `INSERT INTO subscriptions (endpoint_hash, endpoint, p256dh, auth, expires_at_ms, device, public_key, subscribed_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (endpoint_hash) DO UPDATE SET p256dh = excluded.p256dh, auth = excluded.auth, expires_at_ms = excluded.expires_at_ms,
         device = excluded.device, public_key = excluded.public_key, subscribed_at_ms = excluded.subscribed_at_ms, last_failure = NULL`,
      endpointHash(endpoint),
      endpoint,
      keys.p256dh,
      keys.auth,
      expiresAtMs,
      device,
      publicKey,
      nowMs,
    );
    this.sql.exec(
      `DELETE FROM subscriptions WHERE endpoint_hash IN (
         SELECT endpoint_hash FROM subscriptions ORDER BY max(subscribed_at_ms, coalesce(last_delivered_at_ms, 0)) DESC, endpoint_hash
         LIMIT -1 OFFSET ?)`,
      pushLimits.subscriptionsMax,
    );
  }

  /** By its endpoint or by the hash of it, as a list shows it: a lost telephone cannot say its own. Whether there was one. */
  remove(endpointOrHash: string): boolean {
    const removed = this.sql.exec(
      "DELETE FROM subscriptions WHERE endpoint_hash IN (?, ?) RETURNING endpoint_hash",
      endpointOrHash,
      endpointHash(endpointOrHash),
    );
    return removed.toArray().length > 0;
  }

  removeExpired(nowMs: number): void {
    this.sql.exec("DELETE FROM subscriptions WHERE expires_at_ms <= ?", nowMs);
  }

  isEmpty(): boolean {
    return this.sql.exec("SELECT 1 FROM subscriptions LIMIT 1").toArray().length === 0;
  }

  /** Devices that take pushes signed with this key. */
  hashesFor(publicKey: string): string[] {
    const rows = this.sql.exec<{ hash: string }>(
      "SELECT endpoint_hash AS hash FROM subscriptions WHERE public_key = ?",
      publicKey,
    );
    return Array.from(rows, ({ hash }) => hash);
  }

  find(hash: string): Device | null {
    const [row] = this.sql
      .exec<{ endpoint: string; p256dh: string; auth: string }>(
        "SELECT endpoint, p256dh, auth FROM subscriptions WHERE endpoint_hash = ?",
        hash,
      )
      .toArray();
    return row ? { endpointHash: hash, endpoint: row.endpoint, keys: { p256dh: row.p256dh, auth: row.auth } } : null;
  }

  noteDelivered(hash: string, nowMs: number): void {
    this.sql.exec("UPDATE subscriptions SET last_delivered_at_ms = ?, last_failure = NULL WHERE endpoint_hash = ?", nowMs, hash);
  }

  noteFailed(hash: string, reason: string): void {
    this.sql.exec("UPDATE subscriptions SET last_failure = ? WHERE endpoint_hash = ?", reason, hash);
  }

  list(): Result<"spindle/push/list"> {
    const rows = this.sql.exec<{ hash: string; device: string; at: number; delivered: number | null; failure: string | null }>(
      `SELECT endpoint_hash AS hash, device, subscribed_at_ms AS at, last_delivered_at_ms AS delivered, last_failure AS failure
       FROM subscriptions ORDER BY subscribed_at_ms, endpoint_hash`,
    );
    return {
      data: Array.from(rows, ({ hash, device, at, delivered, failure }) => ({
        endpointHash: hash,
        device,
        subscribedAt: at,
        lastDeliveredAt: delivered,
        lastFailure: failure,
      })),
    };
  }
}

export function endpointHash(endpoint: string): string {
  return createHash("sha256").update(endpoint).digest("base64url");
}
