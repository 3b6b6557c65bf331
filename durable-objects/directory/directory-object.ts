/** The account's index of threads: what can be listed, searched and answered across threads. It knows only what threads told it. */

import { DurableObject } from "cloudflare:workers";
import { type Counts, setGauge } from "#core/metrics/counts";
import { Announcements, createAnnouncementsSchema } from "#directory/announcements";
import { createDirectorySchema, Directory } from "#directory/directory";
import type { ThreadNews } from "#directory/news";
import { createPushNewsSchema, type PushAck, type PushDelivery, type PushNews, PushNewsQueue } from "#directory/push-news";
import { answer, type DirectoryReply } from "#directory/requests";
import type { ThreadSummary } from "#directory/summary";
import { createTurnSlotsSchema, releaseTurnSlot, takeTurnSlot } from "#directory/turn-slots";
import { repositoryOfConnection } from "#github/thread-connection";
import { countersOf } from "#metrics/object-counters";
import { addressProblem, servesThisMachineOnly } from "#outbound/public-address";
import type { Request } from "#protocol/methods";
import type { ThreadPlace } from "#protocol/thread";
import { connectionStub, type Environment, pushStub } from "../environment.ts";
import { newId, report, sleep } from "../platform.ts";

export class DirectoryObject extends DurableObject<Environment> {
  private readonly directory: Directory;
  private readonly announcements: Announcements;
  private readonly pushNews: PushNewsQueue;
  /** When each of them wants to be woken, Unix ms: the object has one alarm. One that comes for nothing only looks around. */
  private readonly wakeAtMs = new Map<"announcements" | "pushNews", number>();

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    const { sql } = context.storage;
    createDirectorySchema(sql);
    createTurnSlotsSchema(sql);
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
      if (news?.turnSlot === "release") releaseTurnSlot(this.ctx.storage.sql, threadId);
      return news?.turnSlot === "take" ? takeTurnSlot(this.ctx.storage.sql, threadId, Date.now()) : true;
    });
    this.announcements.pump();
    void this.pushNews.pump();
    return hasTurnSlot;
  }

  async request(request: Request): Promise<DirectoryReply> {
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

  async takeTurnSlot(threadId: string): Promise<boolean> {
    return takeTurnSlot(this.ctx.storage.sql, threadId, Date.now());
  }

  async releaseTurnSlot(threadId: string): Promise<void> {
    releaseTurnSlot(this.ctx.storage.sql, threadId);
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
