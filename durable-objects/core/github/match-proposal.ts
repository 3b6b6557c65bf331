/** Which proposal an approval names: exactly one that is open in this thread, or a named refusal. */

export interface KnownProposal {
  /** `proposalHash`, whole. */
  hash: string;
  threadId: string;
  /** "stale": its base has moved. "decided": somebody said yes or no to it. */
  state: "open" | "stale" | "decided";
}

export type MatchRefusal = "malformed" | "none" | "ambiguous" | "stale" | "decided" | "otherThread";

export type Match<Known extends KnownProposal> = { proposal: Known } | { refused: MatchRefusal; answer: string };

/**
 * `prefix`: at least twelve hexadecimal digits. Every proposal that the thread ever had counts, not only the open ones: whoever
 * can make two diffs with the same first digits must not have the one approved that nobody saw.
 */
export function matchProposal<Known extends KnownProposal>(
  prefix: string,
  threadId: string,
  known: readonly Known[],
): Match<Known> {
  if (!/^[0-9a-f]{12,64}$/.test(prefix)) return refuse("malformed", known, threadId);
  const alike = known.filter(({ hash }) => hash.startsWith(prefix));
  const here = alike.filter((proposal) => proposal.threadId === threadId);
  if (here.length === 0) return refuse(alike.length === 0 ? "none" : "otherThread", known, threadId);
  if (new Set(here.map(({ hash }) => hash)).size > 1) return refuse("ambiguous", known, threadId);
  // The same diff on the same commit may be proposed again after it was declined.
  const open = here.find(({ state }) => state === "open");
  if (open !== undefined) return { proposal: open };
  return refuse(here.some(({ state }) => state === "decided") ? "decided" : "stale", known, threadId);
}

const answers: Record<MatchRefusal, string> = {
  malformed: "An approval names the diff by at least 12 digits of its hash.",
  none: "No diff of this thread has that hash.",
  ambiguous: "Several diffs of this thread begin with these digits; please give more of them.",
  stale: "That diff was made on a commit that is no longer the branch's last one, so nothing was committed.",
  decided: "That diff has been decided already.",
  otherThread: "That diff belongs to another issue or pull request.",
};

function refuse(
  refused: MatchRefusal,
  known: readonly KnownProposal[],
  threadId: string,
): { refused: MatchRefusal; answer: string } {
  const open = known.filter((proposal) => proposal.threadId === threadId && proposal.state === "open");
  const hint = open.length === 1 ? ` The open one is \`${open[0]?.hash.slice(0, 16)}\`.` : "";
  return { refused, answer: `${answers[refused]}${refused === "ambiguous" ? "" : hint}` };
}
