/**
 * Deliveries that did not arrive. GitHub tries each once and never again by itself, but keeps a list for three days and sends again what
 * is asked for, under the same GUID: what had arrived after all is known.
 */
import { githubApiLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import { type ApiCall, gh, ghPages } from "#github/api";

export function createCatchUpSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS github_redeliveries (
    guid TEXT PRIMARY KEY, attempts INTEGER NOT NULL, retry_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`);
}

interface Attempt {
  id: number;
  guid: string;
  deliveredAtMs: number;
  arrived: boolean;
}

/** How many were asked for. Throws `GitHubError`; what was asked for until then is not asked for again at once. */
export async function catchUp(sql: Sql, call: ApiCall): Promise<number> {
  const nowMs = call.now();
  const sinceMs = nowMs - githubApiLimits.catchUpMs;
  const attempts = await ghPages(
    call,
    "GET /app/hook/deliveries",
    {},
    {
      itemsOf: (page) =>
        page.map(({ id, guid, delivered_at, status_code }): Attempt => {
          const arrived = status_code >= 200 && status_code < 300;
          return { id: Number(id), guid, deliveredAtMs: Date.parse(delivered_at), arrived };
        }),
      // The newest come first.
      isOver: (found) => (found.at(-1)?.deliveredAtMs ?? nowMs) < sinceMs,
    },
  );
  sql.exec("DELETE FROM github_redeliveries WHERE retry_at_ms < ?", nowMs - githubApiLimits.catchUpMs);
  let asked = 0;
  for (const { id, guid } of missed(attempts.filter(({ deliveredAtMs }) => deliveredAtMs >= sinceMs))) {
    if (!claim(sql, guid, nowMs)) continue;
    await gh(call, "POST /app/hook/deliveries/{delivery_id}/attempts", { delivery_id: id });
    asked += 1;
  }
  return asked;
}

/** The latest attempt of every delivery that arrived in none; the oldest delivery first, as things happened. */
function missed(attempts: Attempt[]): Attempt[] {
  const arrived = new Set(attempts.filter(({ arrived }) => arrived).map(({ guid }) => guid));
  const latest = new Map<string, Attempt>();
  for (const attempt of attempts) {
    const known = latest.get(attempt.guid);
    if (!arrived.has(attempt.guid) && (!known || known.deliveredAtMs < attempt.deliveredAtMs)) latest.set(attempt.guid, attempt);
  }
  return [...latest.values()].sort((one, other) => one.deliveredAtMs - other.deliveredAtMs);
}

/** Counted before it is asked for: what fails for a reason of its own is not asked for for ever. */
function claim(sql: Sql, guid: string, nowMs: number): boolean {
  const [row] = sql
    .exec<{ attempts: number; retry_at_ms: number }>("SELECT * FROM github_redeliveries WHERE guid = ?", guid)
    .toArray();
  const { attempts, retry_at_ms: retryAtMs } = row ?? { attempts: 0, retry_at_ms: 0 };
  if (attempts >= githubApiLimits.redeliveriesMax || retryAtMs > nowMs) return false;
  sql.exec(
    "INSERT OR REPLACE INTO github_redeliveries (guid, attempts, retry_at_ms) VALUES (?, ?, ?)",
    guid,
    attempts + 1,
    nowMs + githubApiLimits.redeliveryPauseMs * 2 ** attempts,
  );
  return true;
}
