/** What a yes at GitHub is bound to: a diff on a commit, or some hunks of it, which are another diff on the same commit. */
import { createHash } from "node:crypto";
import { proposalHash } from "#core/github/proposal-hash";
import { githubApiLimits } from "#core/limits";
import type { FileChange } from "#core/private";
import type { Ledger, Proposal, ProposalPart } from "#github/ledger";
import { partOfChanges } from "#workspace/part";

export type BoundProposal = Proposal & { bound: NonNullable<Proposal["bound"]> };

/** GitHub's hash of these changes on a commit of this repository. */
export function hashOn(ledger: Ledger, baseOid: string, changes: readonly FileChange[]): string {
  const sides = changes.map(({ path, before, after }) => ({
    path,
    mode: after?.mode ?? null,
    before: before?.hash ?? null,
    after: after?.hash ?? null,
  }));
  return proposalHash({ repositoryId: ledger.repositoryId(), baseOid, changes: sides }, sha256);
}

/** What somebody says yes to. `contents` are those that the whole diff has not; without `part` it is all of it. */
export interface Chosen {
  hash: string;
  changes: readonly FileChange[];
  contents: readonly Uint8Array[];
  part?: ProposalPart;
}

/** `hunks` as the comment numbers them; null: all. Writes nothing. */
export function choose(ledger: Ledger, proposal: BoundProposal, hunks: readonly number[] | null): Chosen | { refused: string } {
  const whole = { hash: proposal.bound.hash, changes: proposal.changes, contents: [] };
  if (hunks === null) return whole;
  const chosen = partOfChanges(proposal.changes, hunks, (oid) => ledger.content(oid));
  if ("refused" in chosen) return { refused: chosen.answer };
  if (chosen.isAll) return whole;
  const { changes, contents } = chosen;
  // Both stand in one row until it is committed.
  if (JSON.stringify([proposal.changes, changes]).length > githubApiLimits.proposalCharactersMax) {
    return { refused: "This diff changes too many files to be approved by hunks." };
  }
  const hash = hashOn(ledger, proposal.bound.baseOid, changes);
  return { hash, changes, contents, part: { hash, hunks: [...hunks], changes } };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
