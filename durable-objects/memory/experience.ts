/** What the account's resolved assumptions taught; and what each turn's last report said, so that a higher revision takes it back. */
import { type Experience, noExperience, withResolved } from "#core/decision-tree/experience";
import { memoryLimits } from "#core/limits";
import type { ResolvedAssumption, TurnReport } from "#core/memory/report";
import type { Sql } from "#core/sql";
import type { Settings } from "#memory/settings";

export class AccountExperience {
  private readonly sql: Sql;
  private readonly settings: Settings;

  constructor(sql: Sql, settings: Settings) {
    this.sql = sql;
    this.settings = settings;
  }

  get learnt(): Experience {
    return this.settings.get("experience");
  }

  hear({ turn, assumptions }: TurnReport, nowMs: number): void {
    const [row] = this.sql.exec<{ text: string }>("SELECT text FROM resolved WHERE turn_id = ?", turn.turnId).toArray();
    // Only the line below writes there.
    const earlier = row ? (JSON.parse(row.text) as ResolvedAssumption[]) : [];
    if (assumptions.length === 0 && earlier.length === 0) return;
    this.sql.exec(
      "INSERT OR REPLACE INTO resolved (turn_id, at_ms, text) VALUES (?, ?, ?)",
      turn.turnId,
      nowMs,
      JSON.stringify(assumptions),
    );
    this.settings.set("experience", withResolved(this.learnt, assumptions, earlier));
  }

  /** Another version says that it is another calibration than the one that was learnt. */
  forgetAll(): void {
    this.sql.exec("DELETE FROM resolved");
    const version = this.learnt.calibration.version + 1;
    this.settings.set("experience", { ...noExperience, calibration: { version, byKind: {} } });
  }

  /** What left is still counted, but can no longer be taken back. */
  sweep(): void {
    this.sql.exec(
      "DELETE FROM resolved WHERE turn_id IN (SELECT turn_id FROM resolved ORDER BY at_ms DESC, turn_id LIMIT -1 OFFSET ?)",
      memoryLimits.resolvedTurnsMax,
    );
  }
}
