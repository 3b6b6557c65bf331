/**
 * Who may do what. The one source is GitHub's answer about a collaborator's permission; where it cannot be read, the answer is
 * no.
 */
import { type Act, type OurApp, type SenderRefusal, senderRefusal } from "#core/github/sender";

/** "steer" stands for every command that changes a running turn; "see" for reading a thread with private context. */
export type GithubAction = "trigger" | "steer" | "approve" | "see";

export type Role = "admin" | "maintain" | "write" | "triage" | "read" | "none";

/**
 * What `GET /repos/{owner}/{repo}/collaborators/{login}/permission` answered; null when it did not answer. Example of a body:
 * `{"permission":"write","role_name":"maintain","user":{"id":583231,"login":"octocat"}}`
 */
export type PermissionReply = { status: number; body: unknown } | null;

export interface PermissionPolicy {
  /** Programs that may trigger and steer. None may ever approve or see. */
  botIdsAllowed: readonly number[];
  /** People who may act at all, and who may approve; null: everybody who may write. */
  actorIdsAllowed: readonly number[] | null;
  approverIdsAllowed: readonly number[] | null;
  /** Whether somebody may approve what they asked for. */
  mayApproveOwn: boolean;
  /** Different people whose yes it takes; at least 1. */
  approvalsRequired: number;
}

export type PermissionRefusal =
  | SenderRefusal
  | "viaApp"
  | "permissionUnknown"
  | "otherPerson"
  | "mayNotWrite"
  | "notListed"
  | "ownRequest";

export type Permission = { allowed: true; role: Role | null } | { allowed: false; refused: PermissionRefusal; answer: string };

export interface PermissionQuestion {
  action: GithubAction;
  act: Act;
  reply: PermissionReply;
  /** Who asked for or steered the turn whose changes are to be approved. */
  requesterIds: readonly number[];
}

/** For approvals `reply` has to be as old as the approval, not as the turn. `role` is null for a program. */
export function permit(
  { action, act, reply, requesterIds }: PermissionQuestion,
  policy: PermissionPolicy,
  ours: OurApp,
): Permission {
  const unheard = senderRefusal(act, ours, policy.botIdsAllowed);
  if (unheard !== null) return refuse(unheard);
  const { sender } = act;
  if (sender === null) return refuse("senderMissing");
  const isBot = sender.type !== "User" || sender.login.endsWith("[bot]");
  // GitHub knows no collaborator's permission of a program; the operator's list is what stands for it.
  if (isBot) return action === "trigger" || action === "steer" ? { allowed: true, role: null } : refuse("bot");
  const known = readRole(reply, sender.id);
  if (typeof known === "object") return refuse(known.refused);
  if (!isWriter(known)) return refuse("mayNotWrite");
  if (action === "approve" && act.viaAppId !== null) return refuse("viaApp");
  if (policy.actorIdsAllowed !== null && !policy.actorIdsAllowed.includes(sender.id)) return refuse("notListed");
  if (action !== "approve") return { allowed: true, role: known };
  if (policy.approverIdsAllowed !== null && !policy.approverIdsAllowed.includes(sender.id)) return refuse("notListed");
  if (!policy.mayApproveOwn && requesterIds.includes(sender.id)) return refuse("ownRequest");
  return { allowed: true, role: known };
}

export function isWriter(role: Role | null): boolean {
  return role === "admin" || role === "maintain" || role === "write";
}

/** How many people are still to say yes to this hash. The same person counts once, and only for what they named. */
export function approvalsMissing(
  approvals: readonly { personId: number; hash: string }[],
  hash: string,
  { approvalsRequired }: PermissionPolicy,
): number {
  const people = new Set(approvals.filter((approval) => approval.hash === hash).map(({ personId }) => personId));
  return Math.max(0, Math.max(1, approvalsRequired) - people.size);
}

/**
 * The role a reply gives to this person. `permission` is the old, coarse field (admin, write, read, none), `role_name` the
 * exact one, which may be an organisation's own word. `author_association` is not asked: it is wrong for private members.
 */
export function readRole(reply: PermissionReply, personId: number): Role | { refused: "permissionUnknown" | "otherPerson" } {
  if (reply === null || reply.status !== 200 || !isRecord(reply.body)) return { refused: "permissionUnknown" };
  const { permission, role_name: roleName, user } = reply.body;
  // A login can be given up and taken by somebody else between the event and the question.
  if (!isRecord(user) || user.id !== personId) return { refused: "otherPerson" };
  if (permission !== "admin" && permission !== "write" && permission !== "maintain") {
    return permission === "read" && roleName === "triage" ? "triage" : permission === "read" ? "read" : "none";
  }
  // Both have to agree: a role that only reads is not lifted by the other field.
  if (roleName === "triage" || roleName === "read" || roleName === "none") return roleName;
  return roleName === "maintain" ? "maintain" : permission;
}

const answers: Record<PermissionRefusal, string> = {
  senderMissing: "The account that did this no longer exists.",
  ourselves: "Spindle does not answer itself.",
  bot: "Programs may not do this; the operator can allow one by its id.",
  notAPerson: "Only people may do this.",
  viaApp: "An approval has to be a person's own, not one that an App posts for them.",
  permissionUnknown: "GitHub did not say whether you may write to this repository, so the answer is no. Please try again.",
  otherPerson: "GitHub's answer was about another account, so the answer is no.",
  mayNotWrite: "Only people who may write to this repository may do this.",
  notListed: "The operator's list does not name you for this.",
  ownRequest: "Who asked for a change may not approve it; somebody else has to.",
};

function refuse(refused: PermissionRefusal): Permission {
  return { allowed: false, refused, answer: answers[refused] };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
