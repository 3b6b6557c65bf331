/** Who may do what where the operator said nothing else, and how much. */
import type { Budgets } from "#core/github/budget";
import type { PermissionPolicy } from "#core/github/permission";

/** Whoever may write may ask and approve, also what they asked for themselves; programs may nothing. */
export const permissionPolicy: PermissionPolicy = {
  botIdsAllowed: [],
  actorIdsAllowed: null,
  approverIdsAllowed: null,
  mayApproveOwn: true,
  approvalsRequired: 1,
};

/** A person who asks all day long stays below; a loop does not. */
export const budgets: Budgets = {
  person: { turnsPerHour: 20, tokensPerDay: 4_000_000 },
  repository: { turnsPerHour: 60, tokensPerDay: 20_000_000 },
};
