/** A thread on hold: no door approves a diff of it, and what was approved already does not leave for GitHub. */
import { neutralLine } from "#core/github/neutral";
import type { Effect } from "#github/effect";
import type { Person } from "#github/event";
import { answer, nothingAsked, react, type Said } from "#github/follow/said";
import { showProposal, showTalk } from "#github/follow/show";
import { type Ledger, landingLane, type Talk } from "#github/ledger";

export function hold(ledger: Ledger, said: Said, threadId: string, by: Person): Effect[] {
  const talk = ledger.talk(threadId);
  if (talk === null) return answer(said, nothingAsked);
  if (talk.heldBy) return answer(said, `${neutralLine(talk.heldBy.login)} put it on hold already.`);
  ledger.holdLane(landingLane(threadId));
  return changed(ledger, said, { ...talk, heldBy: by });
}

/** A commit that waited goes on, and lands only where the branch still stands at its base. */
export function unhold(ledger: Ledger, said: Said, threadId: string, nowMs: number): Effect[] {
  const talk = ledger.talk(threadId);
  if (!talk?.heldBy) return answer(said, "It is not on hold.");
  const { heldBy: _, ...free } = talk;
  ledger.releaseLane(landingLane(threadId), nowMs);
  return changed(ledger, said, free);
}

/** Null while nobody holds it. */
export function heldAnswer(ledger: Ledger, threadId: string): string | null {
  const by = ledger.talk(threadId)?.heldBy;
  return by ? `${neutralLine(by.login)} put this on hold, so nothing was approved; \`/spindle unhold\` ends that.` : null;
}

function changed(ledger: Ledger, said: Said, talk: Talk): Effect[] {
  ledger.putTalk(talk);
  const open = ledger.proposalsIn(talk.threadId, ["open"]);
  return [
    ...react(said, "+1"),
    ...open.flatMap((proposal) => showProposal(ledger, proposal)),
    ...showTalk(ledger, talk.threadId),
  ];
}
