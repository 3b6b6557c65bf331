/** Whose act an event is: people are heard, Spindle itself and other programs are not. This is also what ends loops. */

/** As webhooks carry it; null for a deleted account. Example: `{"id":583231,"login":"octocat","type":"User"}` */
export type Sender = { id: number; login: string; type: string } | null;

/** Who we are on GitHub. `botId` is the id of the user `<slug>[bot]`, not of the App; null where nobody asked for it. */
export interface OurApp {
  appId: number;
  botId: number | null;
}

export interface Act {
  sender: Sender;
  /** `performed_via_github_app.id` of the comment: a program that speaks with a person's token. Null when a person wrote it. */
  viaAppId: number | null;
}

export type SenderRefusal = "senderMissing" | "ourselves" | "bot" | "notAPerson";

/**
 * Why this sender is not heard, null for a person, or a program that the operator allowed by its id. Names are never compared.
 */
export function senderRefusal({ sender, viaAppId }: Act, ours: OurApp, botIdsAllowed: readonly number[]): SenderRefusal | null {
  if (sender === null) return "senderMissing";
  if (sender.id === ours.botId || viaAppId === ours.appId) return "ourselves";
  // A login in "[bot]" is no person's, whatever the type says; a type that is missing is nobody's.
  if (sender.type === "Bot" || sender.login.endsWith("[bot]")) return botIdsAllowed.includes(sender.id) ? null : "bot";
  return sender.type === "User" ? null : "notAPerson";
}
