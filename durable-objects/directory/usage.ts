/**
 * What the account has used, in one row: a turn that begins or ends writes that row once, where it wrote its place among the turns at work
 * before. Refusals are values. What survives a crash: everything but who may begin a thread and has not told of it yet.
 */
import { limits, quotaLimits } from "#core/limits";
import {
  beginTurn,
  type Exceeded,
  type LimitName,
  leavePlace,
  limitNames,
  nothingUsed,
  placesTaken,
  type Quotas,
  storageExceeded,
  takePlace,
  threadsExceeded,
  tokensExceeded,
  tokensOfDay,
  turnsOfMinute,
  type Usage,
  useTokens,
} from "#core/quota";
import type { Sql } from "#core/sql";
import { refusals, type WireError } from "#protocol/errors";

export function createUsageSchema(sql: Sql): void {
  sql.exec("CREATE TABLE IF NOT EXISTS account_usage (id INTEGER PRIMARY KEY CHECK (id = 1), usage TEXT NOT NULL) STRICT");
  // Bytes of each thread as far as they are in the account's sum.
  sql.exec("CREATE TABLE IF NOT EXISTS thread_bytes (id TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID");
  // Of Directories from before: places last two minutes, and are asked for anew.
  sql.exec("DROP TABLE IF EXISTS turn_slots");
}

/** Whether a turn may begin, and has its place among the turns at work already. */
export type TurnAdmission = { hasTurnSlot: boolean } | { refused: WireError };
/** Null where there is room. */
export type Refused = { refused: WireError } | null;

export class AccountUsage {
  private readonly sql: Sql;
  private readonly quotas: Quotas;
  private readonly now: () => number;
  private readonly countThreads: () => number;
  /** Threads that may begin and did not tell of themselves yet, with the end (Unix ms) of our patience. */
  private readonly reserved = new Map<string, number>();

  /** `countThreads`: those that the Directory knows. `now`: Unix ms. */
  constructor(sql: Sql, quotas: Quotas, { now, countThreads }: { now: () => number; countThreads: () => number }) {
    this.sql = sql;
    this.quotas = quotas;
    this.now = now;
    this.countThreads = countThreads;
  }

  /** Before a turn begins. Counts it, unless it is refused. */
  admitTurn(threadId: string): TurnAdmission {
    const begun = beginTurn(this.read(), this.quotas, this.now());
    if ("limit" in begun) return refusedBy(begun);
    const placed = this.placed(begun, threadId);
    this.write(placed ?? begun);
    return { hasTurnSlot: placed !== null };
  }

  /** Before a thread begins. One that began already, or is about to, has its room. */
  admitThread(threadId: string, isKnown: boolean): Refused {
    const now = this.now();
    for (const [id, untilMs] of this.reserved) if (untilMs <= now) this.reserved.delete(id);
    if (isKnown || this.reserved.has(threadId)) return null;
    const exceeded =
      threadsExceeded(this.countThreads() + this.reserved.size, this.quotas) ?? storageExceeded(this.read(), this.quotas);
    if (exceeded) return refusedBy(exceeded);
    this.reserved.set(threadId, now + quotaLimits.reservationMs);
    return null;
  }

  /** Before a thread grows by more than a step; `bytes` is what it holds now. */
  admitStorage(threadId: string, bytes: number): Refused {
    const usage = this.holding(this.read(), threadId, bytes, { isWorthARow: true });
    if (usage) this.write(usage);
    const exceeded = storageExceeded(usage ?? this.read(), this.quotas);
    return exceeded ? refusedBy(exceeded) : null;
  }

  /** The thread told of itself: it is among those that are counted. */
  begun(threadId: string): void {
    this.reserved.delete(threadId);
  }

  /** Inside the transaction in which a thread's news are taken. True when it has its place, or wanted none. */
  take(
    threadId: string,
    { tokens, bytes, turnSlot }: { tokens: number; bytes: number | null; turnSlot: "take" | "release" | "keep" },
  ): boolean {
    const before = this.read();
    const used = useTokens(before, tokens, this.now());
    const placed = turnSlot === "take" ? this.placed(used, threadId) : turnSlot === "release" ? leavePlace(used, threadId) : used;
    const after = placed ?? used;
    const isMoved = after !== before;
    const held = bytes === null ? null : this.holding(after, threadId, bytes, { isWorthARow: isMoved });
    if (held || isMoved) this.write(held ?? after);
    return placed !== null;
  }

  takeTurnSlot(threadId: string): boolean {
    return this.take(threadId, { tokens: 0, bytes: null, turnSlot: "take" });
  }

  releaseTurnSlot(threadId: string, tokens = 0): void {
    this.take(threadId, { tokens, bytes: null, turnSlot: "release" });
  }

  /** Inside the transaction that forgets the thread. */
  forget(threadId: string): void {
    this.reserved.delete(threadId);
    const held = this.heldBy(threadId);
    this.sql.exec("DELETE FROM thread_bytes WHERE id = ?", threadId);
    const before = this.read();
    const left = leavePlace(before, threadId);
    if (held > 0 || left !== before) this.write({ ...left, storageBytes: Math.max(0, left.storageBytes - held) });
  }

  /** How every limit stands; `max` null where there is none. */
  standing(): { limit: LimitName; max: number | null; now: number; freesAtMs: number | null }[] {
    const nowMs = this.now();
    const { quotas } = this;
    const usage = this.read();
    const used: Record<LimitName, number> = {
      turnsPerMinute: turnsOfMinute(usage, quotas, nowMs),
      turnsAtOnce: placesTaken(usage, nowMs).length,
      tokensPerDay: tokensOfDay(usage, nowMs),
      threads: this.countThreads(),
      storageBytes: usage.storageBytes,
    };
    const exceeded: Partial<Record<LimitName, Exceeded>> = {
      tokensPerDay: tokensExceeded(usage, quotas, nowMs) ?? undefined,
      turnsPerMinute: turnExceeded(beginTurn({ ...usage, tokensByHour: [], storageBytes: 0 }, quotas, nowMs)),
    };
    return limitNames.map((limit) => {
      const retryAfterMs = exceeded[limit]?.retryAfterMs ?? null;
      const max = Number.isFinite(quotas[limit]) ? quotas[limit] : null;
      return { limit, max, now: used[limit], freesAtMs: retryAfterMs === null ? null : nowMs + retryAfterMs };
    });
  }

  private placed(usage: Usage, threadId: string): Usage | null {
    return takePlace(usage, this.quotas, { threadId, nowMs: this.now(), leaseMs: limits.turnSlotLeaseMs });
  }

  /** With what the thread holds in the sum; null where that is the same, or grew so little that it waits until the row is written anyway. */
  private holding(usage: Usage, threadId: string, bytes: number, { isWorthARow }: { isWorthARow: boolean }): Usage | null {
    const grownBytes = bytes - this.heldBy(threadId);
    if (grownBytes === 0 || (!isWorthARow && Math.abs(grownBytes) < quotaLimits.storageNotedBytes)) return null;
    this.sql.exec(
      "INSERT INTO thread_bytes (id, bytes) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes",
      threadId,
      bytes,
    );
    return { ...usage, storageBytes: Math.max(0, usage.storageBytes + grownBytes) };
  }

  private heldBy(threadId: string): number {
    const rows = this.sql.exec<{ bytes: number }>("SELECT bytes FROM thread_bytes WHERE id = ?", threadId);
    return rows.toArray()[0]?.bytes ?? 0;
  }

  private read(): Usage {
    const [row] = this.sql.exec<{ usage: string }>("SELECT usage FROM account_usage").toArray();
    // This object wrote the text itself.
    return row ? { ...nothingUsed, ...(JSON.parse(row.usage) as Partial<Usage>) } : nothingUsed;
  }

  private write(usage: Usage): void {
    this.sql.exec(
      "INSERT INTO account_usage (id, usage) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET usage = excluded.usage",
      JSON.stringify(usage),
    );
  }
}

function refusedBy(exceeded: Exceeded): { refused: WireError } {
  return { refused: refusals.accountLimit(exceeded) };
}

function turnExceeded(begun: Usage | Exceeded): Exceeded | undefined {
  return "limit" in begun ? begun : undefined;
}
