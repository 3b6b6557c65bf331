/**
 * The memory's own work, never in a turn's way: near-duplicates become one, what several threads learnt becomes the account's, and where a model is
 * configured it proposes what it would keep of finished turns. Code decides; see core/memory/operation.ts.
 */
import { memoryLimits } from "#core/limits";
import { priorMean } from "#core/memory/credit";
import { type Draft, type Fragment, type Scope, scopeKey, scopeOf } from "#core/memory/fragment";
import { applyPlan, mergeSimilarityMin, type Operation } from "#core/memory/operation";
import { promotedToAccount } from "#core/memory/promotion";
import { buildIndex, search, wordsOf } from "#core/memory/retrieval";
import { routinePlan } from "#core/memory/routine-plan";
import { similarity } from "#core/memory/terms";
import type { PendingTurn } from "#memory/lessons";
import type { Memory } from "#memory/memory";
import type { RunBy } from "#memory/runs";

/** What a model would do after a turn. Null: it failed, and nothing more than the rules distilled is kept of the turn. */
export type Propose = (pending: PendingTurn, nearest: readonly Fragment[]) => Promise<Operation[] | null>;

export interface OptimizerHost {
  account: string;
  now(): number;
  newId(): string;
  transaction<Result>(closure: () => Result): Result;
  /** Null where only the rules distil. */
  propose: Propose | null;
}

export class Optimizer {
  private readonly host: OptimizerHost;
  private readonly memory: Memory;
  private isAsking = false;

  constructor(host: OptimizerHost, memory: Memory) {
    this.host = host;
    this.memory = memory;
  }

  /** When it shall run next. Null: nothing has changed since it ran. */
  dueAt(nowMs: number): number | null {
    const { settings } = this.memory;
    const changedAt = settings.get("changedAt");
    if (changedAt === null) return null;
    const isEnough = settings.get("outcomesSinceRun") >= memoryLimits.optimizeAfterOutcomes;
    return isEnough ? nowMs : changedAt + memoryLimits.optimizeAfterMs;
  }

  /** Each scope is a transaction with its own line in the runs. What is left over is due again. */
  run(): void {
    const { scopes, settings } = this.memory;
    const open = scopes.unoptimized(memoryLimits.scopesPerRunMax + 1);
    for (const { scope } of open.slice(0, memoryLimits.scopesPerRunMax)) {
      this.host.transaction(() => {
        this.tidy(scope);
        scopes.optimized(scope);
      });
    }
    this.host.transaction(() => {
      this.promote();
      settings.set("optimizedAt", this.host.now());
      settings.set("outcomesSinceRun", 0);
      settings.set(
        "changedAt",
        open.length > memoryLimits.scopesPerRunMax ? this.host.now() - memoryLimits.optimizeAfterMs : null,
      );
    });
  }

  /** Asks the model about turns that wait, one after the other. Nothing waits for it. */
  async ask(turnsMax: number = memoryLimits.turnsPerModelRunMax): Promise<void> {
    const { propose } = this.host;
    if (!propose || this.isAsking) return;
    this.isAsking = true;
    try {
      for (const pending of this.memory.lessons.pending(turnsMax)) {
        const scope = scopeOf(pending.scope);
        const plan = scope && (await propose(pending, this.nearest(pending)));
        this.host.transaction(() => {
          // It may have been forgotten, or said anew, while the model thought.
          if (!this.memory.lessons.isPending(pending.turnId)) return;
          this.memory.lessons.done(pending.turnId);
          if (scope && plan && plan.length > 0) this.apply(scope, "model", plan);
        });
      }
    } finally {
      this.isAsking = false;
    }
  }

  private nearest({ scope, turn }: PendingTurn): Fragment[] {
    const living = livingOf(this.memory.fragments.ofScope(scope));
    const text = `${turn.request} ${turn.correction ?? ""} ${turn.commands.map(({ command }) => command).join(" ")}`;
    return search(buildIndex(living), { text, keys: [] }, memoryLimits.nearestMax).map(({ fragment }) => fragment);
  }

  private tidy(key: string): void {
    const scope = scopeOf(key);
    const plan = scope && routinePlan(livingOf(this.memory.fragments.ofScope(key)));
    if (scope && plan && plan.length > 0) this.apply(scope, "routine", plan);
  }

  /** All of it or nothing; what was refused is a line too, without the plan's words. */
  private apply(scope: Scope, by: RunBy, plan: readonly Operation[]): Map<string, Fragment> | null {
    const { fragments, scopes, runs } = this.memory;
    const key = scopeKey(scope);
    const applied = applyPlan(fragments.ofScope(key), plan, {
      account: this.host.account,
      scope,
      nowMs: this.host.now(),
      newMean: priorMean(scopes.knowledge(key).prior),
      newId: this.host.newId,
    });
    if ("refusal" in applied) {
      runs.note({ scope: key, by, summary: `refused at operation ${applied.operation + 1}: ${applied.refusal}` });
      return null;
    }
    runs.apply({ scope: key, by, summary: summaryOf(plan), plan }, applied.changed);
    return applied.changed;
  }

  /** What three threads learnt alike becomes the account's, and what the account proved is offered to all where it takes part. */
  private promote(): void {
    const { fragments, settings } = this.memory;
    const all = livingOf(fragments.all());
    const ofAccount = all.filter(({ scope }) => scope.type === "account");
    const narrow = all.filter(
      ({ scope, state }) => state === "active" && (scope.type === "repository" || scope.type === "thread"),
    );
    const known = ofAccount.map((fragment) => ({ kind: fragment.kind, words: wordsOf(fragment) }));
    for (const fragment of narrow) {
      const words = wordsOf(fragment);
      const isLike = (kind: string, others: ReadonlySet<string>) =>
        kind === fragment.kind && similarity(words, others) >= mergeSimilarityMin;
      if (known.some((other) => isLike(other.kind, other.words))) continue;
      const alike = narrow.filter((other) => isLike(other.kind, wordsOf(other)));
      const draft: Draft | null = promotedToAccount([fragment, ...alike.filter((other) => other !== fragment)]);
      if (draft && this.apply({ type: "account" }, "promotion", [{ type: "add", draft }]))
        known.push({ kind: draft.kind, words });
    }
    if (settings.get("isSharing")) this.offer(ofAccount);
  }

  /** Each wording once. */
  private offer(ofAccount: readonly Fragment[]): void {
    const { settings, forAll } = this.memory;
    const before = settings.get("offered");
    const proven = ofAccount
      .filter(({ state, trust, kind }) => state === "active" && trust !== "toolText" && kind !== "metaprompt")
      .slice(0, memoryLimits.offersPerAccountMax);
    for (const fragment of proven) {
      if (before[fragment.id] !== fragment.version) forAll.add({ type: "offered", fragment: { ...fragment, provenance: [] } });
    }
    settings.set("offered", Object.fromEntries(proven.map(({ id, version }) => [id, version])));
  }
}

function livingOf(fragments: ReadonlyMap<string, Fragment>): Fragment[] {
  return [...fragments.values()].filter(({ state }) => state !== "tombstone");
}

function summaryOf(plan: readonly Operation[]): string {
  const counts = new Map<string, number>();
  for (const { type } of plan) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => `${count} × ${type}`).join(", ");
}
