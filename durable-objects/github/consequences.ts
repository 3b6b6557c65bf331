/** The seam between what GitHub and a thread say and what follows from it. */
import type { PermissionReply } from "#core/github/permission";
import type { HeardFrame } from "#core/github/thread-view";
import type { Effect, Outcome } from "#github/effect";
import type { Person, RepositoryEvent } from "#github/event";
import type { GitHubCalls, Permissions, RepositoryPlace } from "#github/installation";
import type { Ledger } from "#github/ledger";
import type { OwnApp } from "#github/perform/performance";
import type { TurnUse } from "#github/uses";
import type { AskedProposal } from "#thread/asked-proposal";

/** What may be looked at while it is decided what follows. Everything throws `GitHubError` when GitHub does not answer: then it is decided later. */
export interface RepositoryReads {
  place: RepositoryPlace;
  deliveryId: string;
  /** Unix milliseconds. */
  nowMs: number;
  ownApp(): Promise<OwnApp>;
  permissionOf(person: Person, how: { fresh: boolean }): Promise<PermissionReply>;
  /** For reading only; the permissions are `read`. */
  calls(permissions: Permissions): GitHubCalls;
  /** The thread of an issue or pull request: the same whenever it is asked for, new the first time. */
  threadOf(issueNumber: number): string;
  /** For a thread that is to come to be by what is decided. */
  newThreadId(): string;
  /** What turns here have used within a day, for budgets. */
  uses(): TurnUse[];
  /** To be read only: what is written belongs into the decision. */
  ledger: Ledger;
}

/** Written down, and its effects kept, in the transaction that says that its cause is done; so it neither waits nor asks anybody. */
export type Decision = (ledger: Ledger) => Effect[];

export interface Consequences {
  /**
   * Changes nothing itself. May be asked again, after a crash or when GitHub could not be reached. The keys of effects begin with the
   * delivery's id unless they are the same whoever asks for them.
   */
  ofEvent(event: RepositoryEvent, reads: RepositoryReads): Promise<Decision>;
  /** Of what a thread of the repository tells those who follow it. The same frames may come again. */
  ofFrames(threadId: string, frames: HeardFrame[], reads: ThreadReads): Promise<Decision>;
  /** Within the transaction that settles an effect, so that what follows from it is not lost. */
  ofOutcome(effect: Effect, outcome: Outcome, ledger: Ledger): Effect[];
}

export interface ThreadReads {
  /** What an approval was asked for; null when it waits for none any more. Throws when the thread cannot be reached. */
  readProposal(threadId: string, requestId: string): Promise<AskedProposal | null>;
}
