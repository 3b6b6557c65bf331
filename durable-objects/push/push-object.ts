/** The account's devices and webhooks, and what they are rung for: an object of its own, so that no turn and no list of threads waits for any of them. */
import { DurableObject } from "cloudflare:workers";
import { defaultFlags, flagsKey, readSetFlags } from "#core/flags";
import { flagLimits, pushLimits, webhookLimits } from "#core/limits";
import { type Counts, setGauge } from "#core/metrics/counts";
import type { PushAnswer } from "#core/push/outcome";
import type { PushAck, PushDelivery } from "#directory/push-news";
import type { Counters } from "#metrics/counters";
import { countersOf } from "#metrics/object-counters";
import { outboundFetch } from "#outbound/outbound";
import { servesThisMachineOnly } from "#outbound/public-address";
import type { Request } from "#protocol/methods";
import { Authorization } from "#push/authorization";
import { encrypted } from "#push/encrypt";
import { endpointProblem } from "#push/endpoint";
import { createPushSchema, type OutgoingPush, Push, waitingPushes } from "#push/push";
import { answer, type PushReply } from "#push/requests";
import { type PushSettings, readPushSettings } from "#push/settings";
import { webhookAddressProblem } from "#push/webhook-address";
import { webhookHeaders } from "#push/webhook-signature";
import { type WebhookCall, waitingWebhookMessages } from "#push/webhooks";
import { directoryStub, type Environment } from "../environment.ts";
import { newId, report } from "../platform.ts";

export class PushObject extends DurableObject<Environment> {
  private readonly account: string;
  private readonly settings: PushSettings | null;
  private readonly authorization: Authorization | null;
  private readonly push: Push;
  private readonly counters: Counters;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    const { name } = context.id;
    if (!name) throw new Error("a push object is always named");
    this.account = name;
    const settings = readPushSettings(environment);
    if (settings !== null && "problem" in settings) report("pushMisconfigured", { problem: settings.problem });
    this.settings = settings === null || "problem" in settings ? null : settings;
    this.authorization = this.settings && new Authorization(this.settings);
    createPushSchema(context.storage.sql);
    this.counters = countersOf(context, environment, () => {
      const values: Counts = {};
      const { sql } = context.storage;
      setGauge(values, "outbox_depth", { outbox: "push" }, waitingPushes(sql) + waitingWebhookMessages(sql));
      return { values, oldestPendingAtMs: null };
    });
    this.push = new Push({
      sql: context.storage.sql,
      transaction: (closure) => context.storage.transactionSync(closure),
      now: () => Date.now(),
      random: () => Math.random(),
      publicKey: this.settings?.publicKey ?? null,
      rings: () => this.rings(),
      send: (push) => this.send(push),
      call: (call) => this.call(call),
      setAlarm: (atMs) => {
        context.storage.setAlarm(atMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
      },
      report: (event, details) => report(event, { account: this.account, ...details }),
    });
  }

  async request(request: Request): Promise<PushReply> {
    const { push, settings, account, env } = this;
    const wantNews = (generation: number) => directoryStub(env, account).wantPushNews(generation);
    const desk = { servesThisMachineOnly: servesThisMachineOnly(env), newId, now: () => Date.now(), wantNews };
    return answer({ push, settings, ...desk }, request);
  }

  /** The account's Directory tells what happened. Durable when this returns. */
  async take(delivery: PushDelivery): Promise<PushAck> {
    this.counters.moved();
    return this.push.take(delivery);
  }

  override async alarm(): Promise<void> {
    await this.push.deliverDue();
    this.counters.moved();
  }

  /** A flag that cannot be read is as if nobody had set it, as for a turn. */
  private async rings(): Promise<boolean> {
    try {
      const text = await this.env.FLAGS.get(flagsKey(this.account), { cacheTtl: flagLimits.cacheSeconds });
      return readSetFlags(text).push ?? defaultFlags.push;
    } catch (error) {
      report("flagsUnreadable", { account: this.account, error: String(error) });
      return defaultFlags.push;
    }
  }

  /** No redirect is followed: the address was looked at when the device was added, and again here, where the operator may have changed his mind. */
  private async send({ device, text, topic, ttlSeconds, urgency }: OutgoingPush): Promise<PushAnswer> {
    const { settings, authorization } = this;
    if (!settings || !authorization || endpointProblem(device.endpoint, settings.hosts) !== null) return refusedHere;
    const headers = {
      Authorization: await authorization.headerFor(device.endpoint, Date.now()),
      "Content-Encoding": "aes128gcm",
      "Content-Type": "application/octet-stream",
      TTL: String(ttlSeconds),
      Urgency: urgency,
      Topic: topic,
    };
    const body = await encrypted(text, device.keys);
    const allows = ({ href }: URL) => endpointProblem(href, settings.hosts) === null;
    const call = outboundFetch({ purpose: "push", allows, report });
    try {
      return await answerWithin(pushLimits.requestTimeoutMs, (signal) =>
        call(device.endpoint, { method: "POST", headers, body, signal }),
      );
    } catch (error) {
      report("pushServiceUnreachable", { device: device.endpointHash, error: String(error) });
      return null;
    }
  }

  /** The address was looked at when the webhook was made, and is again: the server may serve others than this machine by now. */
  private async call({ webhookId, url, secret, messageId, body }: WebhookCall): Promise<PushAnswer> {
    const place = { servesThisMachineOnly: servesThisMachineOnly(this.env) };
    if (webhookAddressProblem(url, place) !== null) return refusedHere;
    const signed = await webhookHeaders(secret, { id: messageId, atMs: Date.now(), body });
    const headers = { ...signed, "Content-Type": "application/json", "User-Agent": "Spindle-Webhooks/1" };
    const allows = ({ href }: URL) => webhookAddressProblem(href, place) === null;
    const send = outboundFetch({ purpose: "webhook", allows, report });
    try {
      return await answerWithin(webhookLimits.requestTimeoutMs, (signal) => send(url, { method: "POST", headers, body, signal }));
    } catch (error) {
      report("webhookUnreachable", { webhook: webhookId, error: String(error) });
      return null;
    }
  }
}

/** What was answered; the body is nobody's. Rejects where nothing came in time. The timer goes with the answer: one that runs on would keep the object awake. */
async function answerWithin(
  timeoutMs: number,
  ask: (signal: AbortSignal) => Promise<Response>,
): Promise<NonNullable<PushAnswer>> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(new DOMException("no answer in time", "TimeoutError")), timeoutMs);
  try {
    const response = await ask(deadline.signal);
    await response.body?.cancel();
    return { status: response.status, retryAfter: response.headers.get("Retry-After") };
  } finally {
    clearTimeout(timer);
  }
}

/** As a push service would say it: nothing that is tried again would help. */
const refusedHere: PushAnswer = { status: 403, retryAfter: null };
