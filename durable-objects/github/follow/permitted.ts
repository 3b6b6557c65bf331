/** Whether somebody may do what they ask for: judged by GitHub's answer about them and by the operator's policy. */
import { type GithubAction, type Permission, permit } from "#core/github/permission";
import { type Act, type OurApp, senderRefusal } from "#core/github/sender";
import type { RepositoryReads } from "#github/consequences";
import type { Effect } from "#github/effect";
import type { Person } from "#github/event";
import { answer, react, type Said } from "#github/follow/said";

/** Who did it, where they are heard. Programs, Spindle itself and accounts that are gone are not answered: that is what ends loops. */
export async function heardPerson(act: Act, reads: RepositoryReads): Promise<Person | null> {
  const { botIdsAllowed } = reads.ledger.policy().permission;
  return senderRefusal(act, await ours(reads), botIdsAllowed) === null ? act.sender : null;
}

/** `isFresh`: GitHub is asked anew, as for an approval and for whatever else lands something. */
export async function permissionFor(
  { act, on }: Said,
  action: GithubAction,
  reads: RepositoryReads,
  isFresh = action === "approve",
): Promise<Permission> {
  const isPerson = act.sender?.type === "User";
  const reply = isPerson && act.sender ? await reads.permissionOf(act.sender, { fresh: isFresh }) : null;
  const requesterIds = reads.ledger.talk(reads.threadOf(on.number))?.requesterIds ?? [];
  return permit({ action, act, reply, requesterIds }, reads.ledger.policy().permission, await ours(reads));
}

/** Strangers get no comment of ours for theirs, or anybody could have it written. */
export function refused(said: Said, permission: Extract<Permission, { allowed: false }>): Effect[] {
  const mayWrite = permission.refused === "viaApp" || permission.refused === "notListed" || permission.refused === "ownRequest";
  return [...react(said, "-1"), ...(mayWrite ? answer(said, permission.answer) : [])];
}

async function ours({ ownApp }: RepositoryReads): Promise<OurApp> {
  return { appId: (await ownApp()).id, botId: null };
}
