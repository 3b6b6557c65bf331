/** How many have said yes to a diff, and whether each of them still counts. */
import { approvalsMissing } from "#core/github/permission";
import type { ApprovalRecord } from "#github/approvals";
import type { RepositoryReads } from "#github/consequences";
import type { Chosen } from "#github/follow/bound-diff";
import type { Approval } from "#github/follow/decide";
import { permissionFor } from "#github/follow/permitted";
import type { Said } from "#github/follow/said";
import type { Ledger, Proposal } from "#github/ledger";
import { blobHash } from "#workspace/blob";

/** How many are still to say yes to exactly this hash, by the policy as it is now: a yes to some hunks is none to others. */
export function approvalsMissingOf(ledger: Ledger, requestId: string, hash: string): number {
  const said = ledger.approvals.standing(requestId).map(({ by, hash: named }) => ({ personId: by.id, hash: named }));
  return approvalsMissing(said, hash, ledger.policy().permission);
}

/** The logins of those who said yes to exactly this hash, in that order. */
export function approversOf(ledger: Ledger, requestId: string, hash: string): string[] {
  return ledger.approvals.standing(requestId).flatMap((one) => (one.hash === hash ? [one.by.login] : []));
}

/** Hunks that somebody said yes to, and to no more, with who that was. */
export function partsApproved(ledger: Ledger, requestId: string): { hash: string; hunks: number[]; by: string[] }[] {
  const parts = Map.groupBy(
    ledger.approvals.standing(requestId).filter(({ hunks }) => hunks !== null),
    ({ hash }) => hash,
  );
  return [...parts].map(([hash, said]) => ({ hash, hunks: said[0]?.hunks ?? [], by: said.map(({ by }) => by.login) }));
}

/** A person counts once for what they named, however often they say it. */
export function noteApproval(
  ledger: Ledger,
  { deliveryId, comment }: Said,
  { by, role, door, requestId, chosen, nowMs }: Approval & { requestId: string; chosen: Chosen; nowMs: number },
): void {
  const { hash, part } = chosen;
  if (ledger.approvals.standing(requestId).some((one) => one.by.id === by.id && one.hash === hash)) return;
  ledger.approvals.add({
    requestId,
    hash,
    hunks: part?.hunks ?? null,
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
