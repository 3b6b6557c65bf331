/** The account's index of threads: what can be listed, searched and answered across threads. It knows only what threads told it. */

import { DurableObject } from "cloudflare:workers";
import { quotaLimits } from "#core/limits";
import { type Counts, setGauge } from "#core/metrics/counts";
import { Announcements, createAnnouncementsSchema } from "#directory/announcements";
import { createDirectorySchema, Directory } from "#directory/directory";
import type { ThreadNews } from "#directory/news";
import { createPushNewsSchema, type PushAck, type PushDelivery, type PushNews, PushNewsQueue } from "#directory/push-news";
import { readQuotas } from "#directory/quota-settings";
import { answer, type DirectoryReply } from "#directory/requests";
import type { ThreadSummary } from "#directory/summary";
import { AccountUsage, createUsageSchema, type Refused, type TurnAdmission } from "#directory/usage";
import { repositoryOfConnection } from "#github/thread-connection";
import { countersOf } from "#metrics/object-counters";
import { addressProblem, servesThisMachineOnly } from "#outbound/public-address";
import type { Request, Result } from "#protocol/methods";
import type { ThreadPlace } from "#protocol/thread";
import { readCircuits } from "../circuits.ts";
import { connectionStub, type Environment, pushStub } from "../environment.ts";
import { newId, report, sleep } from "../platform.ts";

export class DirectoryObject extends DurableObject<Environment> {
  private readonly directory: Directory;
  private readonly announcements: Announcements;
  private readonly pushNews: PushNewsQueue;
  private readonly usage: AccountUsage;
  private readonly circuits: SeenCircuits;
  /** When each of them wants to be woken, Unix ms: the object has one alarm. One that comes for nothing only looks around. */
  private readonly wakeAtMs = new Map<"announcements" | "pushNews", number>();

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    const { sql } = context.storage;
    createDirectorySchema(sql);
    createUsageSchema(sql);
    createAnnouncementsSchema(sql);
    const counters = countersOf(context, environment, () => {
      const values: Counts = {};
      setGauge(values, "sockets_open", {}, this.announcements.count);
      return { values, oldestPendingAtMs: null };
    });
    createPushNewsSchema(sql);
    this.announcements = new Announcements({
      sql,
      countChanged: () => counters.moved(),
      now: () => Date.now(),
      announce: (connection, delivery) => connectionStub(environment, connection).announce(delivery),
      sleep: (durationMs) => sleep(durationMs, new AbortController().signal),
      setAlarm: (atMs) => this.wake("announcements", atMs),
      report,
    });
    const { name } = context.id;
    if (!name) throw new Error("a Directory is always named");
    this.pushNews = new PushNewsQueue({
      sql,
      now: () => Date.now(),
      tell: (delivery) => tellPush(environment, name, delivery),
      setAlarm: (atMs) => this.wake("pushNews", atMs),
      report,
    });
    const machine = { servesThisMachineOnly: servesThisMachineOnly(environment) };
    this.directory = new Directory({
      mcpAddressProblem: (url) => addressProblem(url, machine),
      sql,
      now: () => Date.now(),
      newId,
      announce: (threadId, frame) => this.announcements.add(threadId, [frame]),
    });
    this.circuits = new SeenCircuits(() => readCircuits(environment));
    const { quotas, problems } = readQuotas(environment);
    for (const problem of problems) report("quotasMisconfigured", { problem });
    this.usage = new AccountUsage(sql, quotas, { now: () => Date.now(), countThreads: () => this.directory.countThreads() });
    this.announcements.pump();
    // A former life may have ended before it told.
    counters.moved();
    void this.pushNews.pump();
  }

  /**
   * A thread tells how it stands and what happened in it. Twice the same changes nothing. Whether it has the place that it wanted among
   * the turns at work; true where it wanted none.
   */
  async update(summary: ThreadSummary | { threadId: string; deleted: true }, news?: ThreadNews): Promise<boolean> {
    const hasTurnSlot = this.ctx.storage.transactionSync(() => {
      const { threadId } = summary;
      // What was still under way when the thread was deleted brings nothing of it back.
      if (this.directory.isDeleted(threadId)) return true;
      const heard = this.directory.heard(threadId);
      if (news && news.through > heard) {
        const unheard = news.announcements.filter(({ seq }) => seq > heard);
        this.announcements.add(threadId, unheard, news.followers);
        this.directory.hear(threadId, news.through);
      }
      if (news?.attention && news.through >= heard) this.pushNews.add(pushNewsOf(summary, news, heard));
      if ("deleted" in summary) this.directory.remove(threadId);
      else this.directory.update(summary);
      if (news) this.directory.take(threadId, news);
      this.usage.begun(threadId);
      const tokens = (news?.usage ?? []).reduce((sum, used) => sum + (used.seq > heard ? used.tokens : 0), 0);
      const bytes = "deleted" in summary ? null : (summary.bytes ?? null);
      const hasPlace = this.usage.take(threadId, { tokens, bytes, turnSlot: news?.turnSlot ?? "keep" });
      if ("deleted" in summary) this.usage.forget(threadId);
      return hasPlace;
    });
    this.announcements.pump();
    void this.pushNews.pump();
    return hasTurnSlot;
  }

  async request(request: Request): Promise<DirectoryReply> {
    if (request.method === "spindle/account/limits") {
      const result: Result<typeof request.method> = {
        data: this.usage.standing(),
        circuits: await this.circuits.read(),
      };
      return { resultText: JSON.stringify(result) };
    }
    const reply = answer(this.directory, request);
    this.announcements.pump();
    return reply;
  }

  /** What the account made of a thread. */
  async placeOf(threadId: string): Promise<ThreadPlace> {
    return this.directory.sections.placeOf(threadId);
  }

  /** A client is there and wants to hear what concerns its account. False when it cannot be taken. */
  async join(connection: string): Promise<boolean> {
    return this.announcements.join(connection);
  }

  async leave(connection: string): Promise<void> {
    this.announcements.leave(connection);
  }

  /** The account has a device: what happens in its threads is told to the object that rings it. */
  async wantPushNews(generation: number): Promise<void> {
    this.pushNews.want(generation);
  }

  override async alarm(): Promise<void> {
    this.wakeAtMs.clear();
    this.announcements.wake();
    await this.pushNews.pump();
  }

  private wake(who: "announcements" | "pushNews", atMs: number): void {
    this.wakeAtMs.set(who, atMs);
    const earliestAtMs = Math.min(...this.wakeAtMs.values());
    this.ctx.storage.setAlarm(earliestAtMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
  }

  /** Before a turn begins: whether it may, and whether it has its place among those at work. Counts it, unless it is refused. */
  async admitTurn(threadId: string): Promise<TurnAdmission> {
    return this.usage.admitTurn(threadId);
  }

  /** Before a thread begins. */
  async admitThread(threadId: string): Promise<Refused> {
    return this.usage.admitThread(threadId, this.directory.heard(threadId) > 0);
  }

  /** Before a thread that holds so many bytes grows by a step. */
  async admitStorage(threadId: string, bytes: number): Promise<Refused> {
    return this.usage.admitStorage(threadId, bytes);
  }

  async takeTurnSlot(threadId: string): Promise<boolean> {
    return this.usage.takeTurnSlot(threadId);
  }

  /** `tokens`: of a thread whose news are told to nobody. */
  async releaseTurnSlot(threadId: string, tokens?: number): Promise<void> {
    this.usage.releaseTurnSlot(threadId, tokens);
  }
}

/** Read at most once in a while: whoever asks again and again must not ask every shard of the metrics as often. */
class SeenCircuits {
  private readonly ask: () => ReturnType<typeof readCircuits>;
  private seen: { atMs: number; circuits: ReturnType<typeof readCircuits> } | null = null;

  constructor(ask: () => ReturnType<typeof readCircuits>) {
    this.ask = ask;
  }

  read(): ReturnType<typeof readCircuits> {
    const nowMs = Date.now();
    if (!this.seen || nowMs - this.seen.atMs >= quotaLimits.circuitsSeenMs) this.seen = { atMs: nowMs, circuits: this.ask() };
    return this.seen.circuits;
  }
}

/** A function of its own, so that the platform's type of the call is the plain one. */
async function tellPush(environment: Environment, account: string, delivery: PushDelivery): Promise<PushAck> {
  return pushStub(environment, account).take(delivery);
}

/** What was told before `heard` is not told again. */
function pushNewsOf(
  summary: ThreadSummary | { threadId: string; deleted: true },
  { attention, followers, unsaidTurnIds }: ThreadNews,
  heard: number,
): Omit<PushNews, "id"> {
  const { threadId } = summary;
  if ("deleted" in summary) {
    const nothing = { asks: [], ended: [], unsaidTurnIds: [], isFollowed: false, isRead: false };
    return { threadId, isDeleted: true, name: "", ...nothing };
  }
  const { thread, readState } = summary;
  return {
    threadId,
    isDeleted: false,
    name: thread.name ?? thread.preview,
    asks: attention?.asks ?? [],
    // Threads that programs begin for themselves have no read state: they may ask a person, and end for nobody.
    ended: readState === null ? [] : (attention?.ended ?? []).filter(({ seq }) => seq > heard),
    unsaidTurnIds,
    // A repository follows its threads too, and looks at no screen.
    isFollowed: followers.some((connection) => repositoryOfConnection(connection) === null),
    isRead: readState !== null && readState.firstUnread === null,
  };
}
