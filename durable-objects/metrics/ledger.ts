/**
 * One shard of the metrics: what its sources counted, and how its subjects stand. A report is taken in whole or not at all, once. What is
 * kept grows with the sources that reported lately and with what is pending now, not with the threads that exist.
 */
import { circuitLimits, metricsLimits } from "#core/limits";
import { add, addAll, type Counts, seriesOf } from "#core/metrics/counts";
import type { Totals } from "#core/metrics/exposition";
import { type Gauges, type Heard, isolates, type Report } from "#core/metrics/report";
import type { Sql } from "#core/sql";

export function createLedgerSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS totals (id INTEGER PRIMARY KEY CHECK (id = 1), counts TEXT NOT NULL, gauges TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS sources (source TEXT PRIMARY KEY, through INTEGER NOT NULL, heard_at_ms INTEGER NOT NULL)
      STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sources_by_age ON sources (heard_at_ms);
    CREATE TABLE IF NOT EXISTS standings (
      subject TEXT PRIMARY KEY, newness INTEGER NOT NULL, at_ms INTEGER NOT NULL, gauges TEXT NOT NULL, oldest_pending_at_ms INTEGER, works INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS standings_pending ON standings (oldest_pending_at_ms) WHERE oldest_pending_at_ms IS NOT NULL;
    CREATE INDEX IF NOT EXISTS standings_at_work ON standings (at_ms) WHERE works = 1;
  `);
}

export class Ledger {
  private readonly sql: Sql;
  private readonly now: () => number;

  /** `now`: Unix ms. */
  constructor(sql: Sql, now: () => number) {
    this.sql = sql;
    this.now = now;
  }

  /**
   * Inside a transaction. A source that is not known is believed where it begins: it reported last longer ago than sources are remembered.
   * The answer is how far the source is counted; what it sent up to there need not come again.
   */
  take({ source, from, to, counts, gauges }: Report): Heard {
    const totals = this.totals();
    if (gauges) this.stand(gauges, totals.gauges);
    const [known] = this.sql.exec<{ through: number }>("SELECT through FROM sources WHERE source = ?", source).toArray();
    const isNew = from <= to && from > (known?.through ?? 0);
    if (isNew) addAll(totals.counts, counts);
    if (from <= to) add(totals.counts, "metrics_reports_total", { result: isNew ? "applied" : "duplicate" });
    const through = isNew ? to : (known?.through ?? 0);
    if (isNew) {
      this.sql.exec("INSERT OR REPLACE INTO sources (source, through, heard_at_ms) VALUES (?, ?, ?)", source, to, this.now());
      this.forgetOldSources();
    }
    this.sql.exec(
      "INSERT OR REPLACE INTO totals (id, counts, gauges) VALUES (1, ?, ?)",
      JSON.stringify(totals.counts),
      JSON.stringify(totals.gauges),
    );
    // A source that only says how it stands is answered that nothing of its counts is missing here.
    return { through: from > to ? Math.max(through, to) : through };
  }

  /** Inside a transaction: what isolates said that are gone is forgotten first. */
  read(): Totals {
    this.forgetSilentIsolates();
    const oldest = (query: string) => this.sql.exec<{ at: number | null }>(query).one().at;
    return {
      ...this.totals(),
      oldestPendingAtMs: oldest("SELECT min(oldest_pending_at_ms) AS at FROM standings WHERE oldest_pending_at_ms IS NOT NULL"),
      stalestAtMs: oldest("SELECT min(at_ms) AS at FROM standings WHERE works = 1"),
    };
  }

  /** The newer counts: a report that was overtaken on its way changes nothing. */
  private stand({ subject, order, atMs, values, oldestPendingAtMs }: Gauges, sums: Counts): void {
    const [known] = this.sql
      .exec<{ newness: number; gauges: string }>("SELECT newness, gauges FROM standings WHERE subject = ?", subject)
      .toArray();
    if (known && known.newness > order) return;
    // This object wrote the text itself.
    if (known) addAll(sums, JSON.parse(known.gauges) as Counts, -1);
    addAll(sums, values);
    if (Object.keys(values).length === 0) {
      this.sql.exec("DELETE FROM standings WHERE subject = ?", subject);
      return;
    }
    this.sql.exec(
      "INSERT OR REPLACE INTO standings (subject, newness, at_ms, gauges, oldest_pending_at_ms, works) VALUES (?, ?, ?, ?, ?, ?)",
      subject,
      order,
      atMs,
      JSON.stringify(values),
      oldestPendingAtMs,
      worksBy in values ? 1 : 0,
    );
  }

  private forgetSilentIsolates(): void {
    const silent = this.sql
      .exec<{ subject: string; gauges: string }>(
        "SELECT subject, gauges FROM standings WHERE subject >= ? AND subject < ? AND at_ms < ?",
        isolates.from,
        isolates.to,
        this.now() - circuitLimits.silentMsMax,
      )
      .toArray();
    if (silent.length === 0) return;
    const { gauges } = this.totals();
    for (const { subject, gauges: text } of silent) {
      addAll(gauges, JSON.parse(text) as Counts, -1);
      this.sql.exec("DELETE FROM standings WHERE subject = ?", subject);
    }
    this.sql.exec("UPDATE totals SET gauges = ?", JSON.stringify(gauges));
  }

  private totals(): { counts: Counts; gauges: Counts } {
    const [row] = this.sql.exec<{ counts: string; gauges: string }>("SELECT counts, gauges FROM totals").toArray();
    // This object wrote the texts itself.
    return row
      ? { counts: JSON.parse(row.counts) as Counts, gauges: JSON.parse(row.gauges) as Counts }
      : { counts: {}, gauges: {} };
  }

  private forgetOldSources(): void {
    this.sql.exec(
      "DELETE FROM sources WHERE source IN (SELECT source FROM sources WHERE heard_at_ms < ? ORDER BY heard_at_ms LIMIT ?)",
      this.now() - metricsLimits.sourceRetentionMs,
      metricsLimits.sourcesForgottenAtOnceMax,
    );
  }
}

const worksBy = seriesOf("turns_running", {});
