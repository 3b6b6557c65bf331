/**
 * A world in one process: a thread on real SQL, clients that come and go, a model and a shell that do as the dice say, and faults between
 * any two effects. What runs in it is the shipped code: runtime, service, session, deliveries. The same seed always tells the same story.
 */
import { createHash } from "node:crypto";
import type { Gateway } from "#connection/gateway";
import { Session, type SessionState } from "#connection/session";
import { noMeter } from "#core/metrics/meter";
import type { ModelItem } from "#core/private";
import { openTurn } from "#core/thread";
import { uuidv7 } from "#core/uuid";
import type { ThreadSummary } from "#directory/summary";
import { createLedgerSchema, Ledger } from "#metrics/ledger";
import { type Model, ModelError, type ModelEvent, type ModelRequest } from "#models/model";
import { refusals, type WireError } from "#protocol/errors";
import { noMcp } from "#test/support/thread";
import { fork } from "#thread/fork";
import { readFork } from "#thread/fork-source";
import type { Delivery, DeliveryAck, Host } from "#thread/host";
import { importThread } from "#thread/import";
import { ThreadRuntime } from "#thread/runtime";
import { ThreadService } from "#thread/service";
import type { ShellResult, ShellRun } from "#tools/shell";
import { createSql, type TestStorage } from "../support/sql.ts";
import { SimulatedClient } from "./client.ts";
import { SimulatedMemory } from "./memory.ts";
import { Random } from "./random.ts";

/** Thrown where the process dies: nothing that was not committed exists any more. */
export class Crash extends Error {}

interface Task {
  label: string;
  resolve: () => void;
  durationMs: number;
}

/** One life of the object, from its constructor to its death. */
interface Life {
  alive: boolean;
  /** Settles when it dies: whoever waits for an answer hears of it. */
  death: PromiseWithResolvers<void>;
  /** The platform rings again when the object dies before its alarm is done. */
  ringing: boolean;
  runtime: ThreadRuntime;
  service: ThreadService;
}

/** What goes wrong for certain, for as long as it does. Each time that it does is counted under its own words. */
export interface Trouble {
  model?: "slow" | "down" | "cut" | "lying" | "endless";
  memory?: "unreadable" | "stale" | "refuses";
  directory?: "refuses";
  followers?: "refuse";
  storage?: "full";
}

export const policies = ["untrusted", "on-request", "never"] as const;

export class World {
  readonly random: Random;
  readonly storage: TestStorage = createSql();
  readonly threadId: string;
  /** What the metrics know of the thread. */
  readonly metrics: TestStorage = createSql();
  readonly metricsLedger: Ledger;
  readonly clients: SimulatedClient[] = [];
  readonly counts = new Map<string, number>();
  /** How often each command that is no plain read was run. */
  readonly executions = new Map<string, number>();
  /** How the files were when each turn ended. */
  readonly trees = new Map<string, Tree>();
  readonly directory = new Map<string, ThreadSummary>();
  /** What the Directory would pass on to other clients, and what can be found by words: each once. */
  readonly announced: number[] = [];
  /** Messages that can be found, each with its turn. */
  readonly said = new Map<string, string>();
  private heard = 0;
  readonly policy: (typeof policies)[number];
  readonly memory = new SimulatedMemory("simulated");
  /** What the house reported of itself, and should not have had to. */
  readonly failures: string[] = [];
  /** Faults happen; false in the calm at the end. */
  faulty = true;
  trouble: Trouble = {};
  nowMs = 1_795_000_000_000;
  alarmAtMs: number | null = null;
  private tasks: Task[] = [];
  private isCommitting = false;
  private lastSeq = 0;
  private life: Life | null = null;
  private serial = 0;
  /** What the stale memory was when it was read first. */
  private readonly staleMemory = new Map<string, string | null>();

  constructor(seed: number) {
    this.random = new Random(seed);
    this.threadId = this.newId();
    createLedgerSchema(this.metrics.sql);
    this.metricsLedger = new Ledger(this.metrics.sql, () => this.nowMs);
    this.policy = this.random.pick(policies);
    for (const replay of [true, true, false]) this.clients.push(new SimulatedClient(this, replay));
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  newId(): string {
    return uuidv7(this.nowMs, this.random.bytes(10));
  }

  name(prefix: string): string {
    this.serial += 1;
    return `${prefix}${this.serial}`;
  }

  /** The object as it lives now; a dead one is made again from its storage, as the platform does for whoever calls. */
  object(): Life {
    if (this.life?.alive) return this.life;
    const life: Life = { alive: true, ringing: false, death: Promise.withResolvers<void>() } as Life;
    life.runtime = new ThreadRuntime(this.host(life));
    life.service = new ThreadService(life.runtime, "simulated");
    this.life = life;
    void life.runtime.drive();
    life.runtime.deliveries.pump();
    return life;
  }

  /** The process dies now. What it had in memory and in flight is gone. */
  crash(): void {
    if (!this.life?.alive) return;
    const { thread, activity } = this.life.runtime;
    this.count("crash");
    if (activity) this.count(`crash in ${activity.kind}`);
    const [call] = thread?.work?.calls ?? [];
    if (call) this.count(`crash at ${call.state.type}`);
    if (this.life.ringing) this.alarmAtMs ??= this.nowMs;
    this.life.alive = false;
    this.life.death.resolve();
    this.life = null;
    this.tasks = this.tasks.filter(({ label }) => label.startsWith("client"));
  }

  get hasTasks(): boolean {
    return this.tasks.length > 0;
  }

  get isAlive(): boolean {
    return this.life?.alive ?? false;
  }

  get runtime(): ThreadRuntime {
    return this.object().runtime;
  }

  /** Something that takes a while: it goes on when the dice let it. */
  later(label: string, durationMs = this.random.below(40)): Promise<void> {
    return new Promise((resolve) => this.tasks.push({ label, resolve, durationMs }));
  }

  /** Lets one of the things that take a while go on. False when there is none. */
  async goOn(): Promise<boolean> {
    if (this.tasks.length === 0) return false;
    const [task] = this.tasks.splice(this.random.below(this.tasks.length), 1);
    this.nowMs += Math.ceil(task?.durationMs ?? 0);
    task?.resolve();
    await this.settle();
    return true;
  }

  /** Runs everything that needs no time. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  async ringAlarm(): Promise<void> {
    if (this.alarmAtMs === null) return;
    this.nowMs = Math.max(this.nowMs, this.alarmAtMs);
    this.alarmAtMs = null;
    this.count("alarm");
    const life = this.object();
    life.ringing = true;
    void life.runtime
      .alarm()
      .catch(() => {})
      .finally(() => {
        life.ringing = false;
      });
    await this.settle();
  }

  /** What the socket of a client calls; like a call between objects it fails when the other side dies. */
  gateway(): Gateway {
    const call = async <Result>(ask: (life: Life) => Promise<Result> | Result): Promise<Result> => {
      await this.later("client call");
      const life = this.object();
      const answer = await Promise.race([ask(life), life.death.promise.then(() => Promise.reject(new Crash("the thread died")))]);
      if (!life.alive) throw new Crash("the thread died before it answered");
      return answer;
    };
    return {
      newThreadId: () => this.threadId,
      startThread: (_, params, client, subscriber) => call(({ service }) => service.startThread(params, client, subscriber)),
      forkThread: () => Promise.reject(new Error("there is one thread in this world")),
      resumeThread: (params, subscriber) => call(({ service }) => service.resumeThread(params, subscriber)),
      detach: (_, connection) => call(({ service }) => service.detach(connection)),
      hangUp: (_, connection) => call(({ service }) => service.hangUp(connection)),
      request: (_, request, connection) => call(({ service }) => service.request(request, connection)),
      deleteThread: () => call(({ service }) => service.deleteThread()),
      respond: (_, requestId, reply) => call(({ service }) => service.respond(requestId, reply)),
      join: async () => true,
      leave: async () => {},
      directory: async ({ method }) =>
        method === "config/read"
          ? { resultText: '{"config":{},"origins":{},"layers":null}' }
          : { refused: refusals.notSupported(method) },
      memory: async ({ method }) => ({ refused: refusals.notSupported(method) }),
      push: async ({ method }) => ({ refused: refusals.notSupported(method) }),
      mcp: noMcp,
      now: () => this.nowMs,
      meter: noMeter,
      report: (event, details) => this.reported(event, details),
    };
  }

  session(state: SessionState, socket: ConstructorParameters<typeof Session>[1]): Session {
    return new Session(state, socket, this.gateway(), { version: "0", defaultModel: "simulated", models: [] });
  }

  /** Another thread in a storage of its own, forked from this one; its world has no faults. */
  async fork(params: { lastTurnId?: string }): Promise<{ runtime: ThreadRuntime; sql: TestStorage["sql"] }> {
    const { sql, transactionSync } = createSql();
    const host: Host = {
      ...this.host({ ...this.object() }),
      threadId: this.newId(),
      sql,
      transaction: transactionSync,
      readFork: async (_, read) => readFork(this.runtime, read),
      setAlarm: () => {},
      tellDirectory: async () => true,
    };
    const runtime = new ThreadRuntime(host);
    const request = { threadId: this.threadId, excludeTurns: true, ...params };
    await fork(runtime, request, { originator: "simulated", version: "0" });
    return { runtime, sql };
  }

  /** Another thread in a storage of its own, on another server, as a file tells of it. */
  import(lines: string[]): { runtime: ThreadRuntime; sql: TestStorage["sql"] } {
    const { sql, transactionSync } = createSql();
    const host: Host = {
      ...this.host({ ...this.object() }),
      account: "elsewhere",
      threadId: this.newId(),
      sql,
      transaction: transactionSync,
      setAlarm: () => {},
      tellDirectory: async () => true,
    };
    const runtime = new ThreadRuntime(host);
    for (const { page, isLast, lines: some } of inPages(lines)) {
      const params = { threadId: host.threadId, page, lines: some, isLast, config: null };
      importThread(runtime, params, { defaultModel: "simulated", version: "0" });
    }
    return { runtime, sql };
  }

  private host(life: Life): Host {
    const alive = () => {
      if (!life.alive) throw new Crash("the dead do nothing");
    };
    const perhapsCrash = (where: string, probability: number) => {
      if (!this.faulty || !this.random.chance(probability)) return;
      this.count(`crash ${where}`);
      this.crash();
      throw new Crash(where);
    };
    const whileAlive = async (label: string, durationMs?: number) => {
      await this.later(label, durationMs);
      alive();
    };
    return {
      account: "simulated",
      threadId: this.threadId,
      // The shim has what the code uses of the platform's type.
      sql: this.storage.sql,
      transaction: (closure) => {
        alive();
        if (this.trouble.storage === "full") throw this.troubled("storage full");
        perhapsCrash("before a commit", 0.004);
        this.isCommitting = true;
        const commit = () => {
          const inside = closure();
          perhapsCrash("inside a transaction", 0.004);
          return inside;
        };
        let result: ReturnType<typeof closure>;
        try {
          result = this.storage.transactionSync(commit);
        } finally {
          this.isCommitting = false;
        }
        this.requireNumbered();
        perhapsCrash("after a commit", 0.012);
        return result;
      },
      now: () => this.nowMs,
      newId: () => this.newId(),
      random: () => this.random.next(),
      sleep: async (durationMs, signal) => {
        if (signal.aborted) return;
        await Promise.race([
          whileAlive("sleep", durationMs),
          new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
        ]);
      },
      model: () => this.model(whileAlive),
      contextWindow: () => null,
      extractsAssumptions: true,
      readFlags: async () => {
        await whileAlive("flags");
        if (this.faulty && this.random.chance(0.1)) throw new Error("the store of flags is being moved");
        return null;
      },
      readMcpServers: async () => {
        await whileAlive("MCP servers");
        return [];
      },
      mcp: noMcp,
      shell: (run) => this.shell(run, whileAlive),
      setAlarm: (atMs) => {
        if (atMs <= 0) throw new Error("the platform refuses an alarm in the year 1970");
        if (life.alive) this.alarmAtMs = atMs;
      },
      deliver: async (connection, delivery) => {
        if (this.isCommitting) this.failures.push("frames were sent before they were durable");
        this.requireLogged(delivery);
        await whileAlive("delivery");
        if (this.trouble.followers === "refuse") throw this.troubled("followers refuse");
        const ack = await this.deliver(connection, delivery);
        await whileAlive("acknowledgement");
        return ack;
      },
      readMemory: async (key) => {
        await whileAlive("memory");
        if (this.faulty && this.random.chance(0.1)) {
          this.count("memory unreadable");
          throw new Error("the published memory is being moved");
        }
        if (this.trouble.memory === "unreadable") throw this.troubled("memory unreadable for certain");
        if (this.trouble.memory !== "stale") return this.memory.read(key);
        this.count("memory stale");
        if (!this.staleMemory.has(key)) this.staleMemory.set(key, this.memory.read(key));
        return this.staleMemory.get(key) ?? null;
      },
      reportToMemory: async (reports) => {
        if (this.isCommitting) this.failures.push("the memory was told before it was durable");
        await whileAlive("memory");
        if (this.trouble.memory === "refuses") throw this.troubled("memory refuses");
        if (this.faulty && this.random.chance(0.25)) {
          this.count("memory away");
          throw new Error("the memory is being moved");
        }
        this.memory.hear(reports);
        if (this.random.chance(0.45)) this.memory.publish(1 + this.random.below(4), this.nowMs);
        await whileAlive("memory's answer");
        if (this.faulty && this.random.chance(0.15)) {
          this.count("memory's answer lost");
          throw new Error("the memory's answer was lost");
        }
        return this.memory.taughtBy(reports);
      },
      leaveMemory: async () => {},
      ownSockets: () => 0,
      meter: noMeter,
      reportMetrics: async (report) => {
        if (this.isCommitting) this.failures.push("the metrics were told before it was durable");
        await whileAlive("metrics");
        if (this.faulty && this.random.chance(0.2)) {
          this.count("metrics away");
          throw new Error("the metrics object is being moved");
        }
        const known = this.metrics.sql
          .exec<{ through: number }>("SELECT through FROM sources WHERE source = ?", report.source)
          .toArray()[0];
        const heard = this.metrics.transactionSync(() => this.metricsLedger.take(report));
        if (report.from <= report.to && known && report.from <= known.through) this.count("metrics told twice");
        await whileAlive("metrics' answer");
        if (this.faulty && this.random.chance(0.2)) {
          this.count("metrics' answer lost");
          throw new Error("the metrics' answer was lost");
        }
        return heard;
      },
      takeTurnSlot: async () => {
        await whileAlive("turn slot");
        if (this.trouble.directory === "refuses") throw this.troubled("directory refuses");
        if (this.faulty && this.random.chance(0.1)) throw new Error("the Directory is being moved");
        return this.hasTurnSlot();
      },
      admitTurn: async () => {
        await whileAlive("turn admission");
        if (this.trouble.directory === "refuses") throw this.troubled("directory refuses");
        if (this.faulty && this.random.chance(0.1)) throw new Error("the Directory is being moved");
        if (this.faulty && this.random.chance(0.12)) return this.noRoom();
        return { hasTurnSlot: this.hasTurnSlot() };
      },
      // A thread of this world is begun by nobody else.
      admitThread: async () => null,
      admitStorage: async () => null,
      storedBytes: () => 0,
      releaseTurnSlot: async () => {
        if (this.faulty && this.random.chance(0.1)) throw new Error("the Directory is being moved");
      },
      readFork: () => Promise.reject(new Error("there is one thread in this world")),
      readRepository: () => Promise.reject(new Error("there is no repository")),
      place: async () => ({ section: null, sectionEnteredAt: null }),
      tell: async () => true,
      tellDirectory: async (summary, { through, announcements, said, unsaidTurnIds, turnSlot }) => {
        await whileAlive("directory");
        if (this.trouble.directory === "refuses") throw this.troubled("directory refuses");
        if (this.faulty && this.random.chance(0.2)) {
          this.count("directory unreachable");
          throw new Error("the Directory is being moved");
        }
        if (!("deleted" in summary) && summary.seq > (this.directory.get(summary.threadId)?.seq ?? 0)) {
          this.directory.set(summary.threadId, structuredClone(summary));
        }
        if (through > this.heard) {
          this.announced.push(...announcements.filter(({ seq }) => seq > this.heard).map(({ seq }) => seq));
          this.heard = through;
        }
        for (const { itemId, turnId } of said) this.said.set(itemId, turnId);
        for (const [itemId, turnId] of this.said) if (unsaidTurnIds.includes(turnId)) this.said.delete(itemId);
        // The answer may be lost: then it is told again.
        if (this.faulty && this.random.chance(0.1)) throw new Error("the Directory's answer was lost");
        return turnSlot === "take" ? this.hasTurnSlot() : true;
      },
      report: (event, details) => {
        if (life.alive) this.reported(event, details);
      },
      forget: async () => {},
    };
  }

  private troubled(what: string): Error {
    this.count(what);
    return new Error(`${what}: simulated`);
  }

  private hasTurnSlot(): boolean {
    if (!this.faulty || this.random.chance(0.8)) return true;
    this.count("no turn slot");
    return false;
  }

  private noRoom(): { refused: WireError } {
    this.count("turn refused");
    return { refused: refusals.accountLimit({ limit: "turnsPerMinute", max: 1, now: 1, retryAfterMs: 1_000 }) };
  }

  /** The house may fail where the world does; where it fails by itself the story ends. */
  private reported(event: string, details: Record<string, unknown>): void {
    if (event === "turnStep") return;
    const inside = JSON.stringify(details);
    const expected =
      /Crash|the dead do nothing|the thread died|before a commit|inside a transaction|after a commit|is being moved|was lost|: simulated/.test(
        inside,
      );
    if (!expected) this.failures.push(`${event}: ${inside}`);
  }

  /** Numbers go 1, 2, 3 …, commit by commit: what leaves the log later was there before. */
  private requireNumbered(): void {
    const { sql } = this.storage;
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'frames'").toArray().length === 0) return;
    for (const { seq, method, params } of sql.exec<{ seq: number; method: string; params: string }>(
      "SELECT seq, method, params FROM frames WHERE seq > ? ORDER BY seq",
      this.lastSeq,
    )) {
      if (method === "turn/completed") this.trees.set(JSON.parse(params).turn.id, treeOf(sql));
      if (seq !== this.lastSeq + 1) this.failures.push(`frame ${seq} was appended after ${this.lastSeq}`);
      this.lastSeq = seq;
    }
  }

  /** Append, then send: what goes out is in the log, letter by letter. */
  private requireLogged({ frames }: Delivery): void {
    for (const { seq, text } of frames) {
      const [row] = this.storage.sql
        .exec<{ params: string; method: string }>("SELECT method, params FROM frames WHERE seq = ?", seq)
        .toArray();
      if (!row || (row.params !== "" && !text.includes(row.params)) || !text.includes(row.method)) {
        throw new Error(`frame ${seq} was sent but is not in the log`);
      }
    }
  }

  /** Streamed text of completed items may have left the log; nothing else may be missing between two frames. */
  holdsFrameBetween(after: number, before: number): boolean {
    return this.storage.sql.exec("SELECT 1 FROM frames WHERE seq > ? AND seq < ?", after, before).toArray().length > 0;
  }

  private async deliver(connection: string, delivery: Delivery): Promise<DeliveryAck> {
    const client = this.clients.find((candidate) => candidate.connection === connection);
    if (!client?.session) return { gone: true };
    if (this.faulty && this.random.chance(0.03)) {
      this.count("delivery failed");
      throw new Error("the connection is being moved");
    }
    const ack = await client.session.deliver(delivery);
    if (this.faulty && this.random.chance(0.03)) {
      this.count("acknowledgement lost");
      throw new Error("the acknowledgement was lost");
    }
    return ack;
  }

  /** Says something, perhaps thinks, perhaps calls tools, perhaps fails. */
  private model(whileAlive: (label: string) => Promise<void>): Model {
    const world = this;
    return {
      async *stream(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
        const { random } = world;
        requireAnswers(request.input);
        if (world.trouble.model) yield* world.badly(world.trouble.model, whileAlive, signal);
        for (const event of request.bounds ? world.reading() : world.response()) {
          await whileAlive("model");
          if (signal.aborted) return;
          if (world.faulty && random.chance(0.02)) {
            world.count("model failed");
            throw new ModelError("stream disconnected before completion: simulated", {
              info: "other",
              willRetry: random.chance(0.8),
            });
          }
          yield event;
        }
      },
    };
  }

  /** An endpoint in trouble: what it does before it does as usual, if it comes to that. */
  private async *badly(
    how: NonNullable<Trouble["model"]>,
    whileAlive: (label: string, durationMs?: number) => Promise<void>,
    signal: AbortSignal,
  ): AsyncGenerator<ModelEvent> {
    this.count(`model ${how}`);
    const lost = (reason: string) => new ModelError(`${reason}: simulated`, { info: "other", willRetry: true });
    const itemId = this.name("msg_");
    await whileAlive("model", how === "slow" ? 240_000 : 10);
    if (how === "slow" || signal.aborted) return;
    if (how === "down") throw lost("connection refused");
    // Text for an item that was never begun, and a call that nobody can read.
    if (how === "lying") {
      const call = { type: "function_call", id: itemId, call_id: itemId, name: "update_plan", arguments: "{{" };
      yield { type: "itemDone", itemId, item: call };
      yield { type: "messageDelta", itemId: "never begun", delta: "x" };
    }
    yield { type: "messageStarted", itemId };
    for (let delta = 0; delta < (how === "endless" ? 400 : 3); delta++) {
      await whileAlive("model", 5);
      if (signal.aborted) return;
      yield { type: "messageDelta", itemId, delta: `on ${delta} and ` };
    }
    throw lost("stream disconnected before completion");
  }

  /** What it says when its own words are read to it again: what it assumed, or nothing that anybody could read. */
  private reading(): ModelEvent[] {
    const { random } = this;
    this.count("words read");
    const action = { id: "B", kind: "patch", description: "do it", gains: [{ when: ["A1"], gain: random.below(6) }] };
    const assumption = { id: "A1", text: "it is so", kind: "code_fact", likelihood: random.below(6), path: "shared.txt" };
    const delta = random.chance(0.8) ? JSON.stringify({ assumptions: [assumption], actions: [action] }) : "I would not know.";
    return [
      { type: "messageDelta", itemId: "reading", delta },
      { type: "completed", usage },
    ];
  }

  private response(): ModelEvent[] {
    const { random } = this;
    const events: ModelEvent[] = [];
    if (random.chance(0.3)) {
      const itemId = this.name("rs_");
      events.push({ type: "reasoningStarted", itemId }, { type: "reasoningPartAdded", itemId, summaryIndex: 0 });
      events.push(
        { type: "reasoningDelta", itemId, summaryIndex: 0, delta: "hm " },
        { type: "reasoningDelta", itemId, summaryIndex: 0, delta: "so" },
      );
      events.push({ type: "itemDone", itemId, item: { type: "reasoning", id: itemId, encrypted_content: "secret" } });
    }
    if (random.chance(0.7)) {
      const itemId = this.name("msg_");
      const words = Array.from({ length: 1 + random.below(8) }, (_, index) => `word${index} `);
      events.push(
        { type: "messageStarted", itemId },
        ...words.map((delta) => ({ type: "messageDelta", itemId, delta }) as const),
      );
      const content = [{ type: "output_text", text: words.join("") }];
      events.push({ type: "itemDone", itemId, item: { type: "message", role: "assistant", id: itemId, content } });
    }
    // Fewer calls in the calm, so that turns come to an end.
    const calls = random.chance(this.faulty ? 0.75 : 0.2) ? 1 + random.below(2) : 0;
    for (let index = 0; index < calls; index++) events.push(this.call());
    events.push({ type: "completed", usage });
    return events;
  }

  private call(): ModelEvent {
    const { random } = this;
    const itemId = this.name("call_item_");
    const call_id = this.name("call_");
    const shell = (command: string): ModelItem => ({ type: "shell_call", id: itemId, call_id, action: { commands: [command] } });
    const patch = (operation: object): ModelItem => ({ type: "apply_patch_call", id: itemId, call_id, operation });
    const called = (name: string, given: object): ModelItem => ({
      type: "function_call",
      id: itemId,
      call_id,
      name,
      arguments: JSON.stringify(given),
    });
    const path = random.pick(["one.txt", "two.txt", "shared.txt"]);
    const made = random.pick<() => ModelItem>([
      () => shell("ls -la"),
      () => shell(`note ${call_id} ${random.pick(["log.txt", "shared.txt"])}`),
      () => shell(`note ${call_id} log.txt shared.txt two.txt`),
      () => shell(`note ${call_id} log.txt shared.txt two.txt`),
      () => patch({ type: "create_file", path, diff: `+made by ${call_id}\n` }),
      () => patch({ type: "create_file", path, diff: `+made by ${call_id}\n` }),
      () => patch({ type: "delete_file", path }),
      () => patch({ type: "update_file", path, diff: "@@\n-no such line\n+x\n" }),
      () => called("no_such_tool", {}),
      () => called("update_plan", { plan: [{ step: "look", status: "in_progress" }] }),
      () => called("request_user_input", { questions: [{ id: "color", header: "Colour", question: "Which?" }] }),
      () => called("tickets__lookup", { id: call_id }),
    ]);
    return { type: "itemDone", itemId, item: made() };
  }

  /** `ls` looks; `note ID FILE …` appends the id to the files, in the overlay. Both speak before they are done. */
  private async shell(run: ShellRun, whileAlive: (label: string) => Promise<void>): Promise<ShellResult> {
    const [name, id = "", ...files] = run.command.split(" ");
    const unheard = { stdout: "", stderr: "" };
    const result = {
      stderr: "",
      exitCode: 0,
      durationMs: 1,
      timedOut: false,
      aborted: false,
      truncated: false,
      notes: [],
      unheard,
    };
    const say = (text: string) => {
      // What comes from a process that is dead reaches nobody.
      run.onOutput?.(text, "stdout");
      return text;
    };
    if (name === "ls") {
      await whileAlive("shell");
      let output = say("files:\n");
      await whileAlive("shell");
      output += say(`in ${run.cwd}\n`);
      if (this.random.chance(0.5)) await whileAlive("shell");
      output += run.workspace
        .files()
        .map(({ path }) => `${path}\n`)
        .join("");
      return { ...result, output, stdout: output, changes: [] };
    }
    this.executions.set(run.command, (this.executions.get(run.command) ?? 0) + 1);
    const noted = files.map((path) => {
      const before = run.workspace.version(path);
      return { path, before, text: `${before ? new TextDecoder().decode(run.workspace.read(path)) : ""}${id}\n` };
    });
    await whileAlive("shell");
    if (run.signal.aborted) return { ...result, aborted: true, exitCode: 130, output: "", stdout: "", changes: [] };
    const output = say(`noting ${id}\n`);
    await whileAlive("shell");
    const changes = noted.map(({ path, before, text }) => {
      const bytes = new TextEncoder().encode(text);
      return { path, before, after: { mode: 0o100644, hash: run.workspace.putBlob(bytes), size: bytes.length } };
    });
    return { ...result, output, stdout: output, changes };
  }
}

const usage = {
  totalTokens: 3,
  inputTokens: 2,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 1,
  reasoningOutputTokens: 0,
};

/** The API refuses an input in which a call has no answer, or two. */
function requireAnswers(input: ModelItem[]): void {
  const calls = input.filter(({ type }) => type.endsWith("_call")).map(({ call_id }) => String(call_id));
  const outputs = input.filter(({ type }) => type.endsWith("_call_output")).map(({ call_id }) => String(call_id));
  if (calls.toSorted().join() !== outputs.toSorted().join()) {
    throw new Error(`calls ${calls.join()} were answered by ${outputs.join()}`);
  }
}

export type Tree = { path: string; hash: string }[];

export function treeOf(sql: TestStorage["sql"]): Tree {
  return sql.exec<{ path: string; hash: string }>("SELECT path, hash FROM files ORDER BY path").toArray();
}

export function blobHash(text: string): string {
  const bytes = Buffer.from(text);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

export function isOpen(runtime: ThreadRuntime): boolean {
  return runtime.thread !== null && openTurn(runtime.thread) !== null;
}

function inPages(lines: string[]): { page: number; isLast: boolean; lines: string[] }[] {
  const linesPerPage = Math.max(1, Math.ceil(lines.length / 3));
  const pages = Math.ceil(lines.length / linesPerPage);
  return Array.from({ length: pages }, (_, page) => ({
    page,
    isLast: page === pages - 1,
    lines: lines.slice(page * linesPerPage, (page + 1) * linesPerPage),
  }));
}
