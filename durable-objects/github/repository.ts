/**
 * One repository: what came from GitHub, one after the other, and what has to happen there. All of it is in the rows; a crash between
 * any two lines is made up for by the alarm, which looks for what is due.
 */
import type { HeardFrame } from "#core/github/thread-view";
import { githubApiLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import type { Consequences, RepositoryReads } from "#github/consequences";
import { baseOf, type Effect, type EffectResult, isReplaceable, type Outcome, type ThreadCall } from "#github/effect";
import type { RepositoryEvent } from "#github/event";
import { GitHubError, isPassing } from "#github/failure";
import type { Policy } from "#github/follow/policy";
import { createInboxSchema, Inbox, type Received, type WaitingDelivery } from "#github/inbox";
import { type GitHubCalls, type GitHubHost, InstallationJob, type RepositoryPlace } from "#github/installation";
import { createLedgerSchema, Ledger } from "#github/ledger";
import { createOutboxSchema, Outbox, type WaitingEffect } from "#github/outbox";
import { perform } from "#github/perform/perform";
import type { OwnApp } from "#github/perform/performance";
import { Permissions } from "#github/permission";
import { createUsesSchema, noteUse, recentUses, type TurnUse } from "#github/uses";
import { type ReachedLimit, reachedLimitOf, type WireError } from "#protocol/errors";
import type { AskedProposal } from "#thread/asked-proposal";
import type { Delivery, DeliveryAck } from "#thread/host";
import { collectBlobs, putBlob, readBlob } from "#workspace/blob";
import { Workspace } from "#workspace/store";

export interface RepositoryHost {
  sql: Sql;
  transaction<Result>(closure: () => Result): Result;
  /** Throws when GitHub is not configured. */
  github(): GitHubHost;
  /** Read whenever it is needed: the operator may change it while something waits. */
  policy(): Policy;
  consequences: Consequences;
  now(): number;
  newId(): string;
  /** In [0, 1). */
  random(): number;
  setAlarm(atMs: number): void;
  /** Whether the operator or GitHub stopped the installation. Throws when nobody can say. */
  isStopped(installationId: number): Promise<boolean>;
  ownApp(): Promise<OwnApp>;
  readProposal(threadId: string, requestId: string): Promise<AskedProposal | null>;
  /** The page of a thread in the web client; null where there is none. */
  threadUrl(threadId: string): string | null;
  callThread(threadId: string, call: ThreadCall): Promise<{ text: string | null } | { refused: WireError }>;
  report(event: string, details: Record<string, unknown>): void;
}

export function createRepositorySchema(sql: Sql): void {
  createInboxSchema(sql);
  createOutboxSchema(sql);
  createUsesSchema(sql);
  createLedgerSchema(sql);
  // The contents of commits that wait.
  Workspace.createSchema(sql);
  sql.exec(`
    CREATE TABLE IF NOT EXISTS github_place (
      id INTEGER PRIMARY KEY CHECK (id = 1), installation_id INTEGER NOT NULL, repository_id INTEGER NOT NULL, owner TEXT NOT NULL,
      repo TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS github_threads (issue_number INTEGER PRIMARY KEY, thread_id TEXT NOT NULL UNIQUE) STRICT;
  `);
}

type PlaceRow = { installation_id: number; repository_id: number; owner: string; repo: string };

export class Repository {
  private readonly host: RepositoryHost;
  private readonly inbox: Inbox;
  private readonly outbox: Outbox;
  private readonly permissions: Permissions;
  private readonly ledger: Ledger;
  /** How far each thread was heard; behind what is written by nothing that matters. */
  private readonly heardThrough = new Map<string, number>();
  private pumping: Promise<void> | null = null;

  constructor(host: RepositoryHost) {
    this.host = host;
    this.inbox = new Inbox(host.sql);
    this.outbox = new Outbox(host.sql, () => host.newId());
    this.permissions = new Permissions(() => host.now());
    this.ledger = new Ledger(
      host.sql,
      () => host.policy(),
      (threadId) => host.threadUrl(threadId),
    );
  }

  /** Returns when it is durable; what follows happens later, from the alarm. */
  receive(deliveryId: string, event: RepositoryEvent): Received {
    const received = this.host.transaction(() => {
      this.setPlace(event);
      return this.inbox.receive(deliveryId, event, this.host.now());
    });
    this.schedule();
    return received;
  }

  /** What a thread, or anything else of the account, wants to happen at GitHub. `contents` are the files of commits among them. */
  add(effects: Effect[], contents: Uint8Array[] = []): void {
    const bytes = contents.reduce((sum, { length }) => sum + length, 0);
    if (bytes > githubApiLimits.commitBytesMax) throw new Error(`a commit of ${bytes} bytes is too large`);
    this.host.transaction(() => {
      for (const content of contents) putBlob(this.host.sql, content);
      this.outbox.add(effects, { deliveryId: null, nowMs: this.host.now() });
    });
    this.schedule();
  }

  /** What a thread of the repository tells those who follow it: all frames after `after`. */
  async deliver({ threadId, after, frames }: Delivery): Promise<DeliveryAck> {
    const talk = this.ledger.talk(threadId);
    if (talk === null) return { gone: true };
    const heard = Math.max(talk.view.seq, this.heardThrough.get(threadId) ?? 0);
    if (after === null || after > heard || frames.length === 0) return { gone: false, cursor: heard };
    const told = frames.map(({ seq, text }) => ({ ...(JSON.parse(text) as HeardFrame), seq }));
    if (told.some(({ method }) => method === "thread/deleted")) {
      this.forgetThread(threadId);
      return { gone: true };
    }
    const { host } = this;
    const decision = await host.consequences.ofFrames(threadId, told, host);
    host.transaction(() => this.outbox.add(decision(this.ledger), { deliveryId: null, nowMs: host.now() }));
    const cursor = Math.max(heard, told.at(-1)?.seq ?? 0);
    this.heardThrough.set(threadId, cursor);
    this.noteUseOf(threadId);
    this.schedule();
    return { gone: false, cursor };
  }

  /** A person deleted it: what is known of it here goes, also what was to happen for it. What stands at GitHub is GitHub's. */
  private forgetThread(threadId: string): void {
    const { sql } = this.host;
    this.host.transaction(() => {
      const requestIds = this.ledger.forgetThread(threadId);
      this.outbox.forgetThread(threadId, requestIds);
      // Whoever asks there again gets a thread of another id.
      sql.exec("DELETE FROM github_threads WHERE thread_id = ?", threadId);
      collectBlobs(sql, [...this.outbox.neededBlobs(), ...this.ledger.neededBlobs()]);
    });
    this.heardThrough.delete(threadId);
    this.schedule();
  }

  /** The turn that works now is on the account of whoever asked for it. */
  private noteUseOf(threadId: string): void {
    const { view, asked } = this.ledger.talk(threadId) ?? {};
    if (!view?.turn || view.turn.key !== asked?.key) return;
    this.noteUse({ turnId: view.turn.id, personId: asked.by.id, atMs: view.turn.startedAtMs, tokens: view.turn.tokens });
  }

  noteUse(use: TurnUse): void {
    noteUse(this.host.sql, use, this.host.now());
  }

  outcomeOf(key: string): Outcome | null {
    return this.outbox.outcomeOf(key)?.outcome ?? null;
  }

  /** Does whatever is due, one thing after the other: GitHub asks for no two requests at once. Never throws. */
  pump(): Promise<void> {
    this.pumping ??= this.work().finally(() => {
      this.pumping = null;
      this.schedule();
    });
    return this.pumping;
  }

  schedule(): void {
    const times = [this.inboxNextAtMs(), this.outbox.nextAtMs()].filter((atMs) => atMs !== null);
    if (times.length > 0) this.host.setAlarm(Math.max(Math.min(...times), this.host.now()));
  }

  /** A job with this repository's tokens, for whoever reads it; they end with the job. */
  async withJob<Result>(work: (job: InstallationJob) => Promise<Result>): Promise<Result> {
    const job = new InstallationJob(() => this.host.github(), this.place());
    try {
      return await work(job);
    } finally {
      await job.end();
    }
  }

  /** Reads for somebody else, as long as nobody stopped the installation. */
  async read<Result>(work: (calls: GitHubCalls) => Promise<Result>): Promise<Result> {
    if (await this.host.isStopped(this.place().installationId)) throw new Error("the installation is stopped");
    return this.withJob((job) => work(job.calls({ contents: "read" })));
  }

  private async work(): Promise<void> {
    try {
      while (this.nextDelivery() !== null || this.outbox.due(this.host.now()) !== null) {
        await this.withJob(async (job) => {
          for (let isBusy = true; isBusy; ) {
            const delivery = this.nextDelivery();
            if (delivery !== null) await this.decide(delivery, job);
            const effect = this.outbox.due(this.host.now());
            if (effect !== null) await this.attempt(effect, job);
            isBusy = delivery !== null || effect !== null;
          }
        });
        this.sweep();
      }
    } catch (error) {
      this.host.report("repositoryStumbled", { error: String(error) });
      // What was at work is due again by itself, but not at once: whatever it was may be so again.
      this.pause(githubApiLimits.retryPauseMsMax);
    }
  }

  /** After work there may be what nobody can ask for any more. A crash before this leaves it for the next time. */
  private sweep(): void {
    this.host.transaction(() => {
      this.outbox.forget(this.host.now());
      for (const requestId of this.ledger.forget()) this.outbox.forgetSubject(requestId);
      collectBlobs(this.host.sql, [...this.outbox.neededBlobs(), ...this.ledger.neededBlobs()]);
    });
  }

  private nextDelivery(): WaitingDelivery | null {
    const nowMs = this.host.now();
    return this.outbox.pausedUntilMs() > nowMs ? null : this.inbox.due(nowMs);
  }

  private inboxNextAtMs(): number | null {
    const atMs = this.inbox.nextAtMs();
    return atMs === null ? null : Math.max(atMs, this.outbox.pausedUntilMs());
  }

  private async decide({ deliveryId, event, attempts }: WaitingDelivery, job: InstallationJob): Promise<void> {
    if (attempts >= githubApiLimits.attemptsMax) return this.inbox.settle(deliveryId, "failed", "exhausted");
    this.inbox.attempt(deliveryId, this.retryAtMs(attempts));
    this.schedule();
    try {
      if (await this.host.isStopped(event.installationId)) return this.inbox.settle(deliveryId, "stopped");
      // Somebody took the App's variables away: asking again and again brings them back to nobody.
      if (!this.isConfigured()) return this.inbox.settle(deliveryId, "failed", "GitHub is not configured");
      const decision = await this.host.consequences.ofEvent(event, this.reads(deliveryId, job));
      this.host.transaction(() => {
        this.inbox.settle(deliveryId, "done");
        this.outbox.add(decision(this.ledger), { deliveryId, nowMs: this.host.now() });
      });
    } catch (error) {
      this.host.report("deliveryNotDecided", { deliveryId, attempts, error: String(error) });
      if (error instanceof GitHubError && error.failure.type === "rateLimited") this.pause(error.failure.retryAfterMs);
      // What GitHub refuses for good it refuses again. Anything else may be better after a while, and is not tried for ever.
      if (error instanceof GitHubError && !isPassing(error.failure)) this.inbox.settle(deliveryId, "failed", String(error));
    }
  }

  private isConfigured(): boolean {
    try {
      this.host.github();
      return true;
    } catch {
      return false;
    }
  }

  private reads(deliveryId: string, job: InstallationJob): RepositoryReads {
    return {
      place: this.place(),
      deliveryId,
      nowMs: this.host.now(),
      ownApp: () => this.host.ownApp(),
      permissionOf: (person, how) => this.permissions.of(person, job.calls({ metadata: "read" }, deliveryId), how),
      calls: (permissions) => job.calls(permissions, deliveryId),
      threadOf: (issueNumber) => this.threadOf(issueNumber),
      newThreadId: () => this.host.newId(),
      uses: () => recentUses(this.host.sql, this.host.now()),
      ledger: this.ledger,
    };
  }

  private async attempt(effect: WaitingEffect, job: InstallationJob): Promise<void> {
    const { key, attempts } = effect;
    const nowMs = this.host.now();
    if (attempts >= githubApiLimits.attemptsMax || nowMs - effect.createdAtMs > githubApiLimits.effectLifetimeMs) {
      return this.settle(effect, { type: "failed", failure: { type: "exhausted", last: `${attempts} attempts` } });
    }
    this.outbox.attempt(key, this.retryAtMs(attempts));
    this.schedule();
    const base = this.baseOf(effect);
    if (base === "waiting") return this.outbox.retry(effect, this.retryAtMs(0), { isCounted: false });
    if (base === "failed") {
      const failure = { type: "withoutBase", key: baseOf(effect.action) ?? "" } as const;
      return this.settle(effect, { type: "failed", failure });
    }
    try {
      if (await this.host.isStopped(this.place().installationId)) {
        return this.settle(effect, { type: "failed", failure: { type: "stopped" } });
      }
      const app = await this.host.ownApp();
      this.outbox.markUncertain(key);
      const outcome = await this.performed(effect, { job, app, base });
      const reached = outcome.type === "failed" ? reachedBy(outcome) : null;
      if (reached) this.waitForRoom(effect, reached);
      else this.settle(effect, outcome);
    } catch (error) {
      this.failed(effect, error);
    }
  }

  private async performed(
    effect: WaitingEffect,
    { job, app, base }: { job: InstallationJob; app: OwnApp; base: { id: string; result: EffectResult } | null },
  ): Promise<Outcome> {
    const { key, id, action, deliveryId, isUncertain, createdAtMs, progress } = effect;
    if (action.type === "callThread") {
      const reply = await this.host.callThread(action.threadId, action.call);
      if ("refused" in reply) return { type: "failed", failure: { type: "refused", error: reply.refused } };
      return { type: "done", result: { type: "threadReply", text: reply.text } };
    }
    const result = await perform(action, {
      id,
      isUncertain,
      createdAtMs,
      progress,
      app,
      base,
      saveProgress: (text) => this.outbox.saveProgress(key, text),
      calls: (permissions) => job.calls(permissions, deliveryId),
      blob: (oid) => readBlob(this.host.sql, oid),
    });
    return { type: "done", result };
  }

  /** The account may begin no turn now: the request stays in its lane, and counts as no attempt. */
  private waitForRoom(effect: WaitingEffect, { limit, retryAfterMs }: ReachedLimit): void {
    const pauseMs = Math.min(retryAfterMs ?? githubApiLimits.roomPauseMsMax, githubApiLimits.roomPauseMsMax);
    this.outbox.retry(effect, this.host.now() + Math.max(pauseMs, githubApiLimits.retryPauseMs), { isCounted: false });
    this.host.report("effectWaitsForRoom", { key: effect.key, limit, retryAfterMs });
  }

  private failed(effect: WaitingEffect, error: unknown): void {
    const { key, attempts } = effect;
    this.host.report("effectFailed", { key, type: effect.action.type, attempts, error: String(error) });
    // Not GitHub's: another object could not be reached, or the fault is ours. The row says when it is tried again.
    if (!(error instanceof GitHubError)) return;
    const { failure } = error;
    if (failure.type === "rateLimited") {
      this.pause(failure.retryAfterMs);
      this.outbox.retry(effect, this.host.now() + failure.retryAfterMs, { isCounted: false });
    } else if (failure.type === "unauthorized") {
      this.outbox.retry(effect, this.retryAtMs(attempts), { isCounted: true });
    } else if (!isPassing(failure) && !(isReplaceable(effect.action) && failure.type !== "notFound")) {
      this.settle(effect, { type: "failed", failure });
    }
    // Twice the same edit is one, and without it a comment would say for ever what is no longer so: it is tried again.
    // Else it may have happened: the row stays uncertain, and says when it is looked at again.
  }

  private settle(effect: WaitingEffect, outcome: Outcome): void {
    const { key, lane, action, deliveryId } = effect;
    const nowMs = this.host.now();
    this.host.transaction(() => {
      this.outbox.settle(effect, outcome, nowMs);
      this.outbox.add(this.host.consequences.ofOutcome({ key, lane, action }, outcome, this.ledger), { deliveryId, nowMs });
    });
    if (outcome.type === "failed") this.host.report("effectGivenUp", { key, type: action.type, failure: outcome.failure });
  }

  private baseOf({ action }: WaitingEffect): { id: string; result: EffectResult } | null | "waiting" | "failed" {
    const key = baseOf(action);
    if (key === null) return null;
    return this.resultOf(key) ?? (this.outbox.isWaiting(key) ? "waiting" : "failed");
  }

  private resultOf(key: string): { id: string; result: EffectResult } | null {
    const known = this.outbox.outcomeOf(key);
    return known?.outcome.type === "done" ? { id: known.id, result: known.outcome.result } : null;
  }

  private pause(durationMs: number): void {
    this.outbox.pause(this.host.now() + durationMs);
  }

  /** Half of the pause is by chance, so that repositories that failed together do not come back together. */
  private retryAtMs(attempts: number): number {
    const pauseMs = Math.min(githubApiLimits.retryPauseMs * 2 ** attempts, githubApiLimits.retryPauseMsMax);
    return this.host.now() + Math.round(pauseMs * (0.5 + this.host.random() / 2));
  }

  /** Names and installations change; the last webhook knows them. */
  private setPlace({ installationId, repository }: RepositoryEvent): void {
    this.host.sql.exec(
      "INSERT OR REPLACE INTO github_place (id, installation_id, repository_id, owner, repo) VALUES (1, ?, ?, ?, ?)",
      installationId,
      repository.id,
      repository.owner,
      repository.name,
    );
  }

  private place(): RepositoryPlace {
    const [row] = this.host.sql.exec<PlaceRow>("SELECT * FROM github_place").toArray();
    if (!row) throw new Error("no webhook has said yet which repository this is");
    return { installationId: row.installation_id, repositoryId: row.repository_id, owner: row.owner, repo: row.repo };
  }

  private threadOf(issueNumber: number): string {
    const shared = this.ledger.threadOfDraft(issueNumber);
    if (shared !== null) return shared;
    this.host.sql.exec(
      "INSERT OR IGNORE INTO github_threads (issue_number, thread_id) VALUES (?, ?)",
      issueNumber,
      this.host.newId(),
    );
    return this.host.sql
      .exec<{ thread_id: string }>("SELECT thread_id FROM github_threads WHERE issue_number = ?", issueNumber)
      .one().thread_id;
  }
}

/** The limit of the account by which a thread refused, if it was one. */
function reachedBy({ failure }: Extract<Outcome, { type: "failed" }>): ReachedLimit | null {
  return failure.type === "refused" ? reachedLimitOf(failure.error.data) : null;
}
