/** How much one repository and one person may use: turns in an hour, tokens in a day, counted from what was recorded. */

/** One turn. It counts from its beginning; its tokens are recorded again as they grow, under the same id. */
export interface Use {
  turnId: string;
  personId: number;
  /** When the turn began, Unix ms. */
  atMs: number;
  tokens: number;
}

export interface Budget {
  turnsPerHour: number;
  tokensPerDay: number;
}

export interface Budgets {
  person: Budget;
  repository: Budget;
}

export type BudgetStanding =
  | { allowed: true }
  /** `retryAtMs`: when enough will be too old to count. */
  | { allowed: false; refused: keyof Budget; whose: keyof Budgets; retryAtMs: number; answer: string };

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;

/** The uses of one repository with this one added or brought up to date; what is older than any window is let go. */
export function recordUse(uses: readonly Use[], use: Use): Use[] {
  return [...uses.filter(({ turnId, atMs }) => turnId !== use.turnId && atMs > use.atMs - dayMs), use];
}

/** Whether another turn of this person may begin in the repository whose uses these are. */
export function budgetStanding(uses: readonly Use[], personId: number, nowMs: number, budgets: Budgets): BudgetStanding {
  const own = uses.filter((use) => use.personId === personId);
  for (const [whose, counted] of [["person", own] as const, ["repository", uses] as const]) {
    const { turnsPerHour, tokensPerDay } = budgets[whose];
    const turnsAtMs = freeAtMs(counted, nowMs, hourMs, turnsPerHour, () => 1);
    if (turnsAtMs !== null) return refuse("turnsPerHour", whose, turnsAtMs, turnsPerHour);
    const tokensAtMs = freeAtMs(counted, nowMs, dayMs, tokensPerDay, ({ tokens }) => tokens);
    if (tokensAtMs !== null) return refuse("tokensPerDay", whose, tokensAtMs, tokensPerDay);
  }
  return { allowed: true };
}

/** Null when less than `most` was used within the window; else when so much will have left it that it is. */
function freeAtMs(
  uses: readonly Use[],
  nowMs: number,
  windowMs: number,
  most: number,
  weigh: (use: Use) => number,
): number | null {
  const recent = uses.filter(({ atMs }) => atMs > nowMs - windowMs).sort((one, other) => one.atMs - other.atMs);
  let used = recent.reduce((sum, use) => sum + weigh(use), 0);
  if (used < most) return null;
  for (const use of recent) {
    used -= weigh(use);
    if (used < most) return use.atMs + windowMs;
  }
  // A budget of nothing never frees itself; it is asked again after a window.
  return nowMs + windowMs;
}

function refuse(refused: keyof Budget, whose: keyof Budgets, retryAtMs: number, most: number): BudgetStanding {
  const subject = whose === "person" ? "You have" : "This repository has";
  const what = refused === "turnsPerHour" ? `its ${most} turns of this hour` : `its ${most} tokens of this day`;
  const used = whose === "person" ? what.replace("its", "your") : what;
  return { allowed: false, refused, whose, retryAtMs, answer: `${subject} used ${used}.` };
}
