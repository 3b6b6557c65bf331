/**
 * What the Directory has to be told, durably: the row is written with the frames that made it necessary, and leaves when the Directory
 * has answered. A lost message is sent again, a repeated one changes nothing, because each carries the `seq` it speaks of.
 */

import { limits } from "#core/limits";
import type { Sql } from "#core/sql";
import type { Host } from "#thread/host";

export function createOutboxSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, attempts INTEGER NOT NULL, retry_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS outbox_told (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS outbox_quiet (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS outbox_unsaid (turn_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;`);
}

type Row = { seq: number; attempts: number; retry_at_ms: number };

export class Outbox {
  private readonly host: Host;
  private readonly send: (after: number) => Promise<number>;
  private flushing: Promise<boolean> | null = null;

  /** `send` tells the Directory how the thread stands now and what happened after `after`; it answers how far that went. */
  constructor(host: Host, send: (after: number) => Promise<number>) {
    this.host = host;
    this.send = send;
  }

  /** Inside the transaction of the frames that changed what the Directory shows. Should we die before it is told, the alarm does it. */
  mark(seq: number): void {
    this.host.sql.exec(
      `INSERT INTO outbox (id, seq, attempts, retry_at_ms) VALUES (1, ?, 0, ?)
       ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, attempts = 0, retry_at_ms = excluded.retry_at_ms`,
      seq,
      this.host.now() + limits.heartbeatMs,
    );
  }

  /** Inside the transaction that begins a fork: what happened up to here happened in another thread, and the account heard of it then. */
  keepQuiet(seq: number): void {
    this.host.sql.exec("INSERT OR REPLACE INTO outbox_quiet (id, seq) VALUES (1, ?)", seq);
  }

  quietThrough(): number {
    return this.host.sql.exec<{ seq: number }>("SELECT seq FROM outbox_quiet").toArray()[0]?.seq ?? 0;
  }

  /** Inside the transaction that takes turns back, beside `mark`: what was said in them shall not be found any more. */
  unsay(turnIds: readonly string[]): void {
    for (const turnId of turnIds) this.host.sql.exec("INSERT OR IGNORE INTO outbox_unsaid (turn_id) VALUES (?)", turnId);
  }

  unsaidTurnIds(): string[] {
    const rows = this.host.sql.exec<{ turn_id: string }>("SELECT turn_id FROM outbox_unsaid").toArray();
    return rows.map(({ turn_id }) => turn_id);
  }

  /** The Directory has forgotten them. */
  forgetUnsaid(turnIds: readonly string[]): void {
    for (const turnId of turnIds) this.host.sql.exec("DELETE FROM outbox_unsaid WHERE turn_id = ?", turnId);
  }

  /** 1 while the Directory has something to hear. */
  get depth(): number {
    return this.row() ? 1 : 0;
  }

  /** When the alarm should try again; null when there is nothing to send. */
  dueAtMs(): number | null {
    return this.row()?.retry_at_ms ?? null;
  }

  /** Sends until nothing is left or the Directory cannot be reached. True when nothing is left. Never throws. */
  flush(): Promise<boolean> {
    this.flushing ??= this.flushAll().finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  private async flushAll(): Promise<boolean> {
    for (let row = this.row(); row; row = this.row()) {
      let through: number;
      try {
        through = await this.send(this.told());
      } catch (error) {
        const attempts = row.attempts + 1;
        const pauseMs = Math.min(limits.outboxPauseMs * 2 ** row.attempts, limits.outboxPauseMsMax);
        this.host.sql.exec("UPDATE outbox SET attempts = ?, retry_at_ms = ?", attempts, this.host.now() + pauseMs);
        this.host.report("directoryUnreachable", { attempts, error: String(error) });
        this.host.meter.count("errors_total", { where: "outbox" });
        return false;
      }
      // What was marked while we waited stays.
      this.host.sql.exec("INSERT OR REPLACE INTO outbox_told (id, seq) VALUES (1, ?)", through);
      this.host.sql.exec("DELETE FROM outbox WHERE seq <= ?", through);
    }
    return true;
  }

  /** The Directory has answered for the log up to here. */
  private told(): number {
    return this.host.sql.exec<{ seq: number }>("SELECT seq FROM outbox_told").toArray()[0]?.seq ?? 0;
  }

  private row(): Row | undefined {
    return this.host.sql.exec<Row>("SELECT seq, attempts, retry_at_ms FROM outbox").toArray()[0];
  }
}
