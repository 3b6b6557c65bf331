/**
 * Drives one thread: appends, then sends; asks `next`, then acts. Everything it knows it could learn again from the log, so it may vanish
 * between any two lines; the next one that is made over the same storage goes on where the log ends.
 */

import { compact } from "#core/compaction";
import type { Draft, Frame } from "#core/frame";
import { limits, quotaLimits } from "#core/limits";
import { newStanding, type Standing } from "#core/memory/standing";
import { next, type Step, type TurnBound } from "#core/next";
import type { ModelItem, Private, PrivateEvent } from "#core/private";
import { type Guide, turnAborted } from "#core/prompt";
import { asksOf } from "#core/push/attention";
import { readStateAfter, readStateOf } from "#core/read-state";
import { openTurn, type Thread } from "#core/thread";
import { callOutput } from "#core/tool-call";
import { repositoryOfConnection } from "#github/thread-connection";
import { Refusal, reachedLimitOf } from "#protocol/errors";
import type { ThreadItem } from "#protocol/item";
import type { ThreadStatus } from "#protocol/thread";
import type { Turn, TurnError } from "#protocol/turn";
import { AccountLimits } from "#thread/account-limits";
import { ApprovalDelivery } from "#thread/approval-delivery";
import { decisionOutcome, resolvedDecision, staleDecision } from "#thread/decision";
import { createDeliveriesSchema, Deliveries } from "#thread/deliveries";
import { Extraction } from "#thread/extraction";
import { goalCounted } from "#thread/goal";
import { History } from "#thread/history";
import type { Host } from "#thread/host";
import { createLogSchema, ThreadLog } from "#thread/log";
import { McpTools } from "#thread/mcp-tools";
import { markForMemory } from "#thread/memory-marks";
import { createNotesSchema, MemoryNotes } from "#thread/memory-notes";
import { createMemoryOutboxSchema, MemoryOutbox } from "#thread/memory-outbox";
import { MemoryReader } from "#thread/memory-reader";
import { createMetricsReportSchema, MetricsReport } from "#thread/metrics-report";
import { createOutboxSchema, Outbox } from "#thread/outbox";
import { isHalfMade } from "#thread/put-aside";
import { startQueued } from "#thread/queue";
import { readStateChanged } from "#thread/read-state";
import { createRepositoryContentsSchema, RepositoryContents } from "#thread/repository-contents";
import { exitedReview } from "#thread/review";
import { stepLine } from "#thread/step-line";
import { land, preparePatch, refuseChanges } from "#thread/steps/changes";
import { judgeCommand, recoverCommand, refuseCommand, runCommand } from "#thread/steps/command";
import { decideStep, declare, runProbe, takeOpinion } from "#thread/steps/decision";
import { callMcp, judgeMcp, recoverMcp } from "#thread/steps/mcp";
import { askModel } from "#thread/steps/model";
import { askUser, callClient, noteGoal, notePlan, refuseUnknownTool, takeAnswer } from "#thread/steps/tools";
import { recoverUserCommand, runUserCommand } from "#thread/steps/user-command";
import { TurnFlags } from "#thread/turn-flags";
import { turnReport } from "#thread/turn-report";
import { TurnSlot } from "#thread/turn-slot";
import { FileWatch } from "#thread/watch";
import { Workspace } from "#workspace/store";

/** Work that is under way and can be told to stop. `finish` appends, at once, what was streamed and not yet appended. */
export interface Activity {
  abort: AbortController;
  kind: "model" | "command" | "pause";
  finish(): void;
}

export class ThreadRuntime {
  readonly host: Host;
  readonly log: ThreadLog;
  readonly history: History;
  readonly deliveries: Deliveries;
  readonly outbox: Outbox;
  readonly memory: MemoryReader;
  readonly memoryOutbox: MemoryOutbox;
  readonly metrics: MetricsReport;
  readonly notes: MemoryNotes;
  readonly workspace: Workspace;
  readonly contents: RepositoryContents;
  readonly turnSlot: TurnSlot;
  readonly accountLimits: AccountLimits;
  readonly fileWatch: FileWatch;
  readonly extraction: Extraction;
  readonly flags: TurnFlags;
  readonly mcp: McpTools;
  activity: Activity | null = null;
  /** How the account's memory stands: as a new one until it has been read. */
  standing: Standing = newStanding;
  private folded: Thread | null;
  private readonly approvalDelivery: ApprovalDelivery;
  /** The client's `traceparent` of the request that is being answered. */
  private trace: string | null = null;
  private isDriving = false;
  private guidesOfTurn: { turnId: string; guides: Guide[] } | null = null;
  private alarmAtMs: number | null = null;
  private retentionPausedToMs = 0;
  private lastLeftAtMs = 0;
  /** Unix ms until which no queued message is tried: the account has no room. Forgotten in sleep, and then asked again. */
  private queuePausedToMs = 0;
  /** How far the account was told what an ephemeral thread costs. */
  private tokensToldSeq: number;

  constructor(host: Host) {
    this.host = host;
    this.log = new ThreadLog(host.sql);
    // A thread from before one of the tables was known gets it now; each of them is there or is not, so that this may be cut anywhere.
    if (this.log.exists()) createSchema(host.sql);
    this.history = new History(host.sql, this.log);
    this.folded = this.log.load();
    this.approvalDelivery = new ApprovalDelivery(host.meter);
    const lastSeq = () => this.folded?.seq ?? 0;
    this.deliveries = new Deliveries({
      host,
      log: this.log,
      lastSeq,
      onFailure: () => this.schedule(),
      onHeard: (cursor) => this.approvalDelivery.handed(cursor, host.now()),
    });
    this.outbox = new Outbox(host, (after) => this.tellDirectory(after));
    this.memory = new MemoryReader(host);
    this.memoryOutbox = new MemoryOutbox(
      host,
      (turnId, revision) => turnReport(this, turnId, revision),
      (turnIds, fragments) => this.memory.keepOwn(turnIds, fragments),
    );
    this.notes = new MemoryNotes(host.sql);
    // Of logs from before the Directory was told of more than how the thread stands.
    if (this.folded) createOutboxSchema(host.sql);
    this.metrics = new MetricsReport({
      host,
      log: this.log,
      lastSeq,
      beside: () => ({ memory: this.memoryOutbox.depth, directory: this.outbox.depth, sockets: host.ownSockets() }),
    });
    this.workspace = new Workspace({ sql: host.sql, now: host.now });
    this.contents = new RepositoryContents(host, this.workspace, () => this.readingTurn());
    this.turnSlot = new TurnSlot(host);
    this.accountLimits = new AccountLimits(host);
    this.tokensToldSeq = this.folded?.seq ?? 0;
    this.extraction = new Extraction(this);
    this.flags = new TurnFlags(host);
    this.mcp = new McpTools(host);
    this.fileWatch = new FileWatch(
      host,
      () => this.current.info.cwd,
      () => this.schedule(),
    );
  }

  /** Null where there is no such thread, or no longer. */
  get thread(): Thread | null {
    return this.folded;
  }

  /** The thread where there must be one. */
  get current(): Thread {
    if (!this.folded) throw new Error("there is no thread here");
    return this.folded;
  }

  /**
   * Makes the tables and the first frames, all or nothing. Each batch is asked for when those before it are folded. Of a copy the account hears
   * that the thread is there, and not what happened in it once.
   */
  begin(batches: Iterable<Draft[]>, also?: () => void, { isCopy = false }: { isCopy?: boolean } = {}): void {
    try {
      this.host.transaction(() => {
        createSchema(this.host.sql);
        for (const drafts of batches) this.folded = this.log.append(this.folded, drafts, this.host.now()).thread;
        also?.();
        const { seq, info } = this.current;
        if (!info.ephemeral) this.outbox.mark(seq);
        if (info.forkedFromId || isCopy) this.outbox.keepQuiet(seq);
      });
    } catch (error) {
      this.folded = null;
      throw error;
    }
  }

  /**
   * Appends frames and then sends them. `also` runs in the same transaction: what it writes and what the frames say become true together,
   * and what it does to the workspace stands in the frames. The only way anything gets into the log.
   */
  commit(drafts: Draft[], also?: () => void): void {
    if (drafts.length === 0) return;
    const before = this.current;
    let isNews = false;
    let appended: Frame[] = [];
    this.host.transaction(() => {
      const told = this.withWrites(drafts, also !== undefined);
      also?.();
      if (also) this.workspace.takeChanges();
      const traced = this.trace === null ? told : told.map((draft) => traceable(draft, this.trace));
      const { thread, frames } = this.log.append(before, traced, this.host.now());
      appended = frames;
      markForMemory(this.memoryOutbox, before, thread, told);
      if (!thread.info.ephemeral && drafts.some(concernsDirectory)) {
        this.outbox.mark(thread.seq);
        isNews = true;
      }
      this.folded = thread;
    });
    this.approvalDelivery.appended(appended, this.deliveries.count);
    this.deliveries.pump();
    this.fileWatch.pump();
    this.extraction.stopUnlessIn(openTurn(this.current)?.id ?? null);
    // Nothing follows that would tell of it: nobody drives a thread at rest.
    const isOwed = !openTurn(this.current) && this.memoryOutbox.dueAtMs() !== null;
    if (isNews || isOwed) this.tell();
    else if (!openTurn(this.current)) this.schedule();
  }

  /** What `begin` commits before it waits for anything carries the client's trace: a turn that begins, a message that is said. */
  under<Answer>(trace: string | null, begin: () => Answer): Answer {
    this.trace = trace;
    try {
      return begin();
    } finally {
      this.trace = null;
    }
  }

  /**
   * What people wrote themselves rides along wherever the log has to be able to say how the files were: where a turn begins or ends, and
   * before something lands. Not with each write: a client that uploads a folder would fill the log.
   */
  private withWrites(drafts: Draft[], isLanding: boolean): Draft[] {
    const isEdge = drafts.some(({ method }) => method === "turn/started" || method === "turn/completed");
    if (drafts.some(({ private: hidden }) => hidden?.event?.type === "filesWritten")) return drafts;
    const changes = isLanding || isEdge ? this.workspace.takeChanges() : [];
    if (changes.length === 0) return drafts;
    const hidden = { event: { type: "filesWritten", changes } } as const;
    const carrier = drafts.findIndex((draft) => draft.method === "thread/status/changed" && !draft.private);
    if (isLanding || carrier < 0) return [{ ...this.status(this.current.status), private: hidden }, ...drafts];
    return drafts.map((draft, index) => (index === carrier ? { ...draft, private: hidden } : draft));
  }

  /** Has the log tell of everything people wrote so far. */
  recordWrites(): void {
    const changes = this.workspace.changes();
    if (changes.length === 0) return;
    const hidden = { event: { type: "filesWritten", changes } } as const;
    this.commit([{ ...this.status(this.current.status), private: hidden }], () => this.workspace.takeChanges());
  }

  /** What a person changes with their own hands: all or nothing, in no log, and told to whoever watches. */
  changeFiles<Answer>(change: () => Answer): Answer {
    const answer = this.host.transaction(change);
    this.fileWatch.pump();
    return answer;
  }

  /** Does what `next` says until there is nothing to do or somebody has to be waited for. One at a time; never throws. */
  async drive(): Promise<void> {
    if (this.isDriving) return;
    this.isDriving = true;
    try {
      await this.actUntilRest();
    } catch (error) {
      // Not even the failure could be written down, say because the storage is gone. The alarm tries again.
      this.isDriving = false;
      this.host.report("driveFailed", { threadId: this.host.threadId, error: described(error) });
      this.host.meter.count("errors_total", { where: "turn_step" });
    }
  }

  private async actUntilRest(): Promise<void> {
    let standstill = 0;
    for (let step = this.step(); step; step = this.step()) {
      this.schedule();
      const { seq } = this.current;
      const ended = stepLine(this, step);
      let outcome: "done" | "failed" = "done";
      try {
        if (standstill > standstillMax) throw new Error(`${step.type} does not get on`);
        await this.act(step);
      } catch (error) {
        outcome = "failed";
        this.breakDown(step, error);
      } finally {
        this.activity = null;
        ended(outcome);
      }
      standstill = this.thread?.seq === seq ? standstill + 1 : 0;
    }
    // Between the last look at `next` and this line nobody else ran: whoever commits from now on starts the loop again.
    this.isDriving = false;
    this.schedule();
    this.turnSlot.release(this.untoldTokens());
    if (this.folded) this.tell();
  }

  private step(): Exclude<Step, { type: "idle" } | { type: "wait" }> | null {
    if (!this.folded) return null;
    const step = next(this.folded);
    if (step.type === "startQueued" && this.host.now() < this.queuePausedToMs) return null;
    return step.type === "idle" || step.type === "wait" ? null : step;
  }

  /** Nobody else tells of an ephemeral thread. What it cost before it slept stays untold. */
  private untoldTokens(): number | undefined {
    if (!this.folded?.info.ephemeral) return undefined;
    const used = this.log.tokensUsed(this.tokensToldSeq, this.folded.seq);
    this.tokensToldSeq = this.folded.seq;
    return used.reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** It stays queued while the account has no room for its turn. */
  private async startQueued(submissionId: string): Promise<void> {
    try {
      if (await this.accountLimits.admitTurn()) this.turnSlot.granted();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const pauseMs = reachedLimitOf(error.wire.data)?.retryAfterMs ?? quotaLimits.queuePauseMsMax;
      const { queuePauseMsMin, queuePauseMsMax } = quotaLimits;
      this.queuePausedToMs = this.host.now() + Math.min(Math.max(pauseMs, queuePauseMsMin), queuePauseMsMax);
      return;
    }
    // People may have done something else with it meanwhile.
    const step = this.step();
    if (step?.type === "startQueued" && step.submissionId === submissionId) startQueued(this, submissionId);
  }

  private act(step: Exclude<Step, { type: "idle" } | { type: "wait" }>): Promise<void> | void {
    switch (step.type) {
      case "askModel":
        return askModel(this);
      case "compact":
        return this.compact();
      case "judgeCommand":
        return judgeCommand(this, step.call);
      case "runCommand":
        return runCommand(this, step.call);
      case "recoverCommand":
        return recoverCommand(this, step.call);
      case "refuseCommand":
        return refuseCommand(this, step.call, step.decision);
      case "preparePatch":
        return preparePatch(this, step.call);
      case "land":
        return land(this, step.call);
      case "refuseChanges":
        return refuseChanges(this, step.call, step.decision);
      case "refuseUnknownTool":
        return refuseUnknownTool(this, step.call);
      case "notePlan":
        return notePlan(this, step.call);
      case "noteGoal":
        return noteGoal(this, step.call);
      case "declare":
        return declare(this, step.call);
      case "decide":
        return decideStep(this, step.call);
      case "runProbe":
        return runProbe(this, step.call);
      case "takeOpinion":
        return takeOpinion(this, step.call);
      case "askUser":
        return askUser(this, step.call);
      case "callClient":
        return callClient(this, step.call);
      case "judgeMcpCall":
        return judgeMcp(this, step.call);
      case "callMcp":
        return callMcp(this, step.call);
      case "recoverMcpCall":
        return recoverMcp(this, step.call);
      case "takeAnswer":
        return takeAnswer(this, step.call);
      case "runUserCommand":
        return runUserCommand(this, step.command);
      case "recoverUserCommand":
        return recoverUserCommand(this, step.command);
      case "startQueued":
        return this.startQueued(step.submissionId);
      case "endTurn":
        return this.endTurn(step.status);
      case "failTurn":
        return this.failTurn({
          message: turnBounds[step.reason],
          codexErrorInfo: step.reason === "tooManyTokens" ? "sessionBudgetExceeded" : "other",
          additionalDetails: null,
          misalignment: null,
        });
      default:
        return step satisfies never;
    }
  }

  /** Ours, not the world's: the turn ends, once, and says so; the person can start another. */
  private breakDown(step: Step, error: unknown): void {
    this.host.meter.count("errors_total", { where: "turn_step" });
    this.host.report("stepFailed", {
      threadId: this.host.threadId,
      step: step.type,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    // No turn to fail: the alarm tries again, and the message is still queued.
    if (step.type === "startQueued") throw error;
    if (!openTurn(this.current)) return;
    this.failTurn({
      message: "Spindle failed while it worked on this turn.",
      codexErrorInfo: "internalServerError",
      additionalDetails: error instanceof Error ? error.message : String(error),
      misalignment: null,
    });
  }

  /** An answer to a server request. The first one wins; a later one, or one to a request nobody made, is ignored. */
  respond(requestId: string, event: Extract<PrivateEvent, { type: "decided" | "answered" }>): void {
    const request = this.thread?.requests.find(({ id }) => id === requestId);
    if (!request) return;
    const resolved: Draft = {
      method: "serverRequest/resolved",
      params: { threadId: this.host.threadId, requestId },
      private: { event },
    };
    // In all other cases the status follows with what the answer sets off, as on the real server.
    const isFollowed = request.method !== "item/fileChange/requestApproval";
    this.commit(isFollowed ? [resolved] : [resolved, this.status({ type: "active", activeFlags: [] })]);
    void this.drive();
  }

  /** Stops whatever runs and ends the open turn, at once. */
  interrupt(): void {
    const asksModel = this.activity?.kind === "model";
    this.activity?.finish();
    this.activity?.abort.abort();
    this.commit(withModelCall(this.endingOfTurn("interrupted"), "turn/completed", asksModel ? "aborted" : undefined));
    void this.drive();
  }

  /** Makes the model's past shorter; the log keeps all of it. Inside a turn, between two requests, or as all that a turn does. */
  compact(): void {
    const turn = openTurn(this.current);
    if (!turn) return;
    const now = this.host.now();
    const { items, tokens } = compact(
      this.log.liveFrames((this.current.inputFromSeq ?? 1) - 1),
      turn.id,
      this.current.tokenUsage,
    );
    const item = { type: "contextCompaction", id: this.host.newId(), startedAtMs: now, completedAtMs: null } as const;
    const hidden = { modelItems: items, event: { type: "compacted", tokens } } as const;
    this.commit([
      this.itemStarted(turn.id, item),
      this.itemCompleted(turn.id, { ...item, completedAtMs: now }, hidden),
      ...staleDecision(this, { type: "compacted" }),
    ]);
  }

  /** The workspace's AGENTS.md files, or those the thread took in their place. Read once a turn: a turn is not told other rules halfway. */
  guides(): Guide[] {
    const { guides: taken } = this.current;
    if (taken) return taken;
    const turnId = openTurn(this.current)?.id ?? "";
    if (this.guidesOfTurn?.turnId !== turnId) {
      const guides = this.workspace
        .filesNamed("AGENTS.md")
        .filter((path) => this.contents.areHere(this.workspace.readable(path)))
        .slice(0, limits.guidesMax)
        .map((path) => ({ path, text: new TextDecoder().decode(this.workspace.read(path)) }));
      this.guidesOfTurn = { turnId, guides };
    }
    return this.guidesOfTurn.guides;
  }

  /** What is read between two turns is counted by itself. */
  private readingTurn(): string {
    return openTurn(this.current)?.id ?? `after ${this.history.newestTurnId()}`;
  }

  private endTurn(status: "completed" | "interrupted"): void {
    this.commit(this.endingOfTurn(status));
  }

  /** The frames that end the open turn; none where there is none. */
  endingOfTurn(status: "completed" | "interrupted"): Draft[] {
    const turn = openTurn(this.current);
    if (!turn) return [];
    const dangling = this.closeDangling(turn, "said", { isEnd: true });
    const aborted = status === "interrupted" ? this.unanswered("interrupted") : [];
    // The real server resolves what was asked only after the turn has ended.
    const resolved = this.current.requests.map(({ id }) => this.resolved(id));
    return [
      ...dangling,
      ...resolvedDecision(this, turn),
      ...exitedReview(this, turn, status),
      ...goalCounted(this, null),
      ...this.leftToRead(turn, status),
      this.status({ type: "idle" }),
      this.ended(turn, status, null, aborted),
      ...resolved,
    ];
  }

  /** `modelCall` is what became of the request to the model that the turn fails by; absent where it fails by something else. */
  failTurn(error: TurnError, modelCall?: ModelCall): void {
    const turn = openTurn(this.current);
    if (!turn) return;
    const { threadId } = this.host;
    this.commit([
      ...this.closeDangling(turn, "superseded", { isEnd: true }),
      ...resolvedDecision(this, turn),
      ...exitedReview(this, turn, "failed"),
      this.status({ type: "systemError" }),
      {
        method: "error",
        params: { error, willRetry: false, threadId, turnId: turn.id },
        ...(modelCall ? { private: { modelCall } } : {}),
      },
      ...goalCounted(this, null),
      ...this.leftToRead(turn, "failed"),
      this.ended(turn, "failed", error, this.unanswered("failed")),
      ...this.current.requests.map(({ id }) => this.resolved(id)),
    ]);
  }

  /**
   * Items that nobody will complete any more are completed as they stand, so that no reader waits for them. `said`: a message that was
   * cut by a person is part of the talk, and the model is told that it said it; one of an attempt that failed is not. Commands of people
   * that wait for the model to finish are not its to close, unless the turn ends.
   */
  closeDangling(turn: Turn, message: "said" | "superseded", { isEnd = false }: { isEnd?: boolean } = {}): Draft[] {
    const now = this.host.now();
    const waiting = isEnd ? [] : (this.current.work?.userCommands ?? []);
    return turn.items
      .filter(({ id, completedAtMs }) => completedAtMs === null && !waiting.some(({ itemId }) => itemId === id))
      .map((item) => this.itemCompleted(turn.id, closed(item, now), message === "said" ? messageSoFar(item) : undefined));
  }

  status(status: ThreadStatus): Draft {
    return { method: "thread/status/changed", params: { threadId: this.host.threadId, status } };
  }

  itemStarted(turnId: string, item: ThreadItem, hidden?: Draft["private"]): Draft {
    const { threadId } = this.host;
    const params = { item, threadId, turnId, startedAtMs: item.startedAtMs ?? this.host.now() };
    return { method: "item/started", params, ...(hidden ? { private: hidden } : {}) };
  }

  itemCompleted(turnId: string, item: ThreadItem, hidden?: Draft["private"]): Draft {
    const { threadId } = this.host;
    const params = { item, threadId, turnId, contentTokenCount: null, completedAtMs: item.completedAtMs ?? this.host.now() };
    return { method: "item/completed", params, ...(hidden ? { private: hidden } : {}) };
  }

  private leftToRead(turn: Turn, status: "completed" | "interrupted" | "failed"): Draft[] {
    const readState = readStateAfter(this.current, turn, status);
    return readState ? [readStateChanged(this, readState)] : [];
  }

  private resolved(requestId: string): Draft {
    return { method: "serverRequest/resolved", params: { threadId: this.host.threadId, requestId } };
  }

  private ended(
    turn: Turn,
    status: "completed" | "interrupted" | "failed",
    error: TurnError | null,
    modelItems: ModelItem[],
  ): Draft {
    const now = this.host.now();
    const lastMessage = status === "completed" ? turn.items.findLast(({ type }) => type === "agentMessage") : undefined;
    const startedAtMs = turn.items[0]?.startedAtMs ?? now;
    const event = decisionOutcome(this.current, turn, status);
    return {
      method: "turn/completed",
      params: {
        threadId: this.host.threadId,
        turn: {
          ...turn,
          items: lastMessage ? [lastMessage] : [],
          itemsView: lastMessage ? "summary" : "notLoaded",
          status,
          error,
          completedAt: Math.floor(now / 1000),
          durationMs: Math.max(0, now - startedAtMs),
        },
      },
      ...(modelItems.length > 0 || event
        ? { private: { ...(modelItems.length > 0 ? { modelItems } : {}), ...(event ? { event } : {}) } }
        : {}),
    };
  }

  /** Calls that get no answer any more are answered, because the API wants one for each; then the model is told why. */
  private unanswered(reason: "interrupted" | "failed"): ModelItem[] {
    const calls = this.current.work?.calls ?? [];
    const outputs = calls.map(({ raw }) =>
      callOutput(raw, { type: "refused", message: "aborted: the turn ended before this was done" }),
    );
    return [...outputs, turnAborted(reason)];
  }

  /** The other clients of the account hear of it at once, and so does its memory; should that fail, the alarm tries again. */
  tell(): void {
    void this.outbox.flush().then(() => this.schedule());
    void this.memoryOutbox.flush().then(() => this.schedule());
  }

  private async tellDirectory(after: number): Promise<number> {
    const { said, through } = this.log.said(after, this.current.seq);
    const announcements = this.log.announcements(after, through, this.outbox.quietThrough());
    const unsaidTurnIds = this.outbox.unsaidTurnIds();
    const followers = this.deliveries.connections;
    const turnSlot = this.turnSlot.wish(this.step()?.type ?? null);
    const attention = { asks: asksOf(this.current), ended: this.log.endedTurns(after, through, this.outbox.quietThrough()) };
    const usage = this.log.tokensUsed(Math.max(after, this.outbox.quietThrough()), through);
    const news = { through, announcements, said, unsaidTurnIds, followers, turnSlot, usage, attention };
    const told = this.host.tellDirectory(this.summary(), news);
    this.turnSlot.wished(turnSlot, told);
    await told;
    this.outbox.forgetUnsaid(unsaidTurnIds);
    return through;
  }

  summary(): Parameters<Host["tellDirectory"]>[0] {
    const { threadId } = this.host;
    const thread = this.current;
    if (thread.deleted) return { threadId, deleted: true };
    return {
      threadId,
      seq: thread.seq,
      thread: { ...thread.info, status: thread.status },
      readState: readStateOf(thread),
      archived: thread.archived,
      bytes: this.host.storedBytes(),
      pendingRequests: thread.requests.map(({ id, seq, method, params }) => ({
        id,
        method,
        startedAtMs: "startedAtMs" in params ? params.startedAtMs : this.log.frame(seq).emittedAtMs,
      })),
    };
  }

  /** The one alarm: a heartbeat while a turn runs, a retry while the Directory or a connection owes an answer, the end of streamed text's stay. */
  schedule(): void {
    if (!this.folded) return;
    const now = this.host.now();
    const moments = [
      this.step() ? now + limits.heartbeatMs : null,
      this.outbox.dueAtMs(),
      this.memoryOutbox.dueAtMs(),
      this.deliveries.dueAtMs(),
      this.fileWatch.dueAtMs(),
      this.metrics.dueAtMs(),
      this.retentionDueAtMs(),
      this.forgetDueAtMs(),
      this.queuePausedToMs > now ? this.queuePausedToMs : null,
      ...this.waiting.map(({ dueAtMs }) => dueAtMs),
    ];
    const dueAtMs = moments.reduce((earliest, at) => (at !== null && (earliest === null || at < earliest) ? at : earliest), null);
    // An alarm that comes too early looks around and is set again; only one that would come too late is moved. Setting it costs a row.
    if (dueAtMs === null || (this.alarmAtMs !== null && this.alarmAtMs <= dueAtMs)) return;
    this.alarmAtMs = dueAtMs;
    this.host.setAlarm(dueAtMs);
  }

  /** What the alarm does: whatever is due, and a look at the loop in case nobody else came. */
  async alarm(): Promise<void> {
    this.alarmAtMs = null;
    if (!this.folded) {
      if (isHalfMade(this.host.sql)) await this.host.forget();
      return;
    }
    const forgetDueAtMs = this.forgetDueAtMs();
    if (forgetDueAtMs !== null && this.host.now() >= forgetDueAtMs) {
      // What the log says in numbers is told before the log goes, and a repository that follows hears that it has to forget.
      this.deliveries.pump();
      await this.deliveries.untilHeard(this.folded.seq);
      const isTold = (await this.outbox.flush()) && (await this.memoryOutbox.flush()) && (await this.metrics.flush());
      if (this.current.deleted && this.owesRepository()) return this.schedule();
      if (!isTold) return this.schedule();
      this.folded = null;
      return this.host.forget();
    }
    this.forgetStreamedText();
    this.giveUpWaiting();
    this.deliveries.pump();
    await this.turnSlot.renew();
    this.fileWatch.pump();
    await this.outbox.flush();
    void this.drive();
    const told = this.metrics.pump().then(() => this.schedule());
    this.schedule();
    // Should the process die on the way, the alarm rings again: a client comes back by itself, a repository that follows does not.
    await this.deliveries.untilHeard(this.folded?.seq ?? 0);
    await told;
  }

  /** Questions that do not wait for ever, and when (Unix ms) their time is over. */
  private get waiting(): { requestId: string; dueAtMs: number }[] {
    return this.current.requests.flatMap(({ id: requestId, seq, method, params }) =>
      method === "item/tool/requestUserInput" && params.autoResolutionMs !== null
        ? [{ requestId, dueAtMs: this.log.frame(seq).emittedAtMs + params.autoResolutionMs }]
        : [],
    );
  }

  /** Whose time is over is answered without a word, as Codex's clients do it. A later answer is as late as any. */
  private giveUpWaiting(): void {
    for (const { requestId, dueAtMs } of this.waiting) {
      if (this.host.now() >= dueAtMs) this.respond(requestId, { type: "answered", requestId, answer: { answers: {} } });
    }
  }

  /** Not under the hands of a client that is about to get it: whoever is attached has a moment more, but not for ever. */
  private forgetStreamedText(): void {
    const now = this.host.now();
    const dueAtMs = this.retentionDueAtMs();
    if (dueAtMs === null || now < dueAtMs) return;
    if (this.deliveries.isDone(this.current.seq) || now >= this.log.lastFrameAtMs() + 2 * limits.deltaRetentionMs) {
      this.host.transaction(() => this.log.dropStreamedText());
    } else {
      this.retentionPausedToMs = now + limits.deliveryPauseMs;
    }
  }

  private retentionDueAtMs(): number | null {
    if (openTurn(this.current) || !this.log.holdsStreamedText()) return null;
    return Math.max(this.log.lastFrameAtMs() + limits.deltaRetentionMs, this.retentionPausedToMs);
  }

  /** A deleted thread stays until its clients have heard of it, an ephemeral one until nobody has followed it for a while. */
  private forgetDueAtMs(): number | null {
    const owed = [this.outbox.dueAtMs(), this.memoryOutbox.dueAtMs(), this.metrics.dueAtMs()].map((atMs) => atMs ?? 0);
    if (this.current.deleted) {
      if (this.owesRepository()) owed.push(this.deliveries.dueAtMs() ?? 0);
      return Math.max(this.log.lastFrameAtMs() + limits.deletedRetentionMs, ...owed);
    }
    if (!this.current.info.ephemeral || this.deliveries.count > 0 || openTurn(this.current)) return null;
    return Math.max(Math.max(this.log.lastFrameAtMs(), this.lastLeftAtMs) + limits.ephemeralRetentionMs, ...owed);
  }

  /** One that heard of the deletion follows no more. */
  private owesRepository(): boolean {
    return this.deliveries.connections.some((connection) => repositoryOfConnection(connection) !== null);
  }

  /** A client wants no more of this thread. Whether it was attached. */
  detach(connection: string): boolean {
    const attached = this.deliveries.detach(connection);
    if (attached) this.lastLeftAtMs = this.host.now();
    if (this.deliveries.count === 0) this.approvalDelivery.deserted();
    this.schedule();
    return attached;
  }
}

function createSchema(sql: Host["sql"]): void {
  createLogSchema(sql);
  createDeliveriesSchema(sql);
  createOutboxSchema(sql);
  createNotesSchema(sql);
  createMemoryOutboxSchema(sql);
  createMetricsReportSchema(sql);
  createRepositoryContentsSchema(sql);
  Workspace.createSchema(sql);
}

/** How a turn that crossed a bound says so. */
const turnBounds: Record<TurnBound, string> = {
  tooManySteps: `The turn was stopped after ${limits.turnStepsMax} model responses.`,
  tooManyTokens: `The turn was stopped after ${limits.turnTokensMax} tokens.`,
  tooLong: `The turn was stopped after ${limits.turnActiveMsMax / 60_000} minutes of work.`,
};

/** Steps without a new frame before the loop takes itself for broken. A steered model call may append nothing; a hundred do not. */
const standstillMax = 100;

export type ModelCall = NonNullable<Private["modelCall"]>;

/** What became of the request to the model rides on the frame that tells of its end. */
export function withModelCall(drafts: Draft[], method: Draft["method"], modelCall: ModelCall | undefined): Draft[] {
  if (!modelCall) return drafts;
  return drafts.map((draft) => (draft.method === method ? { ...draft, private: { ...draft.private, modelCall } } : draft));
}

function traceable(draft: Draft, trace: string | null): Draft {
  const type = draft.private?.event?.type;
  return trace !== null && (type === "turnStarted" || type === "userSaid" || type === "userCommandAsked")
    ? { ...draft, private: { ...draft.private, trace } }
    : draft;
}

/** What the Directory shows of a thread depends on these. */
function concernsDirectory({ method }: Draft): boolean {
  switch (method) {
    case "thread/status/changed":
    case "thread/name/updated":
    case "thread/readState/changed":
    case "thread/goal/updated":
    case "thread/goal/cleared":
    case "thread/archived":
    case "thread/unarchived":
    case "thread/deleted":
    case "turn/completed":
      return true;
    default:
      return false;
  }
}

function described(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function closed(item: ThreadItem, completedAtMs: number): ThreadItem {
  switch (item.type) {
    case "commandExecution":
    case "fileChange":
    case "dynamicToolCall":
    case "mcpToolCall":
      return { ...item, status: "failed", completedAtMs };
    case "userMessage":
    case "agentMessage":
    case "reasoning":
    case "enteredReviewMode":
    case "exitedReviewMode":
    case "contextCompaction":
      return { ...item, completedAtMs };
    default:
      return item satisfies never;
  }
}

function messageSoFar(item: ThreadItem): Draft["private"] {
  if (item.type !== "agentMessage" || item.text === "") return undefined;
  return {
    modelItems: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: item.text, annotations: [] }] }],
  };
}
