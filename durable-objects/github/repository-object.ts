/** One repository on the platform: its storage, its alarm, and the calls of other objects. All that matters is in `repository.ts`. */
import { DurableObject } from "cloudflare:workers";
import { type Counts, setGauge } from "#core/metrics/counts";
import type { Consequences } from "#github/consequences";
import type { Effect, Outcome } from "#github/effect";
import type { RepositoryEvent } from "#github/event";
import { ofEvent } from "#github/follow/of-event";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import { githubHost, githubPolicy, threadUrl } from "#github/host";
import type { Received } from "#github/inbox";
import { waitingEffects } from "#github/outbox";
import { createRepositorySchema, Repository } from "#github/repository";
import { type BlobPage, readBlobs, readTree, type TreeListing } from "#github/snapshot-source";
import { callThread, readProposal } from "#github/thread-call";
import type { TurnUse } from "#github/uses";
import type { Counters } from "#metrics/counters";
import { countersOf } from "#metrics/object-counters";
import type { Delivery, DeliveryAck } from "#thread/host";
import { type Environment, githubAppStub } from "../environment.ts";
import { newId, report } from "../platform.ts";

export class RepositoryObject extends DurableObject<Environment> {
  /** What follows from events, from what threads say, and from effects. */
  protected readonly consequences: Consequences = { ofEvent, ofFrames, ofOutcome };
  private opened: Repository | null = null;
  private readonly counters: Counters;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    createRepositorySchema(context.storage.sql);
    this.counters = countersOf(context, environment, () => {
      const values: Counts = {};
      setGauge(values, "outbox_depth", { outbox: "github" }, waitingEffects(context.storage.sql));
      return { values, oldestPendingAtMs: null };
    });
  }

  /** A webhook's delivery. Durable when this returns; "full" when there is no room for it now. */
  async receive(deliveryId: string, event: RepositoryEvent): Promise<Received> {
    const received = this.repository().receive(deliveryId, event);
    const result = received === "new" ? "accepted" : received === "full" ? "refused" : "duplicate";
    this.counters.count("webhooks_total", { result });
    return received;
  }

  /** What a thread of the repository wants to happen at GitHub; `contents` are the files of commits among it. */
  async addEffects(effects: Effect[], contents: Uint8Array[] = []): Promise<void> {
    this.repository().add(effects, contents);
    this.counters.moved();
  }

  /** A thread of the repository has something to tell; it tells every client so. */
  async deliver(delivery: Delivery): Promise<DeliveryAck> {
    return this.repository().deliver(delivery);
  }

  /** A turn that GitHub began, and what it has used until now; told again as it grows. */
  async noteUse(use: TurnUse): Promise<void> {
    this.repository().noteUse(use);
  }

  /** Null while it has not happened. */
  async outcomeOf(key: string): Promise<Outcome | null> {
    return this.repository().outcomeOf(key);
  }

  /** The files of a commit, without their contents. Throws when GitHub does not give them. */
  async readTree(commitOid: string): Promise<TreeListing> {
    return this.repository().read((calls) => readTree(calls, commitOid));
  }

  /** Contents by their git ids, as many as one answer holds. */
  async readBlobs(oids: string[]): Promise<BlobPage> {
    return this.repository().read((calls) => readBlobs(calls, oids));
  }

  override async alarm(): Promise<void> {
    try {
      await this.repository().pump();
    } catch (error) {
      this.counters.count("errors_total", { where: "alarm" });
      throw error;
    } finally {
      this.counters.moved();
    }
  }

  /** Opened when first needed: it needs the consequences, which a class below this one may set. */
  private repository(): Repository {
    if (this.opened === null) {
      this.opened = this.open();
      // What was at work when the object went goes on by itself.
      this.opened.schedule();
    }
    return this.opened;
  }

  private open(): Repository {
    const { ctx, env } = this;
    const account = accountOf(ctx);
    return new Repository({
      sql: ctx.storage.sql,
      transaction: (closure) => ctx.storage.transactionSync(closure),
      github: () => githubHost(env, this.counters),
      policy: () => githubPolicy(env),
      consequences: this.consequences,
      now: () => Date.now(),
      newId,
      random: () => Math.random(),
      setAlarm: (atMs) => {
        ctx.storage.setAlarm(atMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
      },
      isStopped: (installationId) => githubAppStub(env).isStopped(installationId),
      ownApp: () => githubAppStub(env).ownApp(),
      readProposal: (threadId, requestId) => readProposal(env, { account, threadId }, requestId),
      threadUrl: (threadId) => threadUrl(env, threadId),
      callThread: (threadId, call) => callThread(env, { account, threadId }, call),
      report,
    });
  }
}

function accountOf(context: DurableObjectState): string {
  const { name } = context.id;
  if (!name) throw new Error("a repository's object is always named");
  return name.slice(0, name.lastIndexOf("/"));
}
