/** Who may do what, and how much: what the operator says in `GITHUB_POLICY`, and what holds where they say nothing (docs/github.md). */
import * as z from "zod";
import type { Budgets } from "#core/github/budget";
import type { PermissionPolicy } from "#core/github/permission";
import { githubTextLimits } from "#core/limits";

export interface Policy {
  permission: PermissionPolicy;
  budgets: Budgets;
  /** Whoever may write and puts this label on an issue or pull request asks for a turn on it. Labels are alike whatever their case. */
  triggerLabel: string;
}

const { personTurnsPerHour, personTokensPerDay, repositoryTurnsPerHour, repositoryTokensPerDay } = githubTextLimits;

/** GitHub's numbers of people and programs: names pass on. */
const ids = z.array(z.int().positive()).max(githubTextLimits.policyIdsMax);

const budget = (turnsPerHour: number, tokensPerDay: number) =>
  z
    .strictObject({
      turnsPerHour: z.int().nonnegative().default(turnsPerHour),
      tokensPerDay: z.int().nonnegative().default(tokensPerDay),
    })
    .prefault({});

/** Whoever may write may ask and approve, also what they asked for themselves; programs may nothing. */
const statement = z
  .strictObject({
    botIdsAllowed: ids.default([]),
    actorIdsAllowed: ids.nullable().default(null),
    approverIdsAllowed: ids.nullable().default(null),
    mayApproveOwn: z.boolean().default(true),
    approvalsRequired: z.int().min(1).max(githubTextLimits.approvalsRequiredMax).default(1),
    triggerLabel: z.string().trim().min(1).max(githubTextLimits.labelCharactersMax).default("spindle"),
    budgets: z
      .strictObject({
        person: budget(personTurnsPerHour, personTokensPerDay),
        repository: budget(repositoryTurnsPerHour, repositoryTokensPerDay),
      })
      .prefault({}),
  })
  .refine(({ approverIdsAllowed, approvalsRequired }) => approvalsRequired <= (approverIdsAllowed?.length ?? approvalsRequired), {
    path: ["approvalsRequired"],
    message: "more than approverIdsAllowed names",
  })
  .transform(({ budgets, triggerLabel, ...permission }): Policy => ({ permission, budgets, triggerLabel }));

export const defaultPolicy: Policy = statement.parse({});

/** A problem is a sentence for the operator. */
export function readPolicy(text: string): Policy | { problem: string } {
  const parsed = statement.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.length ? `${issue.path.join(".")}: ` : "";
  return { problem: `GITHUB_POLICY must be the JSON of docs/github.md: ${place}${issue?.message ?? ""}` };
}

/** Undefined is no JSON value, and no policy. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
