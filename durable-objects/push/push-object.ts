/** The account's devices, and what they are rung for: an object of its own, so that no turn and no list of threads waits for a push service. */
import { DurableObject } from "cloudflare:workers";
import { defaultFlags, flagsKey, readSetFlags } from "#core/flags";
import { flagLimits, pushLimits } from "#core/limits";
import { type Counts, setGauge } from "#core/metrics/counts";
import type { PushAnswer } from "#core/push/outcome";
import type { PushAck, PushDelivery } from "#directory/push-news";
import type { Counters } from "#metrics/counters";
import { countersOf } from "#metrics/object-counters";
import { outboundFetch } from "#outbound/outbound";
import type { Request } from "#protocol/methods";
import { Authorization } from "#push/authorization";
import { encrypted } from "#push/encrypt";
import { endpointProblem } from "#push/endpoint";
import { createPushSchema, type OutgoingPush, Push, waitingPushes } from "#push/push";
import { answer, type PushReply } from "#push/requests";
import { type PushSettings, readPushSettings } from "#push/settings";
import { directoryStub, type Environment } from "../environment.ts";
import { report } from "../platform.ts";

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
      setGauge(values, "outbox_depth", { outbox: "push" }, waitingPushes(context.storage.sql));
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
      setAlarm: (atMs) => {
        context.storage.setAlarm(atMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
      },
      report: (event, details) => report(event, { account: this.account, ...details }),
    });
  }

  async request(request: Request): Promise<PushReply> {
    const { push, settings, account, env } = this;
    const wantNews = (generation: number) => directoryStub(env, account).wantPushNews(generation);
    return answer({ push, settings, now: () => Date.now(), wantNews }, request);
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
    try {
      const signal = AbortSignal.timeout(pushLimits.requestTimeoutMs);
      const allows = ({ href }: URL) => endpointProblem(href, settings.hosts) === null;
      const call = outboundFetch({ purpose: "push", allows, report });
      const response = await call(device.endpoint, { method: "POST", headers, body, signal });
      await response.body?.cancel();
      return { status: response.status, retryAfter: response.headers.get("Retry-After") };
    } catch (error) {
      report("pushServiceUnreachable", { device: device.endpointHash, error: String(error) });
      return null;
    }
  }
}

/** As a push service would say it: nothing that is tried again would help. */
const refusedHere: PushAnswer = { status: 403, retryAfter: null };
