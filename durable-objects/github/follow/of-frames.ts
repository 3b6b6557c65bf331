/** What follows from what a thread says: proposals are kept, landed ones are committed, and the comment says how it stands. */
import { type HeardFrame, type ThreadView, view } from "#core/github/thread-view";
import type { Decision, ThreadReads } from "#github/consequences";
import type { Effect } from "#github/effect";
import { addProposal, itemSettled, setState } from "#github/follow/proposals";
import { showTalk } from "#github/follow/show";
import type { Ledger, Talk } from "#github/ledger";
import type { ItemOf } from "#protocol/item";
import type { AskedProposal } from "#thread/asked-proposal";

export async function ofFrames(threadId: string, frames: HeardFrame[], { readProposal }: ThreadReads): Promise<Decision> {
  const asked = new Map<string, AskedProposal>();
  for (const { method, id } of frames) {
    if (method !== "item/fileChange/requestApproval" || id === undefined) continue;
    const found = await readProposal(threadId, id);
    if (found !== null) asked.set(id, found);
  }
  return (ledger) => fold(ledger, threadId, frames, asked);
}

function fold(ledger: Ledger, threadId: string, frames: HeardFrame[], asked: ReadonlyMap<string, AskedProposal>): Effect[] {
  const before = ledger.talk(threadId);
  if (before === null) return [];
  const effects: Effect[] = [];
  for (const frame of frames) {
    const talk = ledger.talk(threadId) ?? before;
    if (frame.seq <= talk.view.seq) continue;
    const seen = { ...talk, view: view(talk.view, frame), asked: askedAfter(talk.asked, frame) };
    if (isAlike(seen.view, talk.view) && !matters(frame)) continue;
    ledger.putTalk(seen);
    const { id = "", method, params } = frame;
    const proposal = asked.get(id);
    if (method === "item/fileChange/requestApproval" && proposal) effects.push(...addProposal(ledger, seen, id, proposal));
    if (method === "item/completed" && params.item.type === "fileChange") {
      const { id: itemId, status, proposal: shown } = params.item as ItemOf<"fileChange">;
      const landed = status === "completed" ? { hash: shown?.hash ?? null } : null;
      effects.push(...itemSettled(ledger, seen, { itemId, landed }));
    }
    if (method === "turn/completed") effects.push(...withdrawn(ledger, threadId));
  }
  return [...effects, ...showTalk(ledger, threadId)];
}

/** Remembered, because the turn that the request came into may be another client's, and so may the next one. */
function askedAfter(asked: Talk["asked"], { method, params }: HeardFrame): Talk["asked"] {
  const isRequest = method === "item/completed" && params.item.type === "userMessage" && params.item.clientId === asked.key;
  return isRequest ? { ...asked, hasBegun: true } : asked;
}

/** The number alone is no change worth a row: these frames are heard again after a crash, and change nothing then. */
function isAlike(one: ThreadView, other: ThreadView): boolean {
  return one.turn === other.turn && one.plan === other.plan && one.said === other.said && one.requests === other.requests;
}

function matters({ method, params }: HeardFrame): boolean {
  return method === "item/completed" && params.item.type === "fileChange";
}

/** A turn that ended waits for nobody. */
function withdrawn(ledger: Ledger, threadId: string): Effect[] {
  const moved = ledger.proposalsIn(threadId, ["moved"]).flatMap((proposal) => setState(ledger, proposal, { type: "stale" }));
  const others = ledger
    .proposalsIn(threadId, ["waiting", "open", "approved"])
    .flatMap((proposal) => setState(ledger, proposal, { type: "declined", by: null, reason: "The turn ended." }));
  return [...moved, ...others];
}
