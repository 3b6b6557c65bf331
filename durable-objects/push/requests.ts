/** What a client may ask about its account's devices. What it refuses is a value: an error would lose its shape between two objects. */
import { pushLimits } from "#core/limits";
import { visibleLine } from "#core/visible-text";
import { Refusal, refusals, type WireError } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";
import { parseThreadId } from "#protocol/thread-id";
import { keysProblem } from "#push/encrypt";
import { endpointProblem } from "#push/endpoint";
import type { Push } from "#push/push";
import type { PushSettings } from "#push/settings";
import { webhookAddressProblem } from "#push/webhook-address";

/** A result as JSON, because a text crosses between objects in one piece. */
export type PushReply = { resultText: string } | { refused: WireError };

export interface PushDesk {
  push: Push;
  /** Null where push is not configured. */
  settings: PushSettings | null;
  /** Whether webhooks may name this machine. */
  servesThisMachineOnly: boolean;
  newId(): string;
  /** Unix milliseconds. */
  now(): number;
  /** The account's Directory tells of its threads from now on. Throws when it cannot be reached: the client asks again. */
  wantNews(generation: number): Promise<void>;
}

const handlers = {
  "spindle/push/key/read": async ({ settings }) => ({ publicKey: settings?.publicKey ?? null }),
  "spindle/push/subscribe": subscribe,
  "spindle/push/unsubscribe": async ({ push }, { endpoint }) => ({ wasSubscribed: push.unsubscribe(endpoint) }),
  "spindle/push/list": async ({ push }) => push.subscriptions.list(),
  "spindle/webhook/create": createWebhook,
  "spindle/webhook/list": async ({ push }) => ({ data: push.webhooks.list() }),
  "spindle/webhook/read": async ({ push }, { webhookId }) => ({ webhook: push.webhooks.read(webhookId) }),
  "spindle/webhook/update": updateWebhook,
  "spindle/webhook/delete": async ({ push }, { webhookId }) => {
    push.webhooks.delete(webhookId);
    return {};
  },
} as const satisfies {
  [Method in Request["method"]]?: (desk: PushDesk, params: Params<Method>) => Promise<Result<Method>>;
};

export async function answer(desk: PushDesk, { method, params }: Request): Promise<PushReply> {
  if (!Object.hasOwn(handlers, method)) return { refused: refusals.notSupported(method) };
  // The table pairs each method with a handler of its own params, which TypeScript cannot follow through the lookup.
  const handler = handlers[method as keyof typeof handlers] as (desk: PushDesk, params: unknown) => Promise<unknown>;
  try {
    return { resultText: JSON.stringify(await handler(desk, params)) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.wire };
    throw error;
  }
}

async function subscribe(desk: PushDesk, params: Params<"spindle/push/subscribe">): Promise<Result<"spindle/push/subscribe">> {
  const { push, settings, now } = desk;
  if (settings === null) throw new Refusal(refusals.pushNotConfigured());
  const { endpoint, keys, expirationTime } = params;
  const problem = endpointProblem(endpoint, settings.hosts);
  if (problem !== null) throw new Refusal(refusals.pushEndpoint(problem));
  const unreadable = await keysProblem(keys);
  if (unreadable !== null) throw new Refusal(refusals.pushKeys(unreadable));
  if (params.device.length > pushLimits.readCharactersMax) throw new Refusal(refusals.pushDevice(pushLimits.readCharactersMax));
  if (expirationTime !== null && expirationTime <= now()) throw new Refusal(refusals.pushExpired());
  const device = visibleLine(params.device).slice(0, pushLimits.deviceCharactersMax);
  const { publicKey } = settings;
  // Browsers give fractions of milliseconds, and nothing forbids a date that no clock reaches.
  const expiresAtMs = expirationTime === null ? null : Math.min(Math.floor(expirationTime), latestMs);
  push.subscriptions.keep({ endpoint, keys, expiresAtMs, device, publicKey }, now());
  await desk.wantNews(push.nextGeneration());
  return {};
}

async function createWebhook(
  desk: PushDesk,
  params: Params<"spindle/webhook/create">,
): Promise<Result<"spindle/webhook/create">> {
  requireAddress(desk, params.url);
  const id = params.webhookId ?? desk.newId();
  const parsed = parseThreadId(id);
  if ("problem" in parsed) throw new Refusal(refusals.webhookIdInvalid());
  const made = desk.push.webhooks.create(parsed.threadId, params);
  await desk.wantNews(desk.push.nextGeneration());
  return made;
}

async function updateWebhook(
  desk: PushDesk,
  params: Params<"spindle/webhook/update">,
): Promise<Result<"spindle/webhook/update">> {
  if (params.url != null) requireAddress(desk, params.url);
  const webhook = desk.push.webhooks.update(params);
  if (webhook.isEnabled) await desk.wantNews(desk.push.nextGeneration());
  return { webhook };
}

function requireAddress(desk: PushDesk, url: string): void {
  const problem = webhookAddressProblem(url, desk);
  if (problem !== null) throw new Refusal(refusals.webhookAddress(problem));
}

/** The last moment that a `Date` can tell. */
const latestMs = 8.64e15;
