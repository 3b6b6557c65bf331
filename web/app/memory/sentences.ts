/** What is known of a fragment, in sentences that claim no more than the figures do. */
import type { Result } from "#protocol/methods";
import { counted, figure, percent, points } from "../figures.ts";

export type FragmentEvidence = Result<"spindle/memory/read">["evidence"];
export type Fragment = Result<"spindle/memory/read">["fragment"];
type Outcomes = FragmentEvidence["shown"];

/** Half the width of an interval that holds the truth in 95 of 100, in deviations of a normal distribution. */
const deviationsAt95 = 1.96;

/** Example: “Shown in 15 turns, which went 0.80 on the average; the dice left it out of 2 turns, which …” */
export function effectOf({ shown, dropped, uplift }: FragmentEvidence): string {
  if (shown.turns === 0 && dropped.turns === 0)
    return "Not tried yet: no turn that could have been shown it has ended in an outcome.";
  const seen = [
    shown.turns > 0 ? `Shown in ${turns(shown)}` : "Shown in no turn yet",
    dropped.turns > 0 ? `the dice left it out of ${turns(dropped)}` : "the dice never left it out",
  ].join("; ");
  const [low, high] = [uplift.mean - deviationsAt95 * uplift.deviation, uplift.mean + deviationsAt95 * uplift.deviation];
  const effect = `Effect ${points(uplift.mean)} points (95 %: ${points(low)} … ${points(high)})`;
  return `${seen}. ${effect}: ${claimOf(uplift)}.`;
}

/** What may be said of the sign: nothing, unless nineteen of twenty such fragments would have it. */
function claimOf({ helpsProbability }: FragmentEvidence["uplift"]): string {
  if (helpsProbability >= 0.95) return `it helps (${percent(helpsProbability)} sure)`;
  if (helpsProbability <= 0.05) return `it harms (${percent(1 - helpsProbability)} sure)`;
  return `whether it helps is not decided (it does with ${percent(helpsProbability)})`;
}

/** Records are halved when a fragment is edited, so that there are half turns. */
function turns({ turns: count, mean }: Outcomes): string {
  const shown = Math.round(count * 10) / 10;
  return `${counted(shown, "turn")}${mean === null ? "" : `, which went ${figure(mean)} on the average`}`;
}

export const stateWords = {
  candidate: "new",
  probation: "on probation",
  active: "active",
  quarantined: "held back: it probably harms",
  tombstone: "removed",
} as const satisfies Record<Fragment["state"], string>;

export const kindWords = {
  strategy: "strategy",
  pitfall: "pitfall",
  workflow: "workflow",
  fact: "fact",
  metaprompt: "instructions",
} as const satisfies Record<Fragment["kind"], string>;

export function scopeInWords(scope: string): string {
  if (scope === "account") return "the whole account";
  if (scope === "global") return "all accounts that share";
  const [type = "", ...name] = scope.split("/");
  return `${type === "thread" ? "one thread" : "repository"} ${type === "thread" ? name.join("/").slice(0, 8) : name.join("/")}`;
}

/** Where it came from, each thread once, the last first. */
export function threadsOf({ provenance }: Pick<Fragment, "provenance">): string[] {
  return [...new Set(provenance.map(({ threadId }) => threadId))].reverse();
}

/** A wording's strength among its rivals. */
export function ratingOf(rating: Fragment["rating"]): string {
  if (!rating || rating.games === 0) return "Not compared yet.";
  const deviation = Math.sqrt(rating.variance);
  return `Compared ${counted(rating.games, "time")}: strength ${figure(rating.mean)} ± ${figure(deviation)}.`;
}
