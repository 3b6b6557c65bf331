import type { Ledger } from "#github/ledger";

/** Whether a yes or no may still decide a proposal: also a stale one that the thread waits for, because the branch may come back. */
export function isPending(ledger: Ledger, requestId: string): boolean {
  const proposal = ledger.proposal(requestId);
  if (proposal?.state.type !== "stale") return proposal?.state.type === "open";
  const { asked, view } = ledger.talk(proposal.threadId) ?? {};
  // Another turn may have been asked for before this one has ended.
  return asked?.key === view?.turn?.key && (view?.requests.some(({ id }) => id === requestId) ?? false);
}
