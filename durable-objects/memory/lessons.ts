/** What a turn teaches enters as candidates at once; a later revision of the turn replaces what nobody used yet. */
import { memoryLimits } from "#core/limits";
import { admit } from "#core/memory/admit";
import { priorMean } from "#core/memory/credit";
import { distil } from "#core/memory/distil";
import { type Draft, type Fragment, type Scope, scopeKey } from "#core/memory/fragment";
import { applyPlan } from "#core/memory/operation";
import { outcomeOf } from "#core/memory/outcome";
import type { TurnReport } from "#core/memory/report";
import { hideSecrets } from "#core/secrets";
import type { Sql } from "#core/sql";
import type { Fragments } from "#memory/fragments";
import type { Scopes } from "#memory/scopes";

/** A turn that a model shall learn from. `y` is its outcome. */
export interface PendingTurn {
  turnId: string;
  threadId: string;
  scope: string;
  turn: TurnReport["turn"];
  y: number;
}

export interface LessonsHost {
  sql: Sql;
  account: string;
  now(): number;
  newId(): string;
  /** False where no model is configured that could say more than the rules. */
  hasModel: boolean;
}

export class Lessons {
  private readonly host: LessonsHost;
  private readonly fragments: Fragments;
  private readonly scopes: Scopes;

  constructor(host: LessonsHost, parts: { fragments: Fragments; scopes: Scopes }) {
    this.host = host;
    this.fragments = parts.fragments;
    this.scopes = parts.scopes;
  }

  /** Nothing is added to the scopes in `off`. */
  learn(report: TurnReport, off: readonly string[]): void {
    this.unlearn(report.turn.turnId);
    const isReverted = report.signals.some(({ type }) => type === "reverted");
    const drafts = distil(report.turn).filter(({ kind }) => !isReverted || kind !== "strategy");
    for (const draft of drafts) {
      const scope = scopeOfDraft(draft, report);
      if (!off.includes(scopeKey(scope))) this.add(draft, scope);
    }
    this.queue(report, off);
  }

  /** Candidates of the turn that were never shown go, unless other turns taught the same: then only this turn's name goes. */
  unlearn(turnId: string): void {
    this.host.sql.exec("DELETE FROM pending WHERE turn_id = ?", turnId);
    const changes = new Map<string, Fragment | null>();
    for (const fragment of this.fragments.ofTurn(turnId).values()) {
      const others = fragment.provenance.filter((source) => source.turnId !== turnId);
      if (others.length > 0) changes.set(fragment.id, { ...fragment, provenance: others });
      else if (isUntouched(fragment)) changes.set(fragment.id, null);
    }
    this.fragments.put(changes, this.host.now());
  }

  /** The same said again is no second fragment, but one more turn that vouches for it. */
  private add(draft: Draft, scope: Scope): void {
    const admission = admit(draft, scope);
    if ("refusal" in admission) return;
    const key = scopeKey(scope);
    const there = this.fragments.ofScope(key);
    const same = [...there.values()].find(
      ({ kind, title, content, state }) =>
        kind === admission.draft.kind &&
        title === admission.draft.title &&
        content === admission.draft.content &&
        state !== "tombstone",
    );
    const nowMs = this.host.now();
    if (same) {
      const provenance = [...same.provenance, ...admission.draft.provenance].slice(0, memoryLimits.provenanceMax);
      this.fragments.put(new Map([[same.id, { ...same, provenance }]]), nowMs);
      return;
    }
    const newMean = priorMean(this.scopes.knowledge(key).prior);
    const run = { account: this.host.account, scope, nowMs, newMean, newId: this.host.newId };
    const applied = applyPlan(there, [{ type: "add", draft: admission.draft }], run);
    // A scope that is full and in use takes nothing more: what proved itself stays.
    if ("changed" in applied) this.fragments.put(applied.changed, nowMs);
  }

  /** Waits for the optimizer's model, without secrets and shortened. The oldest leave. */
  private queue({ turn, signals, repository }: TurnReport, off: readonly string[]): void {
    const outcome = outcomeOf(signals);
    const scope = repository === null ? `thread/${turn.threadId}` : `repository/${repository}`;
    if (!this.host.hasModel || !outcome || off.includes(scope)) return;
    const { sql } = this.host;
    sql.exec(
      "INSERT OR REPLACE INTO pending (turn_id, thread_id, scope, at_ms, turn, y) VALUES (?, ?, ?, ?, ?, ?)",
      turn.turnId,
      turn.threadId,
      scope,
      this.host.now(),
      JSON.stringify(shortened(turn)),
      outcome.y,
    );
    sql.exec(
      "DELETE FROM pending WHERE turn_id IN (SELECT turn_id FROM pending ORDER BY at_ms DESC, turn_id LIMIT -1 OFFSET ?)",
      memoryLimits.turnsPendingMax,
    );
  }

  pending(turnsMax: number): PendingTurn[] {
    return this.host.sql
      .exec<{ turn_id: string; thread_id: string; scope: string; turn: string; y: number }>(
        "SELECT turn_id, thread_id, scope, turn, y FROM pending ORDER BY at_ms, turn_id LIMIT ?",
        turnsMax,
      )
      .toArray()
      .map(({ turn_id, thread_id, scope, turn, y }) => ({
        turnId: turn_id,
        threadId: thread_id,
        scope,
        turn: JSON.parse(turn) as TurnReport["turn"],
        y,
      }));
  }

  /** False where it was taken back meanwhile. */
  isPending(turnId: string): boolean {
    return this.host.sql.exec("SELECT 1 FROM pending WHERE turn_id = ?", turnId).toArray().length > 0;
  }

  done(turnId: string): void {
    this.host.sql.exec("DELETE FROM pending WHERE turn_id = ?", turnId);
  }

  doneThread(threadId: string): void {
    this.host.sql.exec("DELETE FROM pending WHERE thread_id = ?", threadId);
  }

  doneAll(): void {
    this.host.sql.exec("DELETE FROM pending");
  }
}

/** Text of tools and paths stay with the repository, or with the thread where there is none; the rest is the account's there. */
function scopeOfDraft({ trust }: Draft, { repository, turn }: TurnReport): Scope {
  if (repository !== null) return { type: "repository", repository };
  return trust === "toolText" ? { type: "thread", threadId: turn.threadId } : { type: "account" };
}

function isUntouched({ version, state, lineage, statistics, trust }: Fragment): boolean {
  const isUnused = statistics.shown === 0 && statistics.dropped === 0;
  return version === 1 && state === "candidate" && lineage.operation === "add" && isUnused && trust !== "user";
}

function shortened(turn: TurnReport["turn"]): TurnReport["turn"] {
  const cut = (text: string, charactersMax: number) => hideSecrets(text).text.slice(-charactersMax);
  return {
    ...turn,
    request: cut(turn.request, memoryLimits.queryCharactersMax),
    correction: turn.correction && cut(turn.correction, memoryLimits.queryCharactersMax),
    changes: turn.changes
      .slice(-memoryLimits.pendingCommandsMax)
      .map(({ path, isApproved }) => ({ path: cut(path, memoryLimits.pendingOutputCharactersMax), isApproved })),
    commands: turn.commands.slice(-memoryLimits.pendingCommandsMax).map(({ command, exitCode, output }) => ({
      command: cut(command, memoryLimits.pendingOutputCharactersMax),
      exitCode,
      output: cut(output, memoryLimits.pendingOutputCharactersMax),
    })),
  };
}
