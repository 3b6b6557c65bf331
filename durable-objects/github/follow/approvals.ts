/** How many have said yes to a diff, and whether each of them still counts. */
import { approvalsMissing } from "#core/github/permission";
import type { ApprovalRecord } from "#github/approvals";
import type { RepositoryReads } from "#github/consequences";
import type { Approval } from "#github/follow/decide";
import { permissionFor } from "#github/follow/permitted";
import type { Said } from "#github/follow/said";
import type { Ledger, Proposal } from "#github/ledger";
import { blobHash } from "#workspace/blob";

/** How many are still to say yes, by the policy as it is now. */
export function approvalsMissingOf(ledger: Ledger, { requestId, bound }: Pick<Proposal, "requestId" | "bound">): number {
  const said = ledger.approvals.standing(requestId).map(({ by, hash }) => ({ personId: by.id, hash }));
  return approvalsMissing(said, bound?.hash ?? "", ledger.policy().permission);
}

/** The logins of those who said yes, in that order. */
export function approversOf(ledger: Ledger, requestId: string): string[] {
  return ledger.approvals.standing(requestId).map(({ by }) => by.login);
}

/** A person counts once, however often they say it. */
export function noteApproval(
  ledger: Ledger,
  { deliveryId, comment }: Said,
  { by, role, door, proposal, nowMs }: Approval & { proposal: Proposal; nowMs: number },
): void {
  const { requestId, bound } = proposal;
  if (bound === null || ledger.approvals.standing(requestId).some((one) => one.by.id === by.id)) return;
  ledger.approvals.add({
    requestId,
    hash: bound.hash,
    by,
    role,
    door: { type: door.type, id: door.id },
    deliveryId,
    wordsOid: comment === null ? null : blobHash(new TextEncoder().encode(comment.body)),
    atMs: nowMs,
  });
}

/** Of the others: whoever has lost the right since, or has become one who asked for the change, is asked after anew like the last one. */
export async function lapsedApprovals(
  said: Said,
  { requestId }: Proposal,
  reads: RepositoryReads,
): Promise<(ApprovalRecord & { seq: number })[]> {
  const lapsed = [];
  for (const approval of reads.ledger.approvals.standing(requestId)) {
    if (approval.by.id === said.act.sender?.id) continue;
    const permission = await permissionFor({ ...said, act: { sender: approval.by, viaAppId: null } }, "approve", reads);
    if (!permission.allowed) lapsed.push(approval);
  }
  return lapsed;
}
