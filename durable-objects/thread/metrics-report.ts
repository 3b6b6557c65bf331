/**
 * Tells the metrics what this thread's log says in numbers. Nothing is written with the frames for it and no turn waits for it: the alarm
 * folds what came since the last report. Should that die anywhere, the next one folds it again, and the numbers of the frames keep it from
 * counting twice.
 */
import { metricsLimits } from "#core/limits";
import { add, type Counts, setGauge } from "#core/metrics/counts";
import type { Gauges, Heard, Report } from "#core/metrics/report";
import { gaugesOf, newTally, type Tally, tallied } from "#core/metrics/tally";
import type { Sql } from "#core/sql";
import type { Host } from "#thread/host";
import type { ThreadLog } from "#thread/log";

/** One row: how far the metrics have heard, what has to be remembered there, and how the thread stood then. */
export function createMetricsReportSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS metrics_told (
    id INTEGER PRIMARY KEY CHECK (id = 1), source TEXT NOT NULL, seq INTEGER NOT NULL, tally TEXT NOT NULL, gauges TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT`);
}

interface Told {
  source: string;
  seq: number;
  tally: Tally;
  /** As text: it is only compared. */
  gauges: string;
  /** Unix ms. */
  atMs: number;
}

export interface MetricsReportOptions {
  host: Host;
  log: ThreadLog;
  /** The number of the thread's last frame. */
  lastSeq: () => number;
  /** How the thread stands beside its log: what is owed to others and not delivered, and its own sockets. */
  beside: () => { memory: number; directory: number; sockets: number };
}

export class MetricsReport {
  private readonly host: Host;
  private readonly log: ThreadLog;
  private readonly lastSeq: () => number;
  private readonly beside: MetricsReportOptions["beside"];
  private told: Told | null;
  private newsAtMs: number | null = null;
  private retry: { failures: number; atMs: number } | null = null;
  private flushing: Promise<boolean> | null = null;

  constructor({ host, log, lastSeq, beside }: MetricsReportOptions) {
    this.host = host;
    this.log = log;
    this.lastSeq = lastSeq;
    this.beside = beside;
    this.told = log.exists() ? this.read() : null;
  }

  /** When the alarm should tell; null when there is nothing to tell. */
  dueAtMs(): number | null {
    const now = this.host.now();
    if (!this.hasNews()) {
      this.newsAtMs = null;
      return null;
    }
    this.newsAtMs ??= now;
    const { reportPauseMs, reportIntervalMs } = metricsLimits;
    const intervalMs = this.host.metricsIntervalMs ?? reportIntervalMs;
    // While one is under way somebody has to come back, should it die.
    if (this.flushing) return now + intervalMs;
    if (this.retry) return this.retry.atMs;
    return Math.max(this.newsAtMs + Math.min(reportPauseMs, intervalMs), (this.told?.atMs ?? 0) + intervalMs);
  }

  /** Tells if it is time to. Never throws. */
  async pump(): Promise<void> {
    const dueAtMs = this.dueAtMs();
    if (dueAtMs !== null && !this.flushing && this.host.now() >= dueAtMs) await this.flush();
  }

  /** Tells all there is. True when the metrics have heard it. Never throws. */
  flush(): Promise<boolean> {
    this.flushing ??= this.flushAll().finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  private async flushAll(): Promise<boolean> {
    try {
      while (this.hasNews()) await this.tell();
      this.retry = null;
      return true;
    } catch (error) {
      const failures = (this.retry?.failures ?? 0) + 1;
      const pauseMs = Math.min(metricsLimits.retryPauseMs * 2 ** (failures - 1), metricsLimits.retryPauseMsMax);
      this.retry = { failures, atMs: this.host.now() + pauseMs };
      this.host.report("metricsUnreachable", { failures, error: String(error) });
      return false;
    }
  }

  private async tell(): Promise<void> {
    const told = this.told ?? this.begin();
    const { source } = told;
    const { to, tally, counts } = this.fold(told, this.lastSeq());
    const gauges = this.gauges(tally, source, to);
    const report: Report = { source, from: told.seq + 1, to, counts, gauges };
    const { through } = (await this.host.reportMetrics(report)) satisfies Heard;
    if (through >= told.seq && through < to) {
      // An earlier report was taken in and its answer lost: what it said is not said again.
      this.keep({ ...told, seq: through, tally: this.fold(told, through).tally });
    } else {
      this.keep({ source, seq: to, tally, gauges: textOf(gauges), atMs: this.host.now() });
    }
  }

  /** What the frames behind `told` say, up to `last` or as many as one report takes. Streamed text says nothing that is counted. */
  private fold(told: Told, last: number): { to: number; tally: Tally; counts: Counts } {
    const counts: Counts = {};
    let { tally } = told;
    let frames = 0;
    let to = last;
    for (const frame of this.log.lastingFrames(told.seq, last)) {
      tally = tallied(tally, frame, counts);
      frames += 1;
      if (frames < metricsLimits.framesPerReportMax) continue;
      to = frame.seq;
      break;
    }
    add(counts, "frames_appended_total", {}, to - told.seq);
    return { to, tally, counts };
  }

  private gauges(tally: Tally, subject: string, order: number): Gauges {
    const { values, oldestPendingAtMs } = gaugesOf(tally);
    const { memory, directory, sockets } = this.beside();
    setGauge(values, "outbox_depth", { outbox: "memory" }, memory);
    setGauge(values, "outbox_depth", { outbox: "directory" }, directory);
    setGauge(values, "sockets_open", {}, sockets);
    return { subject, order, atMs: this.host.now(), values, oldestPendingAtMs };
  }

  private hasNews(): boolean {
    const { told } = this;
    if (!told || told.seq < this.lastSeq()) return true;
    return told.gauges !== textOf(this.gauges(told.tally, told.source, told.seq));
  }

  /** The source is named before its first report goes out: another name would be counted anew. */
  private begin(): Told {
    const told: Told = { source: this.host.newId(), seq: 0, tally: newTally, gauges: "", atMs: 0 };
    this.keep(told);
    return told;
  }

  private keep(told: Told): void {
    const { source, seq, tally, gauges, atMs } = told;
    this.host.transaction(() =>
      this.host.sql.exec(
        "INSERT OR REPLACE INTO metrics_told (id, source, seq, tally, gauges, at_ms) VALUES (1, ?, ?, ?, ?, ?)",
        source,
        seq,
        JSON.stringify(tally),
        gauges,
        atMs,
      ),
    );
    this.told = told;
    this.newsAtMs = null;
  }

  private read(): Told | null {
    const [row] = this.host.sql
      .exec<{ source: string; seq: number; tally: string; gauges: string; at_ms: number }>("SELECT * FROM metrics_told")
      .toArray();
    if (!row) return null;
    const { source, seq, gauges, at_ms: atMs } = row;
    // This object wrote the text itself.
    return { source, seq, tally: JSON.parse(row.tally) as Tally, gauges, atMs };
  }
}

function textOf({ values, oldestPendingAtMs }: Gauges): string {
  return JSON.stringify([Object.entries(values).toSorted(), oldestPendingAtMs]);
}
