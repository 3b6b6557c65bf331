/** Rival wordings of instructions. They are proposed, compared and approved by people; nothing of them reaches a turn before that. */
import { memoryLimits } from "#core/limits";
import { admit } from "#core/memory/admit";
import { type Draft, type Fragment, noStatistics } from "#core/memory/fragment";
import { inState } from "#core/memory/lifecycle";
import { type Contender, paretoSet } from "#core/memory/pareto";
import { type Comparison, compared, newPositionBias, newRating, refit } from "#core/memory/rating";
import type { Sql } from "#core/sql";
import type { Fragments } from "#memory/fragments";
import { Refusal, refusals } from "#protocol/errors";

export interface MetapromptsHost {
  sql: Sql;
  account: string;
  now(): number;
  newId(): string;
}

export class Metaprompts {
  private readonly host: MetapromptsHost;
  private readonly fragments: Fragments;

  constructor(host: MetapromptsHost, { fragments }: { fragments: Fragments }) {
    this.host = host;
    this.fragments = fragments;
  }

  propose({ title, when, content }: Pick<Draft, "title" | "when" | "content">): Fragment {
    const draft: Draft = { kind: "metaprompt", title, when, content, keys: [], trust: "user", provenance: [] };
    const admission = admit(draft, { type: "account" });
    if ("refusal" in admission) throw new Refusal(refusals.invalidParams(admission.refusal));
    const living = [...this.fragments.ofScope("account").values()].filter(({ state }) => state !== "tombstone");
    if (living.length >= memoryLimits.fragmentsPerScopeMax)
      throw new Refusal(refusals.invalidParams(`the scope is full: it holds ${memoryLimits.fragmentsPerScopeMax} fragments`));
    const nowMs = this.host.now();
    const fragment: Fragment = {
      ...admission.draft,
      id: this.host.newId(),
      version: 1,
      account: this.host.account,
      scope: { type: "account" },
      state: "candidate",
      stateSince: nowMs,
      createdAt: nowMs,
      lastUsedAt: nowMs,
      statistics: noStatistics,
      rating: null,
      lineage: { operation: "add", parents: [] },
    };
    this.write(fragment);
    return fragment;
  }

  approve(id: string): Fragment {
    const approved = inState(this.require(id), "active", this.host.now());
    this.write(approved);
    return approved;
  }

  /** A person read both, `first` first; `y` is 1 when it was better, 0 when the other was, 0.5 for neither. */
  compare(first: string, second: string, y: 0 | 0.5 | 1): Fragment[] {
    if (first === second) throw new Refusal(refusals.invalidParams("a meta-prompt is not compared with itself"));
    const one = this.require(first);
    const other = this.require(second);
    const { sql } = this.host;
    sql.exec("INSERT INTO comparisons (first_id, second_id, y) VALUES (?, ?, ?)", first, second, y);
    sql.exec(
      "DELETE FROM comparisons WHERE id IN (SELECT id FROM comparisons ORDER BY id DESC LIMIT -1 OFFSET ?)",
      memoryLimits.comparisonsMax,
    );
    const next = compared(one.rating ?? newRating, other.rating ?? newRating, newPositionBias, y);
    const rated = [
      { ...one, rating: next.first },
      { ...other, rating: next.second },
    ];
    for (const fragment of rated) this.write(fragment);
    return rated;
  }

  /** All comparisons at once, which forgets what their order did; nightly. */
  refit(): void {
    const { ratings } = refit(this.comparisons());
    for (const [id, rating] of ratings) {
      const fragment = this.fragments.get(id);
      if (fragment) this.write({ ...fragment, rating });
    }
  }

  /** Those that are each best in some cluster of tasks, or where none was tried the best by comparison. */
  best(): string[] {
    const approved = [...this.fragments.ofScope("account").values()].filter(
      ({ kind, state }) => kind === "metaprompt" && state === "active",
    );
    return paretoSet(approved.map(contender));
  }

  forget(gone: ReadonlySet<string>): void {
    const ids = JSON.stringify([...gone]);
    this.host.sql.exec(
      `DELETE FROM comparisons WHERE first_id IN (SELECT value FROM json_each(?)) OR second_id IN (SELECT value FROM json_each(?))`,
      ids,
      ids,
    );
  }

  forgetAll(): void {
    this.host.sql.exec("DELETE FROM comparisons");
  }

  private comparisons(): Comparison[] {
    return this.host.sql
      .exec<{ first: string; second: string; y: number }>(
        "SELECT first_id AS first, second_id AS second, y FROM comparisons ORDER BY id",
      )
      .toArray();
  }

  private require(id: string): Fragment {
    const fragment = this.fragments.get(id);
    if (fragment?.kind !== "metaprompt") throw new Refusal(refusals.fragmentNotFound(id));
    return fragment;
  }

  private write(fragment: Fragment): void {
    this.fragments.put(new Map([[fragment.id, fragment]]), this.host.now());
  }
}

/** Its record in each cluster; what people say of it counts where outcomes say nothing. */
function contender({ id, statistics, rating }: Fragment): Contender {
  const tried = Object.entries(statistics.byCluster).map(([cluster, { weight, credit }]) => [cluster, credit / weight] as const);
  return { id, scores: Object.fromEntries([["people", rating?.mean ?? 0], ...tried]) };
}
