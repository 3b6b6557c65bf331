/**
 * What the server has to remember of credentials: tokens and browser sessions by the SHA-256 of their secret, which sockets stand on
 * which of them, and how often an address tried to sign in. A secret never reaches this file.
 */
import type { Admission } from "#access/admission";
import { accessLimits } from "#core/limits";
import type { Sql } from "#core/sql";

export function createAccessSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS tokens (
      id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, account TEXT NOT NULL, label TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER, last_used_at_ms INTEGER, revoked_at_ms INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sessions (
      id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, account TEXT NOT NULL, parent TEXT, created_at_ms INTEGER NOT NULL,
      ends_at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS sockets (
      connection TEXT PRIMARY KEY, thread_name TEXT, account TEXT NOT NULL, credential TEXT, opened_at_ms INTEGER NOT NULL, ends_at_ms INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS sockets_by_credential ON sockets (credential, account, opened_at_ms);
    CREATE INDEX IF NOT EXISTS sockets_by_end ON sockets (ends_at_ms);
    CREATE TABLE IF NOT EXISTS sign_ins (address TEXT PRIMARY KEY, began_at_ms INTEGER NOT NULL, attempts INTEGER NOT NULL) STRICT;
  `);
}

/** A token as its operator sees it; times are Unix milliseconds. */
export interface TokenRecord {
  id: string;
  account: string;
  label: string;
  createdAtMs: number;
  expiresAtMs: number | null;
  /** Up to ten minutes behind. */
  lastUsedAtMs: number | null;
  revokedAtMs: number | null;
}

export interface NewToken {
  id: string;
  hash: string;
  account: string;
  label: string;
  expiresAtMs: number | null;
}

export interface NewSession {
  id: string;
  hash: string;
  account: string;
  /** The credential that was shown at the sign-in: the session ends with it. */
  parent: string | null;
  endsAtMs: number;
}

/** A credential that holds now. */
export interface Vouched {
  account: string;
  credential: string;
  parent: string | null;
  endsAtMs: number | null;
}

/** A socket and the object that holds it: a connection's own, or the thread's when `threadName` is not null. */
export interface HeldSocket {
  account: string;
  connection: string;
  threadName: string | null;
}

type TokenRow = {
  id: string;
  account: string;
  label: string;
  created_at_ms: number;
  expires_at_ms: number | null;
  last_used_at_ms: number | null;
  revoked_at_ms: number | null;
};

export class AccessRegister {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** False when there are as many living tokens as there may be. Dead ones make room, the oldest first. */
  createToken({ id, hash, account, label, expiresAtMs }: NewToken, nowMs: number): boolean {
    const surplus = this.count("SELECT count(*) AS count FROM tokens") + 1 - accessLimits.tokensMax;
    if (surplus > 0) {
      this.sql.exec(
        `DELETE FROM tokens WHERE id IN (
           SELECT id FROM tokens WHERE revoked_at_ms IS NOT NULL OR expires_at_ms <= ? ORDER BY created_at_ms LIMIT ?)`,
        nowMs,
        surplus,
      );
      if (this.count("SELECT count(*) AS count FROM tokens") >= accessLimits.tokensMax) return false;
    }
    this.sql.exec(
      "INSERT INTO tokens (id, hash, account, label, created_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      hash,
      account,
      label,
      nowMs,
      expiresAtMs,
    );
    return true;
  }

  /** Dead ones too, the newest first. */
  listTokens(): TokenRecord[] {
    const rows = this.sql.exec<TokenRow>("SELECT * FROM tokens ORDER BY created_at_ms DESC, id").toArray();
    return rows.map((row) => ({
      id: row.id,
      account: row.account,
      label: row.label,
      createdAtMs: row.created_at_ms,
      expiresAtMs: row.expires_at_ms,
      lastUsedAtMs: row.last_used_at_ms,
      revokedAtMs: row.revoked_at_ms,
    }));
  }

  /** Ends the token, the sessions that were opened with it, and makes the sockets of both due. Whether there is such a token. */
  revokeToken(id: string, nowMs: number): boolean {
    if (this.sql.exec("SELECT 1 FROM tokens WHERE id = ?", id).toArray().length === 0) return false;
    this.sql.exec("UPDATE tokens SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL", nowMs, id);
    this.makeDue(`token:${id}`, nowMs);
    const sessions = this.sql.exec<{ id: string }>("SELECT id FROM sessions WHERE parent = ?", `token:${id}`).toArray();
    for (const session of sessions) this.endSession(session.id, nowMs);
    return true;
  }

  /** The lookup is by the hash, so that its time tells nothing of the secret. Null for unknown, revoked and expired alike. */
  findToken(hash: string, nowMs: number): Vouched | null {
    const [row] = this.sql
      .exec<TokenRow>(
        "SELECT * FROM tokens WHERE hash = ? AND revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?)",
        hash,
        nowMs,
      )
      .toArray();
    if (!row) return null;
    if ((row.last_used_at_ms ?? 0) + accessLimits.tokenUseIntervalMs <= nowMs) {
      this.sql.exec("UPDATE tokens SET last_used_at_ms = ? WHERE id = ?", nowMs, row.id);
    }
    return { account: row.account, credential: `token:${row.id}`, parent: null, endsAtMs: row.expires_at_ms };
  }

  /** An account that has as many sessions as it may loses its oldest. False when what it stands on ended meanwhile. */
  openSession({ id, hash, account, parent, endsAtMs }: NewSession, nowMs: number): boolean {
    if (!this.holds({ credential: parent, endsAtMs }, nowMs)) return false;
    this.sql.exec("DELETE FROM sessions WHERE ends_at_ms <= ?", nowMs);
    const oldest = this.sql
      .exec<{ id: string }>(
        "SELECT id FROM sessions WHERE account = ? ORDER BY created_at_ms DESC, id LIMIT -1 OFFSET ?",
        account,
        accessLimits.sessionsPerAccountMax - 1,
      )
      .toArray();
    for (const session of oldest) this.endSession(session.id, nowMs);
    this.sql.exec(
      "INSERT INTO sessions (id, hash, account, parent, created_at_ms, ends_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      hash,
      account,
      parent,
      nowMs,
      endsAtMs,
    );
    return true;
  }

  findSession(hash: string, nowMs: number): Vouched | null {
    const [row] = this.sql
      .exec<{ id: string; account: string; parent: string | null; ends_at_ms: number }>(
        "SELECT id, account, parent, ends_at_ms FROM sessions WHERE hash = ? AND ends_at_ms > ?",
        hash,
        nowMs,
      )
      .toArray();
    return row ? { account: row.account, credential: `session:${row.id}`, parent: row.parent, endsAtMs: row.ends_at_ms } : null;
  }

  closeSession(hash: string, nowMs: number): void {
    const [row] = this.sql.exec<{ id: string }>("SELECT id FROM sessions WHERE hash = ?", hash).toArray();
    if (row) this.endSession(row.id, nowMs);
  }

  closeSessionsOf(account: string, nowMs: number): void {
    const sessions = this.sql.exec<{ id: string }>("SELECT id FROM sessions WHERE account = ?", account).toArray();
    for (const session of sessions) this.endSession(session.id, nowMs);
  }

  /**
   * Remembers a socket that is open already, so that no revocation can fall between the look at its credential and this row: whether
   * the credential still holds. An account has so many sockets on one credential; the oldest is closed for the newest, because rows of sockets
   * that went without a word, as in a deploy, must not lock anybody out.
   */
  holdSocket({ account, connection, threadName }: HeldSocket, admission: Admission, nowMs: number): boolean {
    if (!this.holds(admission, nowMs)) return false;
    this.sql.exec(
      `UPDATE sockets SET ends_at_ms = ? WHERE connection IN (
         SELECT connection FROM sockets WHERE credential IS ? AND account = ? AND (ends_at_ms IS NULL OR ends_at_ms > ?)
         ORDER BY opened_at_ms DESC, connection LIMIT -1 OFFSET ?)`,
      nowMs,
      admission.credential,
      account,
      nowMs,
      accessLimits.socketsPerCredentialMax - 1,
    );
    this.sql.exec(
      "INSERT INTO sockets (connection, thread_name, account, credential, opened_at_ms, ends_at_ms) VALUES (?, ?, ?, ?, ?, ?)",
      connection,
      threadName,
      account,
      admission.credential,
      nowMs,
      admission.endsAtMs,
    );
    return true;
  }

  releaseSocket(connection: string): void {
    this.sql.exec("DELETE FROM sockets WHERE connection = ?", connection);
  }

  /** It could not be closed: later again. */
  postponeEnd(connection: string, atMs: number): void {
    this.sql.exec("UPDATE sockets SET ends_at_ms = ? WHERE connection = ?", atMs, connection);
  }

  /** Sockets whose time is over, the longest overdue first. */
  dueSockets(nowMs: number): HeldSocket[] {
    return this.sql
      .exec<{ account: string; connection: string; thread_name: string | null }>(
        "SELECT account, connection, thread_name FROM sockets WHERE ends_at_ms <= ? ORDER BY ends_at_ms, connection LIMIT ?",
        nowMs,
        accessLimits.socketsClosedAtOnceMax,
      )
      .toArray()
      .map(({ account, connection, thread_name: threadName }) => ({ account, connection, threadName }));
  }

  /** When the next socket has to be closed. */
  nextEndAtMs(): number | null {
    const rows = this.sql.exec<{ next: number | null }>("SELECT min(ends_at_ms) AS next FROM sockets").toArray();
    return rows[0]?.next ?? null;
  }

  /** Counts an attempt to sign in. False: this address, or the world as a whole, tried too often within a minute. */
  countSignIn(address: string, nowMs: number): boolean {
    this.sql.exec("DELETE FROM sign_ins WHERE began_at_ms <= ?", nowMs - accessLimits.signInWindowMs);
    const [known] = this.sql.exec<{ attempts: number }>("SELECT attempts FROM sign_ins WHERE address = ?", address).toArray();
    if (known && known.attempts >= accessLimits.signInsMax) return false;
    if (!known && this.count("SELECT count(*) AS count FROM sign_ins") >= accessLimits.signInAddressesMax) return false;
    this.sql.exec(
      `INSERT INTO sign_ins (address, began_at_ms, attempts) VALUES (?, ?, 1)
       ON CONFLICT (address) DO UPDATE SET attempts = attempts + 1`,
      address,
      nowMs,
    );
    return true;
  }

  private holds({ credential, endsAtMs }: Admission, nowMs: number): boolean {
    if (endsAtMs !== null && endsAtMs <= nowMs) return false;
    const [kind, id = ""] = credential?.split(":", 2) ?? [];
    if (kind === "token") {
      const query = "SELECT 1 FROM tokens WHERE id = ? AND revoked_at_ms IS NULL";
      return this.sql.exec(query, id).toArray().length > 0;
    }
    if (kind === "session") return this.sql.exec("SELECT 1 FROM sessions WHERE id = ?", id).toArray().length > 0;
    return true;
  }

  private endSession(id: string, nowMs: number): void {
    this.sql.exec("DELETE FROM sessions WHERE id = ?", id);
    this.makeDue(`session:${id}`, nowMs);
  }

  private makeDue(credential: string, nowMs: number): void {
    this.sql.exec("UPDATE sockets SET ends_at_ms = ? WHERE credential = ?", nowMs, credential);
  }

  private count(query: string): number {
    return this.sql.exec<{ count: number }>(query).toArray()[0]?.count ?? 0;
  }
}
