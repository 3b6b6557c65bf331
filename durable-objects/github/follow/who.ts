/** Who did something at GitHub, whether they may, and what is said to whoever may not. */
import { type GithubAction, type Permission, permit } from "#core/github/permission";
import type { OurApp } from "#core/github/sender";
import type { RepositoryReads } from "#github/consequences";
import type { Effect } from "#github/effect";
import type { RepositoryEvent } from "#github/event";
import { permissionPolicy } from "#github/follow/policy";
import { answer, react, type Said } from "#github/follow/said";

export function whereabouts({ repository }: RepositoryEvent, { deliveryId }: RepositoryReads) {
  return { deliveryId, defaultBranch: repository.defaultBranch, repository: `${repository.owner}/${repository.name}` };
}

/** `isFresh`: what follows lands something, so that no answer of a minute ago will do. */
export async function permissionFor(
  { act, on }: Said,
  action: GithubAction,
  reads: RepositoryReads,
  isFresh = action === "approve",
): Promise<Permission> {
  const isPerson = act.sender?.type === "User";
  const reply = isPerson && act.sender ? await reads.permissionOf(act.sender, { fresh: isFresh }) : null;
  const requesterIds = reads.ledger.talk(reads.threadOf(on.number))?.requesterIds ?? [];
  return permit({ action, act, reply, requesterIds }, permissionPolicy, await ours(reads));
}

export async function ours({ ownApp }: RepositoryReads): Promise<OurApp> {
  return { appId: (await ownApp()).id, botId: null };
}

/** Strangers get no comment of ours for theirs, or anybody could have it written. */
export function refused(said: Said, permission: Extract<Permission, { allowed: false }>): Effect[] {
  const isStranger = permission.refused === "mayNotWrite" || permission.refused === "permissionUnknown";
  return [...react(said, "-1"), ...(isStranger ? [] : answer(said, permission.answer))];
}
