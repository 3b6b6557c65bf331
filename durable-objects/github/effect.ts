/** What is done at GitHub, or to a thread, because of something: each a row of the outbox until it has happened once. */
import type { SuggestionComment } from "#core/github/suggestion";
import type { GitHubFailure } from "#github/failure";
import type { WireError } from "#protocol/errors";
import type { Request } from "#protocol/methods";

/** Where a comment or a reaction goes; the two need different permissions. */
export interface Conversation {
  number: number;
  isPullRequest: boolean;
}

export type ReactionContent = "eyes" | "rocket" | "+1" | "-1" | "confused";

export interface CheckRunState {
  status: "queued" | "in_progress" | "completed";
  /** Only of a completed one. */
  conclusion?: "action_required" | "cancelled" | "failure" | "neutral" | "skipped" | "success" | "timed_out";
  title: string;
  summary: string;
  text?: string;
  detailsUrl?: string;
  /** Buttons, three at most: label up to 20 characters, description up to 40, identifier up to 20. */
  actions?: { label: string; description: string; identifier: string }[];
}

/** One side of a changed file; `oid` is the git id of its content. */
export interface CommitSide {
  mode: number;
  oid: string;
}

export interface CommitChange {
  path: string;
  /** Null for a file that comes or goes. */
  before: CommitSide | null;
  after: CommitSide | null;
}

/** What a thread is about, as its clients are shown it. */
export interface ThreadSubject {
  /** Example: `acme/widgets` */
  repository: string;
  number: number;
  title: string;
  branch: string;
}

export type ThreadCall =
  /** A turn on exactly this commit, when no other runs; the thread is started where there is none. Harmless twice. */
  | { type: "begin"; repositoryId: number; commitOid: string; guidesOid: string; text: string; key: string; about: ThreadSubject }
  /** The thread of this effect comes to be as a fork of another. Harmless twice. `answerOn`: where it is told. */
  | { type: "fork"; repositoryId: number; sourceId: string; answerOn: Conversation }
  /** One that creates something carries its own key, as law 6 wants: `clientUserMessageId`. */
  | { type: "request"; request: Request }
  /** The first answer counts, so that a second of the same changes nothing. */
  | { type: "respond"; requestId: string; result: unknown };

export type EffectAction =
  | { type: "createComment"; on: Conversation; body: string }
  /** `of` is the key of the effect that created it, here and below. */
  | { type: "editComment"; of: string; on: Conversation; body: string }
  | { type: "addReaction"; to: ReactionTarget; content: ReactionContent }
  /** `externalId` is what the check run is bound to, and is never used for another. */
  | { type: "createCheckRun"; name: string; headOid: string; externalId: string; state: CheckRunState }
  | { type: "updateCheckRun"; of: string; state: CheckRunState }
  | { type: "createBranch"; branch: string; oid: string }
  /** Lands only while the branch stands at `baseOid`. The contents of `after` come with the effect, and are kept until it is settled. */
  | { type: "commit"; branch: string; baseOid: string; headline: string; body: string; changes: CommitChange[] }
  /** One review, and only while the pull request is open and its head is this commit. */
  | { type: "suggest"; number: number; headOid: string; body: string; comments: SuggestionComment[] }
  /** As a draft, where the repository knows drafts. */
  | { type: "openPullRequest"; head: string; base: string; title: string; body: string }
  /** Our draft is ready for review, while `headOid` is its last commit. */
  | { type: "markReady"; number: number; headOid: string }
  | { type: "callThread"; threadId: string; call: ThreadCall };

export type ReactionTarget =
  | { type: "issue"; on: Conversation }
  | { type: "comment"; id: number; on: Conversation }
  | { type: "reviewComment"; id: number };

export interface Effect {
  /** Unique in the repository. The same key again is the same effect, and changes nothing; an edit is replaced by the later one. */
  key: string;
  /** Effects of one lane happen in their order, each when the one before is settled. */
  lane: string;
  action: EffectAction;
}

export type EffectResult =
  /** `atTime`: when it was written or edited, by GitHub's clock, ISO 8601. */
  | { type: "comment"; id: number; url: string; atTime: string }
  | { type: "checkRun"; id: number }
  | { type: "commit"; oid: string }
  | { type: "review"; id: number; url: string }
  | { type: "pullRequest"; number: number; url: string }
  | { type: "threadReply"; text: string | null }
  | { type: "nothing" };

export type EffectFailure =
  | GitHubFailure
  /** Somebody stopped the installation. */
  | { type: "stopped" }
  /** What it builds on has failed. */
  | { type: "withoutBase"; key: string }
  /** Tried as often, or as long, as anything is. */
  | { type: "exhausted"; last: string }
  | { type: "refused"; error: WireError };

export type Outcome = { type: "done"; result: EffectResult } | { type: "failed"; failure: EffectFailure };

/** What is replaced by a later one of the same key, because only how it looks in the end matters. */
export function isReplaceable({ type }: EffectAction): boolean {
  return type === "editComment" || type === "updateCheckRun";
}

/** The key of the effect that this one builds on. */
export function baseOf(action: EffectAction): string | null {
  return action.type === "editComment" || action.type === "updateCheckRun" ? action.of : null;
}
