/** The memory of one account as its object keeps it: what it hears, what a person does with it, and what it forgets. */
import { memoryLimits } from "#core/limits";
import { admit } from "#core/memory/admit";
import { priorMean } from "#core/memory/credit";
import { forget, sweep } from "#core/memory/forget";
import { type Draft, type Fragment, globalAccount, scopeKey } from "#core/memory/fragment";
import { type Health, healthOf } from "#core/memory/health";
import type { TurnReport } from "#core/memory/report";
import { compareArms, type Verdict } from "#core/memory/sequential-test";
import type { Standing } from "#core/memory/standing";
import { halved } from "#core/memory/statistics";
import type { Sql } from "#core/sql";
import { AccountExperience } from "#memory/experience";
import { ForAll } from "#memory/for-all";
import { Fragments } from "#memory/fragments";
import { Lessons } from "#memory/lessons";
import { Metaprompts } from "#memory/metaprompts";
import { Outcomes } from "#memory/outcomes";
import { Runs } from "#memory/runs";
import { createMemorySchema } from "#memory/schema";
import { Scopes } from "#memory/scopes";
import { Settings } from "#memory/settings";
import { Showings } from "#memory/showings";
import { type TurnEffect, Turns } from "#memory/turns";
import { Refusal, refusals } from "#protocol/errors";

export interface MemoryHost {
  sql: Sql;
  account: string;
  /** Unix milliseconds. */
  now(): number;
  newId(): string;
  /** One-way, so that an id of this account's means nothing elsewhere. */
  hash(text: string): string;
  hasModel: boolean;
  /** When the manifest was last written; Unix ms, null: never. */
  publishedAt(): number | null;
  /** Shards of these scopes, or with null of all, hold what was forgotten, and have to leave KV. */
  doom(scopes: readonly string[] | null): void;
}

export class Memory {
  readonly fragments: Fragments;
  readonly scopes: Scopes;
  readonly settings: Settings;
  readonly runs: Runs;
  readonly lessons: Lessons;
  readonly forAll: ForAll;
  readonly metaprompts: Metaprompts;
  readonly showings: Showings;
  private readonly turns: Turns;
  private readonly outcomes: Outcomes;
  private readonly experience: AccountExperience;
  private readonly host: MemoryHost;

  constructor(host: MemoryHost) {
    const { sql } = host;
    this.host = host;
    createMemorySchema(sql);
    this.scopes = new Scopes(sql);
    this.settings = new Settings(sql);
    this.fragments = new Fragments(sql, this.scopes);
    this.runs = new Runs(host, this.fragments);
    this.turns = new Turns(sql);
    this.outcomes = new Outcomes(this);
    this.lessons = new Lessons(host, this);
    this.experience = new AccountExperience(sql, this.settings);
    this.forAll = new ForAll(sql);
    this.metaprompts = new Metaprompts(host, this);
    this.showings = new Showings(sql);
  }

  /**
   * A turn counts from its first report on; a higher revision takes back what the one before gave and gives its own. Call it within a
   * transaction. False where it changes nothing: it was heard, its thread is deleted, or the memory is off.
   */
  hear(report: TurnReport): boolean {
    const { turnId, threadId } = report.turn;
    const nowMs = this.host.now();
    const before = this.turns.heard(turnId);
    if (before && before.revision >= report.revision) return false;
    if (!this.turns.isForgottenThread(threadId)) this.showings.hear(report);
    if (this.turns.isForgottenThread(threadId) || !this.settings.get("isOn")) return false;
    this.register();
    if (before?.effect) this.outcomes.takeBack(before.effect, nowMs);
    const isForgotten = before?.isForgotten ?? false;
    const off = this.offScopes();
    const homes = this.homesOf(report).filter((scope) => !off.includes(scope));
    const effect = isForgotten ? null : this.outcomes.count(report, homes, nowMs);
    if (!isForgotten) {
      this.lessons.learn(report, off);
      this.experience.hear(report, nowMs);
      this.passOn(report);
    }
    this.turns.hear({ turnId, threadId, revision: report.revision }, effect, nowMs);
    this.noteChange();
    return true;
  }

  /** What the turn added, as it counts now; null for a turn that was never heard of or added nothing. */
  effectOf(turnId: string): TurnEffect | null {
    return this.turns.heard(turnId)?.effect ?? null;
  }

  standing(): Standing {
    const metapromptId = this.metaprompts.champion();
    return {
      ...(metapromptId !== null && { metapromptId }),
      isOn: this.settings.get("isOn"),
      offScopes: this.offScopes(),
      epoch: this.settings.get("epoch"),
      outcomes: this.settings.get("outcomes"),
      calibration: this.experience.learnt.calibration,
      sensors: this.experience.learnt.sensors,
    };
  }

  health(scope: string): Health {
    const trial = this.scopes.trial(scope);
    return healthOf({
      fragments: [...this.fragments.ofScope(scope).values()],
      newMean: priorMean(this.scopes.knowledge(scope).prior),
      memory: trial.memory,
      none: trial.none,
      turns: trial.turns,
      turnsServed: trial.turnsServed,
      publishedAt: this.host.publishedAt(),
      optimizedAt: this.settings.get("optimizedAt"),
      nowMs: this.host.now(),
    });
  }

  /** What the trial of a scope says so far. */
  verdict(scope: string): Verdict {
    const { memory, none } = this.scopes.trial(scope);
    return compareArms(memory, none).verdict;
  }

  countThreads(): number {
    return this.turns.countThreads();
  }

  /** What a person writes is worth most: it is changed by people only from now on. */
  edit(id: string, words: Partial<Pick<Draft, "title" | "when" | "content" | "keys">>): Fragment {
    const fragment = this.require(id);
    const proposed = { ...fragment, ...words };
    const admission = admit(proposed, fragment.scope);
    if ("refusal" in admission) throw new Refusal(refusals.invalidParams(admission.refusal));
    const { title, when, content, keys } = admission.draft;
    const changed: Fragment = {
      ...fragment,
      ...{ title, when, content, keys },
      // Text of a tool stays one although a person changed some of it: it may not leave its repository.
      trust: fragment.trust === "toolText" ? "toolText" : "user",
      version: fragment.version + 1,
      statistics: halved(fragment.statistics),
      rating: null,
      lineage: { operation: "modify", parents: [{ id, version: fragment.version }] },
    };
    const run = { scope: scopeKey(fragment.scope), by: "person", summary: "a person changed a fragment", plan: [] } as const;
    this.runs.apply(run, new Map([[id, changed]]));
    return changed;
  }

  /** It, what was made of it, what says the very same in any scope, and what can bring it back. Its turns teach nothing more. */
  forget(id: string): string[] {
    const { content } = this.require(id);
    const all = this.fragments.all();
    const same = [...all.values()].filter((fragment) => fragment.content === content);
    const gone = new Set(same.flatMap((fragment) => [...forget(all, fragment.id).keys()]));
    this.takeAway([...gone].flatMap((goneId) => all.get(goneId) ?? []));
    return [...gone];
  }

  /** The person forgets all at once. What was counted, and which turns were heard of, stays known by number only. */
  reset(): void {
    const nowMs = this.host.now();
    this.takeAway([...this.fragments.all().values()]);
    this.host.doom(null);
    this.runs.forgetAll();
    this.lessons.doneAll();
    this.experience.forgetAll();
    this.metaprompts.forgetAll();
    this.turns.forgetAll();
    for (const name of ["outcomes", "outcomesSinceRun"] as const) this.settings.set(name, 0);
    this.settings.set("offByHarm", []);
    this.settings.set("epoch", this.settings.get("epoch") + 1);
    this.settings.set("changedAt", null);
    this.scopes.forgetAll(this.settings.get("epoch"), nowMs);
  }

  /** A deleted thread: its own fragments go, the others no longer name it. */
  forgetThread(threadId: string): void {
    if (this.turns.isForgottenThread(threadId)) return;
    const nowMs = this.host.now();
    const touched = this.fragments.ofThread(threadId);
    const own = this.fragments.ofScope(`thread/${threadId}`);
    this.takeAway([...own.values()]);
    const named = [...touched.values()].filter(({ id }) => !own.has(id));
    this.runs.forget(new Set(named.map(({ id }) => id)));
    const nameless = named.map(
      (fragment) =>
        [fragment.id, { ...fragment, provenance: fragment.provenance.filter((source) => source.threadId !== threadId) }] as const,
    );
    this.fragments.put(new Map(nameless), nowMs);
    this.host.doom(named.map(({ scope }) => scopeKey(scope)));
    this.lessons.doneThread(threadId);
    this.showings.forgetThread(threadId);
    this.turns.forgetThread(threadId);
    this.scopes.forgetThread(threadId);
  }

  /** A person switches the account or one scope on or off. Switched on again after harm, its trial begins anew. */
  setEnabled(isOn: boolean, scope: string | null): void {
    if (scope === null) {
      this.settings.set("isOn", isOn);
      return;
    }
    const off = new Set(this.settings.get("offByPerson"));
    if (isOn) off.delete(scope);
    else off.add(scope);
    if (off.size > memoryLimits.scopesMax) throw new Refusal(refusals.invalidParams("too many scopes are switched off"));
    this.settings.set("offByPerson", [...off].sort());
    const harmful = this.settings.get("offByHarm");
    if (!isOn || !harmful.includes(scope)) return;
    this.settings.set(
      "offByHarm",
      harmful.filter((key) => key !== scope),
    );
    this.settings.set("epoch", this.settings.get("epoch") + 1);
    this.scopes.beginTrial(scope, this.settings.get("epoch"), this.host.now());
  }

  setSharing(isOn: boolean): void {
    if (this.settings.get("isSharing") === isOn) return;
    this.settings.set("isSharing", isOn);
    this.settings.set("offered", {});
    this.noteChange();
    this.forAll.add({ type: "sharing", isOn });
  }

  /** What time does; daily. */
  sweep(): void {
    const nowMs = this.host.now();
    this.settings.set("sweptAt", nowMs);
    const changes = sweep(this.fragments.all(), nowMs);
    const left = new Set([...changes].flatMap(([id, next]) => (next === null ? [id] : [])));
    this.runs.forget(left);
    this.fragments.put(changes, nowMs);
    this.runs.sweep();
    this.showings.sweep(nowMs - memoryLimits.retentionMs);
    this.experience.sweep();
    this.metaprompts.refit();
    this.turns.sweep(memoryLimits.turnsRememberedMax, nowMs - memoryLimits.retentionMs);
    this.scopes.dropIdle(nowMs - memoryLimits.retentionMs);
  }

  isSweepDue(nowMs: number): boolean {
    return nowMs - (this.settings.get("sweptAt") ?? 0) >= memoryLimits.sweepIntervalMs;
  }

  /** Something is there that the optimizer has not seen. */
  noteChange(): void {
    if (this.settings.get("changedAt") === null) this.settings.set("changedAt", this.host.now());
  }

  require(id: string): Fragment {
    const fragment = this.fragments.get(id);
    if (!fragment) throw new Refusal(refusals.fragmentNotFound(id));
    return fragment;
  }

  private takeAway(fragments: readonly Fragment[]): void {
    const gone = new Set(fragments.map(({ id }) => id));
    if (gone.size === 0) return;
    for (const { id, provenance } of fragments) {
      for (const { threadId, turnId } of provenance) {
        // Who taught it was told what became of it.
        this.showings.give(threadId, [id]);
        this.turns.forget(turnId);
        this.lessons.done(turnId);
      }
    }
    this.fragments.put(new Map([...gone].map((id) => [id, null])), this.host.now());
    this.runs.forget(gone);
    this.metaprompts.forget(gone);
    this.showings.forget(gone, this.host.now());
    this.forAll.forget(gone);
    if (this.settings.get("isSharing")) {
      for (const { id, scope } of fragments) if (scope.type === "account") this.forAll.add({ type: "retracted", fragmentId: id });
    }
    this.host.doom([...new Set(fragments.map(({ scope }) => scopeKey(scope)))]);
  }

  /** Scopes in which nothing is given, learnt or kept. */
  private offScopes(): string[] {
    const isApart = this.host.account !== globalAccount && !this.settings.get("isSharing");
    const { settings } = this;
    return [...new Set([...settings.get("offByPerson"), ...settings.get("offByHarm"), ...(isApart ? ["global"] : [])])].sort();
  }

  private homesOf({ repository }: TurnReport): string[] {
    if (this.host.account === globalAccount) return ["global"];
    return repository === null ? ["account"] : [`repository/${repository}`, "account"];
  }

  private register(): void {
    if (this.settings.get("isRegistered") || this.host.account === globalAccount) return;
    this.settings.set("isRegistered", true);
    this.forAll.add({ type: "registered" });
  }

  /** Fragments that are not of this account are those of all accounts. Their memory learns what became of them, and of turns without. */
  private passOn({ revision, turn, signals, used }: TurnReport): void {
    if (!used || !this.settings.get("isSharing")) return;
    const own = this.fragments.named([...used.shown, ...used.dropped].map(({ id }) => id));
    const foreign = <Use extends { id: string }>(uses: readonly Use[]) => uses.filter(({ id }) => !own.has(id));
    const { metapromptId: _ownWording, ...namelessUse } = used;
    const nameless = (id: string) => this.host.hash(`${this.host.account}\n${id}`);
    this.forAll.add({
      type: "learnt",
      report: {
        revision,
        turn: {
          threadId: nameless(turn.threadId),
          turnId: nameless(turn.turnId),
          request: "",
          changes: [],
          commands: [],
          correction: null,
        },
        repository: null,
        signals,
        used: { ...namelessUse, shown: foreign(used.shown), dropped: foreign(used.dropped), propensities: {}, epoch: 0 },
        assumptions: [],
      },
    });
  }
}
