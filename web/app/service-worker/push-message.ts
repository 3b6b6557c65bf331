/** What a push says, and the notification that comes of it. Pure. */
import { workerLimits } from "./limits.ts";

const kinds = ["approval", "question", "turnCompleted", "turnFailed", "webhookDisabled"] as const;

/**
 * Example: `{"kind":"approval","threadId":"01a1…","itemId":"call_1","title":"notes.txt: a diff waits","body":"+3 −1",
 * "place":"#/threads/01a1…/changes/call_1","waiting":2}`
 */
export interface PushMessage {
  kind: (typeof kinds)[number];
  threadId: string;
  title: string;
  body: string;
  place: string;
  /** Threads of the account that wait for a person. */
  waiting: number;
}

export interface PlannedNotification {
  title: string;
  options: {
    body: string;
    /** One notification for each thread and kind: the newer one stands in the place of the older. */
    tag: string;
    /** Rings again also where one of this tag is shown already. */
    renotify: boolean;
    silent: boolean;
    icon: string;
    badge: string;
    data: { place: string };
  };
}

/** Null for what is no message of ours. */
export function readPushMessage(text: string | null): PushMessage | null {
  const found = parsed(text);
  if (!found) return null;
  const { kind, threadId, title, body, place, waiting } = found;
  if (!isKind(kind) || !isText(threadId) || !isText(title) || !isPlace(place)) return null;
  return {
    kind,
    threadId,
    place,
    title: shown(title, workerLimits.titleCharactersMax),
    body: isText(body) ? shown(body, workerLimits.bodyCharactersMax) : "",
    waiting: typeof waiting === "number" && Number.isSafeInteger(waiting) && waiting > 0 ? waiting : 0,
  };
}

/** What cannot be read rings all the same: something waits, and the inbox says what. */
export function notificationOf(message: PushMessage | null, { isQuiet }: { isQuiet: boolean }): PlannedNotification {
  const shared = { silent: isQuiet, icon: "/icon-192.png", badge: "/badge-96.png" };
  if (!message) {
    const options = { body: "", tag: "unknown", renotify: !isQuiet, ...shared, data: { place: "#/inbox" } };
    return { title: "Spindle needs you", options };
  }
  const { kind, threadId, title, body, place } = message;
  return { title, options: { body, tag: `${kind}/${threadId}`, renotify: !isQuiet, ...shared, data: { place } } };
}

/** Whether this address shows the thread, whichever of its parts. */
export function showsThread(place: string, threadId: string): boolean {
  const [, id] = /^#\/threads\/([^/]+)/.exec(place) ?? [];
  return id !== undefined && (id === threadId || id === encodeURIComponent(threadId));
}

/** Safari takes a push that shows nothing for a broken promise, and ends the subscription after a few. */
export function maySayNothing(userAgent: string): boolean {
  return /Chrom(e|ium)\/|Firefox\//.test(userAgent);
}

function parsed(text: string | null): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isKind(kind: unknown): kind is PushMessage["kind"] {
  return kinds.some((known) => known === kind);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Within the page and nowhere else, whoever sent it. */
function isPlace(value: unknown): value is string {
  return (
    isText(value) &&
    value.length <= workerLimits.placeCharactersMax &&
    /^#\/(settings|threads\/[^/\s]+(\/changes\/[^/\s]+)?)$/.test(value)
  );
}

/** Without what cannot be seen and what turns the direction: a model's words may be among it. */
function shown(text: string, charactersMax: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return plain.length <= charactersMax ? plain : `${plain.slice(0, charactersMax - 1)}…`;
}
