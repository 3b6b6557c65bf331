/** Every yes that somebody said to a diff at GitHub, for whoever counts them and for an audit. A row stays as long as its proposal is known. */
import type { Role } from "#core/github/permission";
import type { Sql } from "#core/sql";
import type { Person } from "#github/event";

export function createApprovalsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS github_approvals (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, request_id TEXT NOT NULL, approval TEXT NOT NULL, taken_back TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS github_approvals_of_request ON github_approvals (request_id, seq);
  `);
}

/** Where a yes was said; `id` is GitHub's. */
export interface Door {
  type: "comment" | "reviewComment" | "review" | "checkRun";
  id: number;
}

export interface ApprovalRecord {
  requestId: string;
  /** `proposalHash`, whole: of the diff, or of the hunks of it that were named. */
  hash: string;
  /** Null where it was a yes to all of it. */
  hunks: number[] | null;
  by: Person;
  /** What GitHub's permission API said of the person at that moment. */
  role: Role | null;
  door: Door;
  deliveryId: string;
  /** Git's id of the words that it was said in, as the webhook had them; null for a button. */
  wordsOid: string | null;
  /** Unix milliseconds. */
  atMs: number;
}

export class Approvals {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  add(approval: ApprovalRecord): void {
    this.sql.exec(
      "INSERT INTO github_approvals (request_id, approval) VALUES (?, ?)",
      approval.requestId,
      JSON.stringify(approval),
    );
  }

  /** Those that count, in the order in which they were said. */
  standing(requestId: string): (ApprovalRecord & { seq: number })[] {
    return this.sql
      .exec<{ seq: number; approval: string }>(
        "SELECT seq, approval FROM github_approvals WHERE request_id = ? AND taken_back IS NULL ORDER BY seq",
        requestId,
      )
      .toArray()
      .map(({ seq, approval }) => ({ seq, ...(JSON.parse(approval) as ApprovalRecord) }));
  }

  /** It counts no more; why stays with it. */
  takeBack(seq: number, why: string): void {
    this.sql.exec("UPDATE github_approvals SET taken_back = ? WHERE seq = ?", why, seq);
  }

  forget(requestId: string): void {
    this.sql.exec("DELETE FROM github_approvals WHERE request_id = ?", requestId);
  }
}
