/**
 * Counts what stands in no log: in memory, told to the metrics a moment later, again and again until they have heard it, and counted once
 * because each batch has a number. No row is written for it, and nothing waits for it.
 *
 * What survives: sleep, because the pending timer keeps the object awake until everything is told. What does not: a crash or a new
 * version of the object loses what was counted since the last batch (`metricsLimits.countersIntervalMs`), and nothing before. An
 * object that wakes counts under a new `source`, so that nothing of its former life is counted twice.
 */
import { metricsLimits } from "#core/limits";
import { add, addAll, type Counts, observe } from "#core/metrics/counts";
import type { Meter } from "#core/metrics/meter";
import type { Gauges, Heard, Report } from "#core/metrics/report";
import type { CounterName, HistogramName, LabelsOf } from "#core/metrics/table";

export interface CountersHost {
  /** Random, and another one for each life of the object. */
  source: string;
  /** How the object stands; absent where it has no state that anybody adds up. Asked when a report goes out. */
  gauges?: () => Gauges;
  /** Throws when the metrics cannot be reached. */
  send(report: Report): Promise<Heard>;
  sleep(durationMs: number): Promise<void>;
  intervalMs?: number;
}

export class Counters implements Meter {
  private readonly host: CountersHost;
  private counted: Counts = {};
  private hasMoved = false;
  private unheard: Report | null = null;
  private lastNumber = 0;
  private toldGauges = "";
  private isTelling = false;

  constructor(host: CountersHost) {
    this.host = host;
  }

  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    if (by === 0) return;
    add(this.counted, name, labels, by);
    this.tellSoon();
  }

  observe(name: HistogramName, durationMs: number): void {
    observe(this.counted, name, durationMs);
    this.tellSoon();
  }

  /** The object stands otherwise than before. */
  moved(): void {
    this.hasMoved = true;
    this.tellSoon();
  }

  private tellSoon(): void {
    if (this.isTelling) return;
    this.isTelling = true;
    void this.tell();
  }

  /** Until nothing is left. Never throws. */
  private async tell(): Promise<void> {
    const { intervalMs = metricsLimits.countersIntervalMs } = this.host;
    const longestMs = Math.max(intervalMs, metricsLimits.retryPauseMsMax);
    let failures = 0;
    while (this.unheard || this.hasMoved || Object.keys(this.counted).length > 0) {
      await this.host.sleep(Math.min(intervalMs * 2 ** failures, longestMs));
      const report = this.next();
      if (!report) continue;
      try {
        await this.host.send(report);
        this.unheard = null;
        if (report.gauges) this.toldGauges = textOf(report.gauges);
        failures = 0;
      } catch {
        // The metrics are being moved, say. They hear of it with the next attempt, under the same number.
        if (report.gauges) this.hasMoved = true;
        failures += 1;
      }
    }
    this.isTelling = false;
  }

  /** What was sent and not answered goes first, as it was: it may have been heard. */
  private next(): Report | null {
    if (!this.unheard && Object.keys(this.counted).length > 0) {
      this.lastNumber += 1;
      const { lastNumber: number } = this;
      this.unheard = { source: this.host.source, from: number, to: number, counts: this.counted };
      this.counted = {};
    }
    const gauges = this.movedGauges();
    const { unheard } = this;
    if (!unheard) return gauges ? { source: this.host.source, from: 1, to: 0, counts: {}, gauges } : null;
    return gauges ? { ...unheard, gauges } : unheard;
  }

  private movedGauges(): Gauges | null {
    if (!this.hasMoved || !this.host.gauges) return null;
    this.hasMoved = false;
    const gauges = this.host.gauges();
    return textOf(gauges) === this.toldGauges ? null : gauges;
  }
}

function textOf({ values, oldestPendingAtMs }: Gauges): string {
  const moved: Counts = {};
  addAll(moved, values);
  return JSON.stringify([Object.entries(moved).toSorted(), oldestPendingAtMs]);
}
