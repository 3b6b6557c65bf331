/** What somebody did at GitHub, of whichever event it was told: by whom, where, and about what. */
import type { SnapshotComment } from "#core/github/context";
import { redact } from "#core/github/redact";
import type { Act } from "#core/github/sender";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { Conversation, Effect, ReactionContent, ReactionTarget } from "#github/effect";
import type { IssueFacts, RepositoryEvent } from "#github/event";
import { GitHubError, isPassing } from "#github/failure";

export interface Said {
  act: Act;
  on: Conversation;
  issue: IssueFacts;
  /** Null where it has no words: a button. */
  comment: { id: number; body: string; createdAt: string; place: SnapshotComment["place"] } | null;
  defaultBranch: string;
  repository: string;
  /** Where a reaction goes; null where there is nothing to react to. */
  reactTo: ReactionTarget | null;
  deliveryId: string;
}

export function whereabouts({ repository }: RepositoryEvent, { deliveryId }: RepositoryReads) {
  return { deliveryId, defaultBranch: repository.defaultBranch, repository: `${repository.owner}/${repository.name}` };
}

export function react({ deliveryId, reactTo, on }: Said, content: ReactionContent): Effect[] {
  if (reactTo === null) return [];
  return [{ key: `${deliveryId}/react`, lane: `answers #${on.number}`, action: { type: "addReaction", to: reactTo, content } }];
}

/** Our own words; what they quote of others is inert already. */
export function answer({ deliveryId, on }: Said, text: string, spared: string[] = []): Effect[] {
  const body = redact(text, { secrets: [], spared }).text;
  return [{ key: `${deliveryId}/answer`, lane: `answers #${on.number}`, action: { type: "createComment", on, body } }];
}

/** To whoever asks about a thread that has not begun. */
export const nothingAsked = "Nothing was asked here yet.";

/** What GitHub refuses for good is said to whoever may ask; else they would wait for ever. */
export async function orSaid(said: Said, decide: () => Promise<Decision>): Promise<Decision> {
  try {
    return await decide();
  } catch (error) {
    if (!(error instanceof GitHubError) || isPassing(error.failure)) throw error;
    const { type } = error.failure;
    return () => [...react(said, "-1"), ...answer(said, `GitHub refused something that this needs (${type}); nothing was done.`)];
  }
}
