/** A turn's outcome becomes credit in every scope that it belongs to, or is taken back from there. */
import { type Effect, effectOf, takenBack } from "#core/memory/effect";
import { type Fragment, scopeKey } from "#core/memory/fragment";
import { learn } from "#core/memory/learn";
import { demoted } from "#core/memory/lifecycle";
import { outcomeOf } from "#core/memory/outcome";
import type { TurnReport } from "#core/memory/report";
import { compareArms } from "#core/memory/sequential-test";
import type { Fragments } from "#memory/fragments";
import type { Runs } from "#memory/runs";
import type { Scopes } from "#memory/scopes";
import type { Settings } from "#memory/settings";
import type { TurnEffect } from "#memory/turns";

export class Outcomes {
  private readonly fragments: Fragments;
  private readonly scopes: Scopes;
  private readonly settings: Settings;
  private readonly runs: Runs;

  constructor(parts: { fragments: Fragments; scopes: Scopes; settings: Settings; runs: Runs }) {
    this.fragments = parts.fragments;
    this.scopes = parts.scopes;
    this.settings = parts.settings;
    this.runs = parts.runs;
  }

  /**
   * The narrowest of `homes` comes first. Each has baselines of its own; a fragment is credited by those of its scope, one of a scope that is
   * no home (a thread's) by the narrowest's. Null where the turn was chosen for without the memory.
   */
  count({ turn, signals, used }: TurnReport, homes: readonly string[], nowMs: number): TurnEffect | null {
    if (!used) return null;
    const outcome = outcomeOf(signals);
    const tried = { threadId: turn.threadId, arm: used.arm, isServed: used.shown.length > 0, outcome };
    const known = this.fragments.named([...used.shown, ...used.dropped].map(({ id }) => id));
    const scopes: TurnEffect["scopes"] = [];
    for (const [place, scope] of homes.entries()) {
      let effect: Effect | null = null;
      if (outcome) {
        const knowledge = this.scopes.knowledge(scope);
        const learnt = learn(known, knowledge, used, outcome, nowMs);
        const own = learnt.fragments.filter((fragment) => homeOf(fragment, homes) === place);
        effect = effectOf(known, knowledge, { ...learnt, fragments: own });
        this.scopes.know(scope, learnt, nowMs);
        this.write(own, learnt, homes, nowMs);
      } else this.scopes.touch(scope, nowMs);
      const isInTrial = this.scopes.trial(scope).epoch <= used.epoch;
      if (isInTrial) {
        const trial = this.scopes.try(scope, tried, 1);
        if (compareArms(trial.memory, trial.none).verdict === "harms") this.switchOff(scope, nowMs);
      }
      scopes.push({ scope, effect, epoch: isInTrial ? this.scopes.trial(scope).epoch : null });
    }
    if (outcome) this.countOutcome(1);
    return { tried, scopes };
  }

  /** As if the turn had not been counted. */
  takeBack({ tried, scopes }: TurnEffect, nowMs: number): void {
    for (const { scope, effect, epoch } of scopes) {
      if (!this.scopes.has(scope)) continue;
      if (effect) {
        const fragments = this.fragments.named(effect.fragments.map(({ id }) => id));
        const rest = takenBack(fragments, this.scopes.knowledge(scope), effect);
        this.scopes.know(scope, rest, nowMs);
        this.fragments.put(new Map(rest.fragments.map((fragment) => [fragment.id, fragment])), nowMs);
      }
      if (tried && epoch !== null && epoch === this.scopes.trial(scope).epoch) this.scopes.try(scope, tried, -1);
    }
    if (tried?.outcome) this.countOutcome(-1);
  }

  /** A thread's scope has no turns but its own: it takes over what its home knows. */
  private write(own: readonly Fragment[], learnt: Parameters<Scopes["know"]>[1], homes: readonly string[], nowMs: number): void {
    this.fragments.put(new Map(own.map((fragment) => [fragment.id, fragment])), nowMs);
    for (const scope of new Set(own.map((fragment) => scopeKey(fragment.scope)))) {
      if (!homes.includes(scope)) this.scopes.know(scope, learnt, nowMs);
    }
  }

  private countOutcome(times: 1 | -1): void {
    this.settings.set("outcomes", this.settings.get("outcomes") + times);
    this.settings.set("outcomesSinceRun", Math.max(0, this.settings.get("outcomesSinceRun") + times));
  }

  /** Memory does harm here: it is off until a person says otherwise, and nothing in it counts as proven any more. */
  private switchOff(scope: string, nowMs: number): void {
    const off = this.settings.get("offByHarm");
    if (off.includes(scope)) return;
    this.settings.set("offByHarm", [...off, scope].sort());
    const fragments = scope === "account" ? this.fragments.all() : this.fragments.ofScope(scope);
    const changed = [...fragments.values()].flatMap((fragment) => {
      const next = demoted(fragment, nowMs);
      return next === fragment ? [] : [[fragment.id, next] as const];
    });
    this.fragments.put(new Map(changed), nowMs);
    this.runs.note({
      scope,
      by: "trial",
      summary: `memory harms here: switched off, ${changed.length} active fragments have to prove themselves again`,
    });
  }
}

/** Whose baselines judge a fragment. */
function homeOf({ scope }: Fragment, homes: readonly string[]): number {
  return Math.max(0, homes.indexOf(scopeKey(scope)));
}
