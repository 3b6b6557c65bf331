/** Whether a decision fits what is asked, and the answer that the protocol takes for it. Pure. */
import { refusals } from "#protocol/errors";
import type { WorkStatus } from "#protocol/item";
import { type Problem, problem, problemOf } from "./problem.ts";
import type { Approval, DecisionBody } from "./routes.ts";

export type Verdict = "yes" | "no";

/** What an item that was asked about says of the answer: a change that was taken and could not land was a yes. Null where it says nothing yet. */
export function verdictOf(status: WorkStatus | null): Verdict | null {
  if (status === "declined") return "no";
  return status === "completed" || status === "failed" ? "yes" : null;
}

export function readDecision(
  { kind, proposal }: Pick<Approval, "kind" | "proposal">,
  { decision, proposalHash, hunks, answers }: DecisionBody,
): { answer: unknown } | { problem: Problem } {
  if (kind === "question") {
    if (answers === undefined || decision !== undefined) return doesNotFit("a question is answered by `answers`");
    return { answer: { answers } };
  }
  if (decision === undefined || answers !== undefined) return doesNotFit("it is answered by a `decision`");
  if (kind === "command") {
    if (hunks !== undefined || proposalHash !== undefined) return doesNotFit("a command has no diff");
    return { answer: { decision } };
  }
  const isYes = decision === "accept" || decision === "acceptForSession";
  if (isYes && proposalHash === undefined) {
    return { problem: problem("proposalHashRequired", "`proposalHash` has to be the hash of the diff that was read") };
  }
  // Also a no is for what was read.
  if (proposalHash !== undefined && proposalHash !== proposal?.hash) {
    return { problem: problemOf(refusals.otherProposal(proposal?.hash ?? "none")) };
  }
  if (hunks === undefined) return { answer: { decision } };
  if (decision !== "accept") return doesNotFit("`hunks` are accepted, and by `accept` only");
  return { answer: { decision, hunks, proposalHash } };
}

function doesNotFit(detail: string): { problem: Problem } {
  return { problem: problem("decisionDoesNotFit", detail) };
}
