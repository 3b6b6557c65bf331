/** Which installations are stopped: by their owner at GitHub, who suspends or removes the App, or by the operator here. */
import type { Sql } from "#core/sql";
import type { InstallationEvent } from "#github/event";

export function createInstallationsSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS github_installations (
    installation_id INTEGER PRIMARY KEY, owner_id INTEGER, is_active INTEGER NOT NULL, is_stopped INTEGER NOT NULL, updated_at TEXT NOT NULL
  ) STRICT`);
}

export interface Installation {
  installationId: number;
  /** The id of the account at GitHub; null when only the operator has spoken of it. */
  ownerId: number | null;
  /** Neither suspended nor removed at GitHub. */
  isActive: boolean;
  /** The operator's kill switch. */
  isStopped: boolean;
}

type Row = { installation_id: number; owner_id: number | null; is_active: number; is_stopped: number };

/** What is older than what is known says nothing: deliveries come in any order. */
export function noteInstallation(sql: Sql, { installationId, ownerId, action, updatedAt }: InstallationEvent): void {
  sql.exec(
    `INSERT INTO github_installations (installation_id, owner_id, is_active, is_stopped, updated_at) VALUES (?, ?, ?, 0, ?)
     ON CONFLICT (installation_id) DO UPDATE
       SET owner_id = excluded.owner_id, is_active = excluded.is_active, updated_at = excluded.updated_at
       WHERE excluded.updated_at >= updated_at`,
    installationId,
    ownerId,
    action === "deleted" || action === "suspend" ? 0 : 1,
    updatedAt,
  );
}

export function switchInstallation(sql: Sql, installationId: number, isStopped: boolean): void {
  sql.exec(
    `INSERT INTO github_installations (installation_id, owner_id, is_active, is_stopped, updated_at) VALUES (?, NULL, 1, ?, '')
     ON CONFLICT (installation_id) DO UPDATE SET is_stopped = excluded.is_stopped`,
    installationId,
    isStopped ? 1 : 0,
  );
}

/** An installation that nobody has spoken of works: it may be older than this server. */
export function isInstallationStopped(sql: Sql, installationId: number): boolean {
  const query = "SELECT 1 FROM github_installations WHERE installation_id = ? AND (is_active = 0 OR is_stopped = 1)";
  return sql.exec(query, installationId).toArray().length > 0;
}

export function listInstallations(sql: Sql): Installation[] {
  const rows = sql.exec<Row>("SELECT * FROM github_installations ORDER BY installation_id").toArray();
  return rows.map((row) => ({
    installationId: row.installation_id,
    ownerId: row.owner_id,
    isActive: row.is_active === 1,
    isStopped: row.is_stopped === 1,
  }));
}
