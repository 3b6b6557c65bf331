/** The account's index of threads: what can be listed, searched and answered across threads. It knows only what threads told it. */
import { DurableObject } from "cloudflare:workers";
import { type Counts, setGauge } from "#core/metrics/counts";
import { Announcements, createAnnouncementsSchema } from "#directory/announcements";
import { createDirectorySchema, Directory } from "#directory/directory";
import type { ThreadNews } from "#directory/news";
import { answer, type DirectoryReply } from "#directory/requests";
import type { ThreadSummary } from "#directory/summary";
import { createTurnSlotsSchema, releaseTurnSlot, takeTurnSlot } from "#directory/turn-slots";
import { countersOf } from "#metrics/object-counters";
import type { Request } from "#protocol/methods";
import type { ThreadPlace } from "#protocol/thread";
import { connectionStub, type Environment } from "../environment.ts";
import { newId, report, sleep } from "../platform.ts";

export class DirectoryObject extends DurableObject<Environment> {
  private readonly directory: Directory;
  private readonly announcements: Announcements;

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
    this.announcements = new Announcements({
      sql,
      countChanged: () => counters.moved(),
      now: () => Date.now(),
      announce: (connection, delivery) => connectionStub(environment, connection).announce(delivery),
      sleep: (durationMs) => sleep(durationMs, new AbortController().signal),
      setAlarm: (atMs) => {
        context.storage.setAlarm(atMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
      },
      report,
    });
    this.directory = new Directory({
      sql,
      now: () => Date.now(),
      newId,
      announce: (threadId, frame) => this.announcements.add(threadId, [frame]),
    });
    this.announcements.pump();
    // A former life may have ended before it told.
    counters.moved();
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
      if ("deleted" in summary) this.directory.remove(threadId);
      else this.directory.update(summary);
      if (news) this.directory.take(threadId, news);
      if (news?.turnSlot === "release") releaseTurnSlot(this.ctx.storage.sql, threadId);
      return news?.turnSlot === "take" ? takeTurnSlot(this.ctx.storage.sql, threadId, Date.now()) : true;
    });
    this.announcements.pump();
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

  override async alarm(): Promise<void> {
    this.announcements.wake();
  }

  async takeTurnSlot(threadId: string): Promise<boolean> {
    return takeTurnSlot(this.ctx.storage.sql, threadId, Date.now());
  }

  async releaseTurnSlot(threadId: string): Promise<void> {
    releaseTurnSlot(this.ctx.storage.sql, threadId);
  }
}
