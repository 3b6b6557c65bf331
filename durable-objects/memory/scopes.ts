/** What is known of each scope beside its fragments, how its trial of memory against none stands, and how far it is published. */
import { noBaselines } from "#core/memory/baseline";
import { noPrior } from "#core/memory/credit";
import type { Arm } from "#core/memory/hold-out";
import type { Knowledge } from "#core/memory/learn";
import type { Outcome } from "#core/memory/outcome";
import { type ArmRecord, emptyArm, type ThreadRecord, withOutcome } from "#core/memory/sequential-test";
import { canonical } from "#core/memory/shard";
import type { Sql } from "#core/sql";

/** Outcomes with memory and without, since an epoch began; `turns` are those with memory, `turnsServed` those of them that were shown something. */
export interface Trial {
  epoch: number;
  memory: ArmRecord;
  none: ArmRecord;
  turns: number;
  turnsServed: number;
}

/** A turn's part in a trial. Its outcome is null where nothing could be said. */
export interface Tried {
  threadId: string;
  arm: Arm;
  isServed: boolean;
  outcome: Outcome | null;
}

export const noKnowledge: Knowledge = { prior: noPrior, baselines: noBaselines };

function newTrial(epoch: number): Trial {
  return { epoch, memory: emptyArm, none: emptyArm, turns: 0, turnsServed: 0 };
}

export class Scopes {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** Something of the scope changed: it has to be published, and the optimizer may look at it. */
  touch(scope: string, nowMs: number): void {
    this.sql.exec(
      `INSERT INTO scopes (scope, knowledge, trial, used_at_ms, revision, optimized_revision) VALUES (?, ?, ?, ?, 1, 0)
       ON CONFLICT (scope) DO UPDATE SET revision = revision + 1, used_at_ms = excluded.used_at_ms`,
      scope,
      canonical(noKnowledge),
      canonical(newTrial(0)),
      nowMs,
    );
  }

  knowledge(scope: string): Knowledge {
    const [row] = this.sql.exec<{ knowledge: string }>("SELECT knowledge FROM scopes WHERE scope = ?", scope).toArray();
    return row ? (JSON.parse(row.knowledge) as Knowledge) : noKnowledge;
  }

  know(scope: string, { prior, baselines }: Knowledge, nowMs: number): void {
    this.touch(scope, nowMs);
    this.sql.exec("UPDATE scopes SET knowledge = ? WHERE scope = ?", canonical({ prior, baselines }), scope);
  }

  has(scope: string): boolean {
    return this.sql.exec("SELECT 1 FROM scopes WHERE scope = ?", scope).toArray().length > 0;
  }

  trial(scope: string): Trial {
    const [row] = this.sql.exec<{ trial: string }>("SELECT trial FROM scopes WHERE scope = ?", scope).toArray();
    return row ? (JSON.parse(row.trial) as Trial) : newTrial(0);
  }

  /** The trial begins anew: outcomes of turns that were chosen for in an earlier epoch do not count in it. */
  beginTrial(scope: string, epoch: number, nowMs: number): void {
    this.touch(scope, nowMs);
    this.sql.exec("DELETE FROM trial_threads WHERE scope = ?", scope);
    this.sql.exec("UPDATE scopes SET trial = ? WHERE scope = ?", canonical(newTrial(epoch)), scope);
  }

  /** `times` is 1 for a turn that counts, −1 for one whose earlier outcome is taken back. */
  try(scope: string, { threadId, arm, isServed, outcome }: Tried, times: 1 | -1): Trial {
    const before = this.trial(scope);
    const trial = { ...before };
    if (arm === "memory") {
      trial.turns += times;
      if (isServed) trial.turnsServed += times;
    }
    if (outcome) {
      const [thread] = this.sql
        .exec<{ weight: number; sum: number }>(
          "SELECT weight, sum FROM trial_threads WHERE scope = ? AND thread_id = ? AND arm = ?",
          scope,
          threadId,
          arm,
        )
        .toArray();
      const next = withOutcome(before[arm], thread ?? null, { y: outcome.y, weight: times * outcome.weight });
      trial[arm] = next.arm;
      this.keepThread(scope, threadId, arm, next.thread);
    }
    this.sql.exec("UPDATE scopes SET trial = ? WHERE scope = ?", canonical(trial), scope);
    return trial;
  }

  private keepThread(scope: string, threadId: string, arm: Arm, { weight, sum }: ThreadRecord): void {
    this.sql.exec(
      "INSERT OR REPLACE INTO trial_threads (scope, thread_id, arm, weight, sum) VALUES (?, ?, ?, ?, ?)",
      scope,
      threadId,
      arm,
      weight,
      sum,
    );
  }

  /** Scopes that the optimizer has not seen as they are now, the longest unused last. */
  unoptimized(scopesMax: number): { scope: string; revision: number }[] {
    return this.sql
      .exec<{ scope: string; revision: number }>(
        "SELECT scope, revision FROM scopes WHERE revision > optimized_revision ORDER BY used_at_ms DESC, scope LIMIT ?",
        scopesMax,
      )
      .toArray();
  }

  optimized(scope: string): void {
    this.sql.exec("UPDATE scopes SET optimized_revision = revision WHERE scope = ?", scope);
  }

  /** Nothing is known of any scope any more, and every trial begins anew. */
  forgetAll(epoch: number, nowMs: number): void {
    this.sql.exec("DELETE FROM trial_threads");
    this.sql.exec(
      "UPDATE scopes SET knowledge = ?, trial = ?, revision = revision + 1, used_at_ms = ?",
      canonical(noKnowledge),
      canonical(newTrial(epoch)),
      nowMs,
    );
  }

  /** The thread's own scope, and what the trials of others had of it by its name; what they counted stays in their sums. */
  forgetThread(threadId: string): void {
    this.sql.exec("DELETE FROM trial_threads WHERE thread_id = ?1 OR scope = 'thread/' || ?1", threadId);
    this.sql.exec("DELETE FROM scopes WHERE scope = 'thread/' || ?", threadId);
  }

  /** Threads whose turns are remembered no more, and scopes without fragments that nobody used since with all that is known of them. */
  dropIdle(unusedSinceMs: number): void {
    this.sql.exec("DELETE FROM trial_threads WHERE thread_id NOT IN (SELECT thread_id FROM turns)");
    const idle = `SELECT scope FROM scopes WHERE used_at_ms < ? AND scope NOT IN ('account', 'global')
      AND scope NOT IN (SELECT scope FROM fragments)`;
    this.sql.exec(`DELETE FROM trial_threads WHERE scope IN (${idle})`, unusedSinceMs);
    this.sql.exec(`DELETE FROM scopes WHERE scope IN (${idle})`, unusedSinceMs);
  }
}
