/** What a device is shown, as JSON inside the encrypted push: little, cleaned, and never larger than a push service takes. */
import { pushLimits } from "#core/limits";
import type { Ask, EndedTurn } from "#core/push/attention";
import { hideSecrets } from "#core/secrets";
import { visibleLine } from "#core/visible-text";

export type PushKind = "approval" | "question" | "turnCompleted" | "turnFailed" | "webhookDisabled";

/** One thing that devices ring for. `key` is the request's or the turn's id: within its thread the same thing is the same event. */
export interface PushEvent {
  threadId: string;
  key: string;
  kind: PushKind;
  itemId: string | null;
  title: string;
  body: string;
  place: string;
}

/** Example: `{"kind":"approval","threadId":"01a1…","itemId":"call_7","title":"Tidy the notes","body":"Wants to run: npm test","place":"#/threads/01a1…","waiting":2}` */
export interface PushMessage {
  kind: PushKind;
  threadId: string;
  itemId: string | null;
  title: string;
  body: string;
  /** Where the page opens: the diff that waits, or the thread. */
  place: string;
  /** Threads of the account that wait for a person: the badge. */
  waiting: number;
}

/** `name` is what the thread is called. */
export function askEvent(threadId: string, name: string, { requestId, kind, itemId, text }: Ask): PushEvent {
  const address = `#/threads/${encodeURIComponent(threadId)}`;
  // Whoever serves the model may call its items what they like; an address is no place for a text.
  const isAddressable = itemId.length <= pushLimits.itemIdCharactersMax;
  return {
    threadId,
    key: requestId,
    kind: kind === "question" ? "question" : "approval",
    itemId: isAddressable ? itemId : null,
    title: titleOf(name),
    body: shown(asked[kind](shown(text, pushLimits.bodyCharactersMax)), pushLimits.bodyCharactersMax),
    place: kind === "changes" && isAddressable ? `${address}/changes/${encodeURIComponent(itemId)}` : address,
  };
}

const asked = {
  command: (text) => `Wants to run: ${text}`,
  changes: (text) => (text === "" ? "Wants to change files" : `Wants to change ${text}`),
  question: (text) => (text === "" ? "Has a question" : text),
} as const satisfies Record<Ask["kind"], (text: string) => string>;

export function endedEvent(threadId: string, name: string, { turnId, status, text }: EndedTurn): PushEvent {
  const said = shown(text, pushLimits.bodyCharactersMax);
  return {
    threadId,
    key: turnId,
    kind: status === "failed" ? "turnFailed" : "turnCompleted",
    itemId: null,
    title: titleOf(name),
    body: said || (status === "failed" ? "The turn failed" : "The turn is finished"),
    place: `#/threads/${encodeURIComponent(threadId)}`,
  };
}

/** The account's program was called in vain for so long that it is called no more. It stands in the place of a thread: a device asks for some id. */
export function webhookDisabledEvent(webhookId: string, host: string, reason: string): PushEvent {
  return {
    threadId: `webhook ${webhookId}`,
    key: webhookId,
    kind: "webhookDisabled",
    itemId: null,
    title: "A webhook was switched off",
    body: shown(`${host}: ${reason}`, pushLimits.bodyCharactersMax),
    place: "#/settings",
  };
}

/**
 * The message as JSON of `pushLimits.messageBytesMax` UTF-8 bytes at most. Where it would be longer the body is cut: services refuse more
 * than 4,096 bytes of ciphertext.
 */
export function messageText(event: PushEvent, waiting: number): string {
  const { threadId, kind, itemId, title, place } = event;
  let { body } = event;
  for (;;) {
    const text = JSON.stringify({ kind, threadId, itemId, title, body, place, waiting } satisfies PushMessage);
    const excess = utf8Bytes(text) - pushLimits.messageBytesMax;
    if (excess <= 0 || body === "") return text;
    body = cut(body, Math.max(0, Array.from(body).length - Math.ceil(excess / 4) - 1));
  }
}

function titleOf(name: string): string {
  return shown(name, pushLimits.titleCharactersMax) || "Spindle";
}

/** Secrets are looked for in more than is shown: one that begins where it is shown has to be whole to be known for one. */
function shown(text: string, charactersMax: number): string {
  return cut(hideSecrets(visibleLine(text.slice(0, pushLimits.readCharactersMax))).text, charactersMax);
}

/** By whole characters: half of a pair is no text. */
function cut(text: string, charactersMax: number): string {
  const characters = Array.from(text);
  if (characters.length <= charactersMax) return text;
  return charactersMax === 0 ? "" : `${characters.slice(0, charactersMax - 1).join("")}…`;
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
