/**
 * What the account's memory has to be told, durably: that a turn was given notes, ended, was answered by the next message, was taken back. The row is
 * written with the frames that say so, and names the turn only: the report is read from the log when it is sent. A lost report is sent again; a
 * repeated one changes nothing, because each carries its revision.
 */
import { limits, memoryLimits } from "#core/limits";
import type { Fragment } from "#core/memory/fragment";
import type { TurnReport } from "#core/memory/report";
import type { Sql } from "#core/sql";
import type { Host } from "#thread/host";

/** A row stays when its report was sent: later revisions count on from it. */
export function createMemoryOutboxSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS memory_outbox (
      turn_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, sent_revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS memory_outbox_unsent ON memory_outbox (turn_id) WHERE sent_revision < revision;
    CREATE TABLE IF NOT EXISTS memory_outbox_retry (
      id INTEGER PRIMARY KEY CHECK (id = 1), attempts INTEGER NOT NULL, retry_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS memory_outbox_leaving (id INTEGER PRIMARY KEY CHECK (id = 1)) STRICT;
  `);
}

export class MemoryOutbox {
  private readonly host: Host;
  private readonly report: (turnId: string, revision: number) => TurnReport | null;
  private readonly taught: (turnIds: string[], fragments: Fragment[]) => void;
  private flushing: Promise<boolean> | null = null;

  /**
   * `report` reads from the log what is known of a turn; null where there is nothing to tell. `taught` hears which fragments stand
   * in the memory for the turns that it was told of.
   */
  constructor(
    host: Host,
    report: (turnId: string, revision: number) => TurnReport | null,
    taught: (turnIds: string[], fragments: Fragment[]) => void,
  ) {
    this.host = host;
    this.report = report;
    this.taught = taught;
  }

  /** Inside the transaction of the frames that say more of the turn. `isFirst`: it is this thread's to report, and not another's. */
  mark(turnId: string, { isFirst }: { isFirst: boolean }): void {
    const { sql } = this.host;
    if (isFirst) sql.exec("INSERT OR IGNORE INTO memory_outbox (turn_id, revision, sent_revision) VALUES (?, 0, 0)", turnId);
    sql.exec("UPDATE memory_outbox SET revision = revision + 1 WHERE turn_id = ?", turnId);
    this.retryAt(0, limits.heartbeatMs);
  }

  /** The same for the newest turn that the memory was told of, but for `turnId`: what people said or wrote since is about it. */
  markLast(turnId: string | null): void {
    const [row] = this.host.sql
      .exec<{ id: string }>(
        `SELECT id FROM turns JOIN memory_outbox ON turn_id = id
         WHERE id IS NOT ? AND first_message_seq IS NOT NULL ORDER BY started_seq DESC LIMIT 1`,
        turnId,
      )
      .toArray();
    if (row) this.mark(row.id, { isFirst: false });
  }

  /** What was not sent is never sent: a person said that the thread is not to be remembered. */
  drop(): void {
    this.host.sql.exec("UPDATE memory_outbox SET revision = sent_revision");
    this.host.sql.exec("DELETE FROM memory_outbox WHERE revision = 0");
  }

  /** Inside the transaction that deletes the thread. One that told nothing has nothing to take back. */
  leave(): void {
    const { sql } = this.host;
    sql.exec("INSERT OR IGNORE INTO memory_outbox_leaving (id) SELECT 1 WHERE EXISTS (SELECT 1 FROM memory_outbox)");
    sql.exec("DELETE FROM memory_outbox");
    this.retryAt(0, limits.heartbeatMs);
  }

  /** Turns that the memory has to hear of, `memoryLimits.reportedTurnsMax` at most. */
  get depth(): number {
    return this.unsent().length + (this.isLeaving() ? 1 : 0);
  }

  /** When the alarm should try again; null when there is nothing to send. */
  dueAtMs(): number | null {
    if (this.unsent().length === 0 && !this.isLeaving()) return null;
    const [row] = this.host.sql.exec<{ at: number }>("SELECT retry_at_ms AS at FROM memory_outbox_retry").toArray();
    return row?.at ?? this.host.now();
  }

  /** Sends until nothing is left or the memory cannot be reached. True when nothing is left. Never throws. */
  flush(): Promise<boolean> {
    this.flushing ??= this.flushAll().finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  private async flushAll(): Promise<boolean> {
    const { sql } = this.host;
    try {
      for (let rows = this.unsent(); rows.length > 0; rows = this.unsent()) {
        const reports = rows.flatMap(({ turn_id, revision }) => this.report(turn_id, revision) ?? []);
        const turnIds = reports.map(({ turn }) => turn.turnId);
        if (reports.length > 0) this.taught(turnIds, await this.host.reportToMemory(reports));
        // What was marked while we waited has a revision of its own, and stays.
        for (const { turn_id, revision } of rows)
          sql.exec("UPDATE memory_outbox SET sent_revision = max(sent_revision, ?) WHERE turn_id = ?", revision, turn_id);
        this.retryAt(0, 0);
      }
      if (this.isLeaving()) {
        await this.host.leaveMemory();
        sql.exec("DELETE FROM memory_outbox_leaving");
      }
      return true;
    } catch (error) {
      const [row] = sql.exec<{ attempts: number }>("SELECT attempts FROM memory_outbox_retry").toArray();
      const attempts = (row?.attempts ?? 0) + 1;
      this.retryAt(attempts, Math.min(limits.outboxPauseMs * 2 ** (attempts - 1), limits.outboxPauseMsMax));
      this.host.report("memoryUnreachable", { attempts, error: String(error) });
      this.host.meter.count("errors_total", { where: "outbox" });
      return false;
    }
  }

  private retryAt(attempts: number, pauseMs: number): void {
    const atMs = this.host.now() + pauseMs;
    this.host.sql.exec("INSERT OR REPLACE INTO memory_outbox_retry (id, attempts, retry_at_ms) VALUES (1, ?, ?)", attempts, atMs);
  }

  private unsent(): { turn_id: string; revision: number }[] {
    return this.host.sql
      .exec<{ turn_id: string; revision: number }>(
        "SELECT turn_id, revision FROM memory_outbox WHERE sent_revision < revision ORDER BY turn_id LIMIT ?",
        memoryLimits.reportedTurnsMax,
      )
      .toArray();
  }

  private isLeaving(): boolean {
    return this.host.sql.exec("SELECT 1 FROM memory_outbox_leaving").toArray().length > 0;
  }
}
