/** The revisions of a turn's decision: the newest comes with the thread, those before it are asked for once. */
import { useEffect, useState } from "preact/hooks";
import type { Client } from "#client/client";
import type { ThreadHandle } from "#client/thread-handle";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { Turn } from "#protocol/turn";
import { appLimits } from "../limits.ts";
import { useStore } from "../store/store.ts";

export interface Revisions {
  /** In their order, without a gap, up to the newest; empty while nothing is known. */
  trees: DecisionTreeRevision[];
  failure: string | null;
}

/** A revision never changes, so that what was read of a thread is kept as long as the thread is followed. */
const kept = new WeakMap<ThreadHandle, Map<string, DecisionTreeRevision>>();

/** `live`: the newest revision of the thread. */
export function useRevisions(thread: ThreadHandle, turnId: string | null, live: DecisionTreeRevision | null): Revisions {
  const { client } = useStore();
  const newest = live?.turnId === turnId ? live : null;
  const [, setCount] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const known = keptOf(thread);
  if (newest) known.set(keyOf(newest), newest);
  useEffect(() => {
    if (turnId === null) return;
    let isGone = false;
    setFailure(null);
    readMissing(client, thread, turnId, newest?.revision ?? null).then(
      () => isGone || setCount((count) => count + 1),
      (error: Error) => isGone || setFailure(error.message),
    );
    return () => {
      isGone = true;
    };
  }, [client, thread, turnId, newest?.revision]);
  return { trees: turnId === null ? [] : runOf(known, turnId, newest?.revision ?? null), failure };
}

/** Turns that decided something, oldest first: the loop leaves a thought “act …”, “probe …” or “ask …” where it weighs. */
export function decidingTurns(turns: readonly Turn[], newestTurnId: string | null): Turn[] {
  return turns.filter((turn) => turn.id === newestTurnId || hasWeighed(turn));
}

/** A turn is never mutated; while another one streams, those that ended are not searched again. */
const weighed = new WeakMap<Turn, boolean>();

function hasWeighed(turn: Turn): boolean {
  const found = weighed.get(turn) ?? turn.items.some((item) => item.type === "reasoning" && thought.test(item.summary[0] ?? ""));
  weighed.set(turn, found);
  return found;
}

const thought = /^(act|probe|ask) \S+\. /;

async function readMissing(client: Client, thread: ThreadHandle, turnId: string, newest: number | null): Promise<void> {
  const known = keptOf(thread);
  const read = async (revision: number | null) => {
    const { tree } = await client.request("spindle/decisionTree/read", { threadId: thread.id, turnId, revision });
    known.set(keyOf(tree), tree);
    return tree.revision;
  };
  const last = newest ?? (await read(null));
  const first = Math.max(1, last - appLimits.decisionRevisionsMax + 1);
  const missing = Array.from({ length: last - first + 1 }, (_, place) => first + place).filter(
    (revision) => !known.has(keyOf({ turnId, revision })),
  );
  await Promise.all(missing.map(read));
}

/** The longest run without a gap that ends with the newest one known. */
function runOf(known: ReadonlyMap<string, DecisionTreeRevision>, turnId: string, newest: number | null): DecisionTreeRevision[] {
  const ofTurn = [...known.values()].filter((tree) => tree.turnId === turnId);
  const last = newest ?? Math.max(0, ...ofTurn.map(({ revision }) => revision));
  const run: DecisionTreeRevision[] = [];
  for (let revision = last; revision > 0; revision -= 1) {
    const tree = known.get(keyOf({ turnId, revision }));
    if (!tree) break;
    run.unshift(tree);
  }
  return run;
}

function keptOf(thread: ThreadHandle): Map<string, DecisionTreeRevision> {
  const map = kept.get(thread) ?? new Map<string, DecisionTreeRevision>();
  kept.set(thread, map);
  return map;
}

function keyOf({ turnId, revision }: Pick<DecisionTreeRevision, "turnId" | "revision">): string {
  return `${turnId}/${revision}`;
}
