/** The fragments in SQL, each with the turns that it came from. A change marks its scope. */
import { type Fragment, scopeKey } from "#core/memory/fragment";
import { canonical } from "#core/memory/shard";
import type { Sql } from "#core/sql";
import type { Scopes } from "#memory/scopes";

type Row = { text: string };

export class Fragments {
  private readonly sql: Sql;
  private readonly scopes: Scopes;

  constructor(sql: Sql, scopes: Scopes) {
    this.sql = sql;
    this.scopes = scopes;
  }

  get(id: string): Fragment | null {
    const [row] = this.sql.exec<Row>("SELECT text FROM fragments WHERE id = ?", id).toArray();
    return row ? read(row) : null;
  }

  /** Those of the ids that are there. */
  named(ids: readonly string[]): Map<string, Fragment> {
    return byId(
      this.sql
        .exec<Row>("SELECT text FROM fragments WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id", JSON.stringify(ids))
        .toArray(),
    );
  }

  ofScope(scope: string): Map<string, Fragment> {
    return byId(this.sql.exec<Row>("SELECT text FROM fragments WHERE scope = ? ORDER BY id", scope).toArray());
  }

  all(): Map<string, Fragment> {
    return byId(this.sql.exec<Row>("SELECT text FROM fragments ORDER BY id").toArray());
  }

  /** Those that may be shown to turns: see `isServable`. */
  countServable(): number {
    const servable =
      "SELECT count(*) AS count FROM fragments WHERE kind <> 'metaprompt' AND state NOT IN ('quarantined', 'tombstone')";
    return this.sql.exec<{ count: number }>(servable).one().count;
  }

  ofTurn(turnId: string): Map<string, Fragment> {
    return byId(
      this.sql
        .exec<Row>("SELECT text FROM sources JOIN fragments ON id = fragment_id WHERE turn_id = ? ORDER BY id", turnId)
        .toArray(),
    );
  }

  ofThread(threadId: string): Map<string, Fragment> {
    return byId(
      this.sql
        .exec<Row>(
          "SELECT DISTINCT id, text FROM sources JOIN fragments ON id = fragment_id WHERE thread_id = ? ORDER BY id",
          threadId,
        )
        .toArray(),
    );
  }

  /** One page in the order of ids, behind `after`. */
  page(
    filter: { scope: string | null; state: string | null; kind: string | null; after: string },
    entriesMax: number,
  ): Fragment[] {
    const { scope, state, kind, after } = filter;
    return this.sql
      .exec<Row>(
        `SELECT text FROM fragments
         WHERE id > ? AND (? IS NULL OR scope = ?) AND (? IS NULL OR state = ?) AND (? IS NULL OR kind = ?) ORDER BY id LIMIT ?`,
        after,
        scope,
        scope,
        state,
        state,
        kind,
        kind,
        entriesMax,
      )
      .toArray()
      .map(read);
  }

  /** Writes each, or with null takes it away without a trace. */
  put(changes: ReadonlyMap<string, Fragment | null>, nowMs: number): void {
    for (const [id, fragment] of changes) {
      const [old] = this.sql.exec<{ scope: string }>("SELECT scope FROM fragments WHERE id = ?", id).toArray();
      this.sql.exec("DELETE FROM sources WHERE fragment_id = ?", id);
      if (fragment) this.write(fragment);
      else this.sql.exec("DELETE FROM fragments WHERE id = ?", id);
      const scope = fragment ? scopeKey(fragment.scope) : old?.scope;
      if (scope) this.scopes.touch(scope, nowMs);
    }
  }

  private write(fragment: Fragment): void {
    const { id, scope, kind, state, provenance } = fragment;
    this.sql.exec(
      `INSERT INTO fragments (id, scope, kind, state, text) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET scope = excluded.scope, kind = excluded.kind, state = excluded.state, text = excluded.text`,
      id,
      scopeKey(scope),
      kind,
      state,
      canonical(fragment),
    );
    for (const { turnId, threadId } of provenance) {
      this.sql.exec("INSERT OR IGNORE INTO sources (fragment_id, turn_id, thread_id) VALUES (?, ?, ?)", id, turnId, threadId);
    }
  }
}

/** Only `put` writes these texts. */
function read({ text }: Row): Fragment {
  return JSON.parse(text) as Fragment;
}

function byId(rows: readonly Row[]): Map<string, Fragment> {
  return new Map(rows.map(read).map((fragment) => [fragment.id, fragment]));
}
