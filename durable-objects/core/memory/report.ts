/** What a thread tells the memory of its account about a turn. */

import type { FinishedTurn } from "#core/memory/distil";
import type { UsedTurn } from "#core/memory/learn";
import type { Signal } from "#core/memory/outcome";
import type { AssumptionKind, ProbeMethod } from "#protocol/declare-assumptions";

/**
 * Said again whenever more is known of the turn, each time with all that is known: a higher revision takes the place of a lower one, and one that
 * was heard before changes nothing.
 */
export interface TurnReport {
  /** 1, 2, 3 … within the turn. */
  revision: number;
  turn: FinishedTurn;
  /** The repository that the thread works on; null where it is none: then what is learnt stays with the thread, or is the account's. */
  repository: string | null;
  /** In order. */
  signals: Signal[];
  /** What the turn was given; null where the memory was switched off for it. Fragments may be gone by now. */
  used: TurnUse | null;
  /** Of its decision tree, in order. */
  assumptions: ResolvedAssumption[];
}

export interface TurnUse extends UsedTurn {
  /** How likely each fragment that was weighed was to be shown, by id, in [0, 1]: for judging other policies later. */
  propensities: Record<string, number>;
  epoch: number;
  /** The approved wording that stood in its instructions; absent where there was none. No credit goes by it. */
  metapromptId?: string;
}

/** An assumption whose truth became known. */
export interface ResolvedAssumption {
  id: string;
  kind: AssumptionKind;
  /** Probability as the model stated it, before any calibration, in (0, 1). */
  stated: number;
  isTrue: boolean;
  /** What was observed about it before. */
  observations: { method: ProbeMethod; observed: boolean }[];
}
