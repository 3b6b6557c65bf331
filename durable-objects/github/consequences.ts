/** The seam between what GitHub says and what follows from it. */
import type { Effect, EffectResult, Outcome } from "#github/effect";
import type { Person, RepositoryEvent } from "#github/event";
import type { GitHubCalls, Permissions, RepositoryPlace } from "#github/installation";
import type { RepositoryPermission } from "#github/permission";
import type { TurnUse } from "#github/uses";

/** What may be looked at while it is decided what follows. Everything throws `GitHubError` when GitHub does not answer: then it is decided later. */
export interface RepositoryReads {
  place: RepositoryPlace;
  deliveryId: string;
  /** Unix milliseconds. */
  nowMs: number;
  permissionOf(person: Person, how: { fresh: boolean }): Promise<RepositoryPermission>;
  /** For reading only; the permissions are `read`. */
  calls(permissions: Permissions): GitHubCalls;
  /** The thread of an issue or pull request: the same whenever it is asked for, new the first time. */
  threadOf(issueNumber: number): string;
  /** What turns here have used within a day, for budgets. */
  uses(): TurnUse[];
  /** What came of an effect; null while it waits, or when there is none of that key. */
  resultOf(key: string): EffectResult | null;
}

export interface Consequences {
  /**
   * Decides, and changes nothing itself: the effects are kept in the transaction that says that the event is done. Before that it may be
   * asked again, after a crash or when GitHub could not be reached. Their keys begin with the delivery's id unless they are the same
   * whoever asks for them.
   */
  ofEvent(event: RepositoryEvent, reads: RepositoryReads): Promise<Effect[]>;
  /** Within the transaction that settles an effect, so that what follows from it is not lost. */
  ofOutcome(effect: Effect, outcome: Outcome): Effect[];
}
