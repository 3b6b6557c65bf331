/** Assumptions whose truth became known, and what they teach: what a stated probability meant, and how far a probe could be trusted. */
import { type Calibration, isRefitDue, recalibrate } from "#core/decision-tree/calibration";
import type { SensorCounts } from "#core/decision-tree/sensor";
import { memoryLimits } from "#core/limits";
import type { ResolvedAssumption, TurnReport } from "#core/memory/report";
import type { Sql } from "#core/sql";
import type { Settings } from "#memory/settings";

export class Experience {
  private readonly sql: Sql;
  private readonly settings: Settings;

  constructor(sql: Sql, settings: Settings) {
    this.sql = sql;
    this.settings = settings;
  }

  /** What a higher revision says of a turn takes the place of what was said before. */
  hear({ turn, assumptions }: TurnReport, nowMs: number): void {
    const before = this.ofTurn(turn.turnId);
    this.sql.exec("DELETE FROM resolved WHERE turn_id = ?", turn.turnId);
    for (const [place, assumption] of assumptions.entries()) {
      this.sql.exec(
        "INSERT INTO resolved (turn_id, place, at_ms, kind, text) VALUES (?, ?, ?, ?, ?)",
        turn.turnId,
        place,
        nowMs,
        assumption.kind,
        JSON.stringify(assumption),
      );
    }
    const fresh = assumptions.filter(({ id }) => !before.some((known) => known.id === id));
    if (fresh.length > 0) this.refit(fresh);
  }

  calibration(): Calibration {
    return this.settings.get("calibration");
  }

  sensors(): SensorCounts {
    const counts: SensorCounts = {};
    for (const { kind, isTrue, observations } of this.all()) {
      for (const { method, observed } of observations) {
        const name = `${method} ${kind}`;
        const seen = counts[name] ?? { truePositives: 0, falseNegatives: 0, trueNegatives: 0, falsePositives: 0 };
        counts[name] = seen;
        if (isTrue) seen[observed ? "truePositives" : "falseNegatives"] += 1;
        else seen[observed ? "falsePositives" : "trueNegatives"] += 1;
      }
    }
    return counts;
  }

  forgetAll(): void {
    this.sql.exec("DELETE FROM resolved");
  }

  sweep(): void {
    this.sql.exec(
      `DELETE FROM resolved WHERE (turn_id, place) IN
       (SELECT turn_id, place FROM resolved ORDER BY at_ms DESC, turn_id, place LIMIT -1 OFFSET ?)`,
      memoryLimits.resolvedMax,
    );
  }

  private refit(fresh: readonly ResolvedAssumption[]): void {
    const waiting = { ...this.settings.get("resolvedSinceFit") };
    let calibration = this.calibration();
    for (const { kind } of fresh) waiting[kind] = (waiting[kind] ?? 0) + 1;
    for (const kind of new Set(fresh.map((assumption) => assumption.kind))) {
      if (!isRefitDue(waiting[kind] ?? 0)) continue;
      waiting[kind] = 0;
      const samples = this.all().filter((assumption) => assumption.kind === kind);
      calibration = recalibrate(calibration, kind, samples);
    }
    this.settings.set("resolvedSinceFit", waiting);
    this.settings.set("calibration", calibration);
  }

  private ofTurn(turnId: string): ResolvedAssumption[] {
    return this.read("WHERE turn_id = ? ORDER BY place", turnId);
  }

  /** Oldest first. */
  private all(): ResolvedAssumption[] {
    return this.read("ORDER BY at_ms, turn_id, place");
  }

  private read(which: string, ...values: string[]): ResolvedAssumption[] {
    const rows = this.sql.exec<{ text: string }>(`SELECT text FROM resolved ${which}`, ...values).toArray();
    // Only `hear` writes here.
    return rows.map(({ text }) => JSON.parse(text) as ResolvedAssumption);
  }
}
