/**
 * The account's empirical memory: what its threads learnt. The one writer of its fragments; threads read what it publishes in KV, so that no turn
 * ever waits for it. The object of `globalAccount` keeps what accounts share.
 */

import { DurableObject } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { memoryLimits } from "#core/limits";
import { type Fragment, globalAccount, isServable } from "#core/memory/fragment";
import type { TurnReport } from "#core/memory/report";
import { type Counts, setGauge } from "#core/metrics/counts";
import { AllAccounts } from "#memory/all-accounts";
import type { MessageForAll } from "#memory/for-all";
import { Memory } from "#memory/memory";
import { Optimizer } from "#memory/optimize";
import { proposerOf } from "#memory/propose";
import { Publisher } from "#memory/publish";
import { answer, type MemoryReply } from "#memory/requests";
import type { Counters } from "#metrics/counters";
import { countersOf } from "#metrics/object-counters";
import { rehearsalModelInfo } from "#models/rehearsal";
import type { Request } from "#protocol/methods";
import { type Environment, memoryStub, threadStub } from "../environment.ts";
import { catalogueOf, newId, report } from "../platform.ts";

export class MemoryObject extends DurableObject<Environment> {
  private readonly account: string;
  private readonly memory: Memory;
  private readonly publisher: Publisher;
  private readonly optimizer: Optimizer;
  /** Null but in the object that keeps what accounts share. */
  private readonly allAccounts: AllAccounts | null;
  /** Failures in a row, of each of the things that may fail; and when that is tried again. */
  private readonly failing = new Map<Task, { failures: number; retryAtMs: number }>();
  private readonly counters: Counters;
  private isTellingAll = false;
  private isTellingThreads = false;
  private isTellingAccounts = false;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    const { name } = context.id;
    if (!name) throw new Error("a memory's object is always named");
    this.account = name;
    const { sql } = context.storage;
    const catalogue = catalogueOf(environment);
    const hasModel = name !== globalAccount && catalogue.defaultModel !== rehearsalModelInfo.id;
    const transaction = <Result>(closure: () => Result) => context.storage.transactionSync(closure);
    const host = { sql, account: name, now: () => Date.now(), newId, hash: sha256, transaction };
    this.memory = new Memory({
      ...host,
      hasModel,
      publishedAt: () => this.publisher.publishedAt(),
      doom: (scopes) => this.publisher.doom(scopes),
    });
    this.publisher = new Publisher({
      ...host,
      intervalMs: Number(environment.SPINDLE_MEMORY_PUBLISH_INTERVAL_MS ?? memoryLimits.publishIntervalMs),
      put: (key, text) => environment.MEMORY.put(key, text),
      delete: (key) => environment.MEMORY.delete(key),
      standing: () => this.memory.standing(),
      fragments: this.memory.fragments,
    });
    const modelName = catalogue.defaultModel;
    const propose = hasModel ? proposerOf({ model: catalogue.model(modelName), modelName, report }) : null;
    this.optimizer = new Optimizer({ ...host, propose }, this.memory);
    this.counters = countersOf(context, environment, () => this.standing());
    this.allAccounts = name === globalAccount ? new AllAccounts(host, this.memory) : null;
  }

  /**
   * A thread tells what became of its turns. Twice the same changes nothing; it resolves when it is durable, and is said again until then. The answer
   * is what those turns taught, as it stands now: the thread need not wait until it is published.
   */
  async report(account: string, reports: TurnReport[]): Promise<Fragment[]> {
    this.requireOwn(account);
    this.ctx.storage.transactionSync(() => {
      for (const turn of reports) this.memory.hear(turn);
    });
    this.schedule();
    return reports.flatMap(({ turn }) => [...this.memory.fragments.ofTurn(turn.turnId).values()]).filter(isServable);
  }

  async request(request: Request): Promise<MemoryReply> {
    const reply = answer(this.memory, request, (closure) => this.ctx.storage.transactionSync(closure));
    this.schedule();
    // Who forgets shall not have to wait for the next generation: until it comes, readers find nothing of the scope.
    if (this.publisher.hasDoomed()) await this.publish();
    void this.tellThreads().then(() => this.schedule());
    this.schedule();
    return reply;
  }

  /** The thread is deleted: its own fragments go, and no other names it. What is still reported of it changes nothing. */
  async forgetThread(threadId: string): Promise<void> {
    this.ctx.storage.transactionSync(() => this.memory.forgetThread(threadId));
    this.schedule();
  }

  /** To the object of `globalAccount`: what another account's memory has to say. Each message may come twice. */
  async tellAll(account: string, messages: MessageForAll[]): Promise<void> {
    const { allAccounts } = this;
    if (!allAccounts) throw new Error("only the memory of all accounts is told by others");
    this.ctx.storage.transactionSync(() => allAccounts.take(account, messages));
    this.schedule();
  }

  /** From the object of `globalAccount`: these of its fragments are forgotten there, and have to be in the threads that were shown them. */
  async forgetShared(fragmentIds: string[]): Promise<void> {
    this.ctx.storage.transactionSync(() => this.memory.showings.forget(fragmentIds, Date.now()));
    this.schedule();
  }

  /** Daily: what time does to the fragments, and what nobody can want in KV any more. */
  async sweep(): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.allAccounts?.sweep(Date.now() - memoryLimits.retentionMs);
      this.memory.sweep();
    });
    await this.publisher.collect();
    this.schedule();
  }

  /** Daily, to the object of `globalAccount`: sweeps every account that has a memory. One that fails is swept tomorrow. */
  async sweepAll(): Promise<void> {
    await this.sweep();
    let after = "";
    for (;;) {
      const accounts = this.allAccounts?.accounts(after, memoryLimits.accountsSweptAtOnce) ?? [];
      const swept = await Promise.allSettled(accounts.map((account) => memoryStub(this.env, account).sweep()));
      const failed = accounts.filter((_, place) => swept[place]?.status === "rejected");
      if (failed.length > 0) report("memorySweepFailed", { accounts: failed });
      const last = accounts.at(-1);
      if (last === undefined) return;
      after = last;
    }
  }

  /** The one alarm: publishes, optimizes, tells other objects what they have to know; whichever of it is due. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now();
    const optimizeAtMs = this.notBefore("optimize", this.optimizer.dueAt(nowMs));
    if (optimizeAtMs !== null && optimizeAtMs <= nowMs) {
      await this.attempt("optimize", async () => this.optimizer.run());
      // A model takes its time, and forgetting cannot wait for it.
      void this.optimizer.ask().then(
        () => this.schedule(),
        (error) => report("memoryOptimizerFailed", { account: this.account, error: String(error) }),
      );
    }
    if (this.memory.isSweepDue(nowMs)) await this.attempt("sweep", () => this.sweep());
    await Promise.all([this.publish(), this.tellWhatWaits(), this.tellThreads(), this.tellAccounts()]);
    this.schedule();
  }

  private async publish(): Promise<void> {
    await this.attempt("publish", () => this.publisher.run());
  }

  private async tellWhatWaits(): Promise<void> {
    if (this.isTellingAll) return;
    this.isTellingAll = true;
    await this.attempt("forAll", async () => {
      const { forAll } = this.memory;
      for (let next = forAll.next(); next; next = forAll.next()) {
        await memoryStub(this.env, globalAccount).tellAll(this.account, next.messages);
        forAll.taken(next.through);
      }
    });
    this.isTellingAll = false;
  }

  /** Threads that were shown what is forgotten forget it too. One that cannot be reached holds up no other. */
  private async tellThreads(): Promise<void> {
    if (this.isTellingThreads) return;
    this.isTellingThreads = true;
    await this.attempt("threads", async () => {
      const { showings } = this.memory;
      const failures: unknown[] = [];
      for (let next = showings.next(); next; next = showings.next(next.threadId)) {
        const { threadId, fragmentIds } = next;
        await threadStub(this.env, this.account, threadId)
          .forgetFragments(fragmentIds)
          .then(() => showings.taken(threadId, fragmentIds))
          .catch((error) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    });
    this.isTellingThreads = false;
  }

  /** Accounts whose threads may have been shown what is withdrawn hear of it. One that cannot be reached holds up no other. */
  private async tellAccounts(): Promise<void> {
    const { allAccounts } = this;
    if (!allAccounts || this.isTellingAccounts) return;
    this.isTellingAccounts = true;
    await this.attempt("accounts", async () => {
      const failures: unknown[] = [];
      for (let next = allAccounts.nextToTell(); next; next = allAccounts.nextToTell(next.account)) {
        const { account, fragmentIds, through } = next;
        await memoryStub(this.env, account)
          .forgetShared(fragmentIds)
          .then(() => allAccounts.told(account, through))
          .catch((error) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    });
    this.isTellingAccounts = false;
  }

  /** What fails is tried again by the alarm, after a pause that doubles. */
  private async attempt(what: Task, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.failing.delete(what);
    } catch (error) {
      const failures = (this.failing.get(what)?.failures ?? 0) + 1;
      const pauseMs = Math.min(memoryLimits.retryPauseMs * 2 ** (failures - 1), memoryLimits.retryPauseMsMax);
      this.failing.set(what, { failures, retryAtMs: Date.now() + pauseMs });
      report("memoryFailed", { account: this.account, what, error: String(error) });
    }
  }

  /** The memory of all accounts is another one beside those of the accounts. */
  private standing(): { values: Counts; oldestPendingAtMs: null } {
    const values: Counts = {};
    setGauge(values, "memory_health", { state: this.memory.verdict("account") }, 1);
    setGauge(values, "memory_fragments", {}, this.memory.fragments.countServable());
    return { values, oldestPendingAtMs: null };
  }

  private schedule(): void {
    this.counters.moved();
    const nowMs = Date.now();
    const owesThreads = !this.isTellingThreads && this.memory.showings.next() !== null;
    const owesAccounts = !this.isTellingAccounts && this.allAccounts !== null && this.allAccounts.nextToTell() !== null;
    const due = [
      this.notBefore("publish", this.publisher.dueAt(nowMs)),
      this.notBefore("forAll", this.isTellingAll || this.memory.forAll.isEmpty() ? null : nowMs),
      this.notBefore("threads", owesThreads ? nowMs : null),
      this.notBefore("accounts", owesAccounts ? nowMs : null),
      this.notBefore("optimize", this.optimizer.dueAt(nowMs)),
    ].filter((atMs) => atMs !== null);
    if (due.length === 0) return;
    const atMs = Math.min(...due);
    this.ctx.storage.setAlarm(atMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
  }

  private notBefore(what: Task, atMs: number | null): number | null {
    return atMs === null ? null : Math.max(atMs, this.failing.get(what)?.retryAtMs ?? 0);
  }

  private requireOwn(account: string): void {
    if (account !== this.account) throw new Error("this is another account's memory");
  }
}

/** What may fail, and is then tried again by itself. */
type Task = "publish" | "forAll" | "threads" | "accounts" | "optimize" | "sweep";

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
