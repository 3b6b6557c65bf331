/**
 * What an account may use, and whether there is room for more of it. Pure: who asks says what time it is (Unix ms), and keeps what comes
 * back. Infinity stands for a limit that the operator switched off.
 */

export const limitNames = ["turnsPerMinute", "turnsAtOnce", "tokensPerDay", "threads", "storageBytes"] as const;
export type LimitName = (typeof limitNames)[number];
/** Of each limit the most there may be. */
export type Quotas = Readonly<Record<LimitName, number>>;

/** What an account has used, as its Directory keeps it. */
export interface Usage {
  /** When the bucket of turns is full again: each turn that begins moves it by the time in which one comes back. */
  turnsFullAtMs: number;
  /** Tokens by hour (whole hours since 1970), of the running one and the 23 before it; the oldest first. */
  tokensByHour: readonly (readonly [hour: number, tokens: number])[];
  /** Of all threads, as they told last. */
  storageBytes: number;
  /** Until when (Unix ms) each thread has its place among the turns at work. */
  places: Readonly<Record<string, number>>;
}

export const nothingUsed: Usage = { turnsFullAtMs: 0, tokensByHour: [], storageBytes: 0, places: {} };

/** A limit that is reached. */
export interface Exceeded {
  limit: LimitName;
  max: number;
  now: number;
  /** Milliseconds until there is room again; null where somebody has to make it. */
  retryAfterMs: number | null;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const hoursOfDay = 24;

/**
 * Whether a turn may begin. As many as `turnsPerMinute` at once, and then one in each such part of a minute: no list of turns has to be
 * kept, and what is free again is free at a moment that can be named.
 */
export function beginTurn(usage: Usage, quotas: Quotas, nowMs: number): Usage | Exceeded {
  const tokens = tokensExceeded(usage, quotas, nowMs);
  if (tokens) return tokens;
  const storage = storageExceeded(usage, quotas);
  if (storage) return storage;
  const max = quotas.turnsPerMinute;
  if (max === Number.POSITIVE_INFINITY) return usage;
  const perTurnMs = minuteMs / max;
  const fullAtMs = turnsFullAtMs(usage, nowMs) + perTurnMs;
  // A thousandth is less than what sums of such parts are wrong by.
  const tooManyMs = fullAtMs - nowMs - minuteMs;
  if (tooManyMs > 0.001) {
    return { limit: "turnsPerMinute", max, now: turnsOfMinute(usage, quotas, nowMs), retryAfterMs: Math.ceil(tooManyMs) };
  }
  return { ...usage, turnsFullAtMs: fullAtMs };
}

/** How many of the turns that may begin at once have begun and did not come back yet. */
export function turnsOfMinute(usage: Usage, { turnsPerMinute: max }: Quotas, nowMs: number): number {
  if (max === Number.POSITIVE_INFINITY) return 0;
  return Math.ceil(((turnsFullAtMs(usage, nowMs) - nowMs) / minuteMs) * max - 0.001);
}

/** A clock that was set back must not keep anybody out for longer than a minute. */
function turnsFullAtMs({ turnsFullAtMs: atMs }: Usage, nowMs: number): number {
  return Math.min(Math.max(atMs, nowMs), nowMs + minuteMs);
}

export function useTokens(usage: Usage, tokens: number, nowMs: number): Usage {
  if (tokens <= 0) return usage;
  const hour = Math.floor(nowMs / hourMs);
  const others = ofDay(usage, nowMs).filter(([other]) => other !== hour);
  const own = usage.tokensByHour.find(([other]) => other === hour)?.[1] ?? 0;
  return { ...usage, tokensByHour: [...others, [hour, own + tokens]] };
}

export function tokensOfDay(usage: Usage, nowMs: number): number {
  return ofDay(usage, nowMs).reduce((sum, [, tokens]) => sum + tokens, 0);
}

/** The running hour and the 23 before it; after a clock was set back no hour that is still to come. */
function ofDay({ tokensByHour }: Usage, nowMs: number): Usage["tokensByHour"] {
  const hour = Math.floor(nowMs / hourMs);
  return tokensByHour.filter(([other]) => other > hour - hoursOfDay && other <= hour);
}

export function tokensExceeded(usage: Usage, { tokensPerDay: max }: Quotas, nowMs: number): Exceeded | null {
  const now = tokensOfDay(usage, nowMs);
  if (now < max) return null;
  let left = now;
  for (const [hour, tokens] of ofDay(usage, nowMs)) {
    left -= tokens;
    if (left < max) return { limit: "tokensPerDay", max, now, retryAfterMs: (hour + hoursOfDay) * hourMs - nowMs };
  }
  return { limit: "tokensPerDay", max, now, retryAfterMs: null };
}

export function storageExceeded({ storageBytes: now }: Usage, { storageBytes: max }: Quotas): Exceeded | null {
  return now < max ? null : { limit: "storageBytes", max, now, retryAfterMs: null };
}

export function threadsExceeded(now: number, { threads: max }: Quotas): Exceeded | null {
  return now < max ? null : { limit: "threads", max, now, retryAfterMs: null };
}

/** The place of a thread among the turns at work, taken or renewed until then; null where all are taken. */
export function takePlace(
  usage: Usage,
  { turnsAtOnce: max }: Quotas,
  { threadId, nowMs, leaseMs }: { threadId: string; nowMs: number; leaseMs: number },
): Usage | null {
  const others = placesTaken(usage, nowMs).filter(([id]) => id !== threadId);
  if (others.length >= max) return null;
  return { ...usage, places: Object.fromEntries([...others, [threadId, nowMs + leaseMs]]) };
}

export function leavePlace(usage: Usage, threadId: string): Usage {
  if (!(threadId in usage.places)) return usage;
  const { [threadId]: _, ...places } = usage.places;
  return { ...usage, places };
}

export function placesTaken({ places }: Usage, nowMs: number): [threadId: string, leasedToMs: number][] {
  return Object.entries(places).filter(([, leasedToMs]) => leasedToMs > nowMs);
}
