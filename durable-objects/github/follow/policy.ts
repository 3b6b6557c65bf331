/** Who may do what where the operator said nothing else, and how much. */
import type { Budgets } from "#core/github/budget";
import type { PermissionPolicy } from "#core/github/permission";
import { githubTextLimits } from "#core/limits";

/** Whoever may write may ask and approve, also what they asked for themselves; programs may nothing. */
export const permissionPolicy: PermissionPolicy = {
  botIdsAllowed: [],
  actorIdsAllowed: null,
  approverIdsAllowed: null,
  mayApproveOwn: true,
  approvalsRequired: 1,
};

/** Whoever may write and puts this label on an issue or pull request asks for a turn on it. Labels are alike whatever their case. */
export const triggerLabel = "spindle";

export const budgets: Budgets = {
  person: { turnsPerHour: githubTextLimits.personTurnsPerHour, tokensPerDay: githubTextLimits.personTokensPerDay },
  repository: { turnsPerHour: githubTextLimits.repositoryTurnsPerHour, tokensPerDay: githubTextLimits.repositoryTokensPerDay },
};
