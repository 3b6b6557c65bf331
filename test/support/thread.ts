/**
 * One thread on Node's own SQLite: the shipped runtime and service, a client that keeps every frame, and a world in which nobody waits:
 * `sleep` returns at once and writes down how long it would have been. Model and shell are the test's own.
 */
import { limits } from "#core/limits";
import type { Fragment } from "#core/memory/fragment";
import type { TurnReport } from "#core/memory/report";
import { noMeter } from "#core/metrics/meter";
import type { Heard, Report } from "#core/metrics/report";
import type { BlobPage } from "#github/snapshot-source";
import type { Model } from "#models/model";
import type { McpServer } from "#protocol/mcp-server";
import type { Params } from "#protocol/methods";
import type { Delivery, DeliveryAck, Host } from "#thread/host";
import { ThreadRuntime } from "#thread/runtime";
import { ThreadService } from "#thread/service";
import type { McpServers } from "#tools/mcp/clients";
import { runShell, type ShellResult, type ShellRun } from "#tools/shell";
import { createSql, type TestStorage } from "./sql.ts";

export interface TestThreadOptions {
  model: Model;
  shell?: (run: ShellRun) => Promise<ShellResult>;
  /** Of `thread/start`: `approvalPolicy`, `cwd`, … */
  start?: Partial<Omit<Params<"thread/start">, "model">>;
  contextWindow?: number | null;
  /** Whether what the model assumes is read from its words; off unless said, so that a script's responses are those it was asked for. */
  extractsAssumptions?: boolean;
  /** Asked before and after every commit: true, and the process dies there; another one wakes a moment later. */
  diesAtCommit?: (moment: "before" | "after") => boolean;
  /** What the account's memory published, by its keys, and who hears what threads report and says what it taught. Nothing and nobody when left out. */
  memory?: {
    read(key: string): string | null;
    hear(reports: TurnReport[]): void;
    taughtBy?(reports: TurnReport[]): Fragment[];
    leave?(): void;
  };
  /** What the thread's repository has; it has none when left out. */
  readRepository?: (oids: string[]) => Promise<BlobPage>;
  /** The account's MCP servers, and what answers for them. None when left out. */
  mcp?: { servers: McpServer[]; access: McpServers };
  /** The thread's dice. */
  random?: () => number;
  /** Who hears what the thread counts, and says how far it is known; everything that is told is, when left out. */
  metrics?: (report: Report) => Heard;
  /** Unix milliseconds; real time when left out. A clock that stands still makes frames of two threads the same to the letter. */
  now?: () => number;
}

/** A frame as a client that asked for `seq` gets it. */
export interface TestFrame {
  seq: number;
  method: string;
  id?: string;
  // A test says what it expects; a schema in between would only repeat the protocol.
  // biome-ignore lint/suspicious/noExplicitAny: the frames of all methods, read by tests
  params: any;
  emittedAtMs?: number;
}

export interface TestThread {
  readonly runtime: ThreadRuntime;
  readonly service: ThreadService;
  readonly storage: TestStorage;
  /** Pauses that somebody asked for and nobody waited, in milliseconds, without those that only gather streamed text. */
  readonly pausesMs: number[];
  /** What the house reported to its operator, without the lines of the turns' steps. */
  readonly reports: { event: string; details: Record<string, unknown> }[];
  /** The lines of its turns' steps. */
  readonly steps: { event: string; details: Record<string, unknown> }[];
  /** Starts a turn (or steers the one that runs) and returns its id. */
  say(text: string, params?: Partial<Params<"turn/start">>): Promise<string>;
  /** Every frame so far, each once, in order. */
  frames(): TestFrame[];
  /** The first frame of this method behind `after`, as soon as it is there. */
  until(method: string, after?: number): Promise<TestFrame>;
  /** Says something and waits until that turn has ended: the frames of it. */
  turn(text: string, params?: Partial<Params<"turn/start">>): Promise<TestFrame[]>;
  /** The process dies now, wherever it is; another one wakes over the same storage. `whileAsleep` happens in between. */
  restart(whileAsleep?: () => void): void;
}

export async function createThread({
  model,
  shell = runShell,
  start = {},
  contextWindow = null,
  extractsAssumptions = false,
  diesAtCommit = () => false,
  now = Date.now,
  memory = { read: () => null, hear: () => {} },
  random = () => 0.5,
  metrics = ({ to }) => ({ through: to }),
  mcp,
  readRepository = () => Promise.reject(new Error("there is no repository")),
}: TestThreadOptions): Promise<TestThread> {
  const storage = createSql();
  const newId = countedIds();
  const threadId = newId();
  const frames: TestFrame[] = [];
  const pausesMs: number[] = [];
  const reports: TestThread["reports"] = [];
  const steps: TestThread["steps"] = [];
  const waiting = new Set<() => void>();
  let life = { alive: true };

  const receive = ({ frames: delivered }: Delivery): DeliveryAck => {
    for (const { seq, text } of delivered) {
      if (seq <= (frames.at(-1)?.seq ?? 0)) continue;
      frames.push({ ...JSON.parse(text), seq });
    }
    for (const look of waiting) look();
    return { gone: false, cursor: frames.at(-1)?.seq ?? 0 };
  };

  function host(own: { alive: boolean }): Host {
    const alive = () => {
      if (!own.alive) throw new Error("the process is dead");
    };
    const dieIf = (dies: boolean) => {
      if (!dies) return;
      own.alive = false;
      setImmediate(() => thread.restart());
      throw new Error("the process died");
    };
    return {
      account: "test",
      threadId,
      sql: storage.sql,
      transaction: (closure) => {
        alive();
        dieIf(diesAtCommit("before"));
        const result = storage.transactionSync(closure);
        dieIf(diesAtCommit("after"));
        return result;
      },
      now,
      newId,
      random,
      sleep: async (durationMs, signal) => {
        if (signal.aborted) return;
        if (durationMs > gatheringMsMax) pausesMs.push(durationMs);
        await new Promise((resolve) => setImmediate(resolve));
        alive();
      },
      model: () => model,
      contextWindow: () => contextWindow,
      extractsAssumptions,
      readFlags: async () => null,
      shell: async (run) => {
        const result = await shell(run);
        alive();
        return result;
      },
      setAlarm: () => {},
      deliver: async (_, delivery) => {
        alive();
        return receive(delivery);
      },
      readMcpServers: async () => {
        alive();
        return mcp?.servers ?? [];
      },
      mcp: mcp ? livingMcp(mcp.access, alive) : noMcp,
      readMemory: async (key) => {
        alive();
        return memory.read(key);
      },
      reportToMemory: async (reports) => {
        alive();
        memory.hear(reports);
        return memory.taughtBy?.(reports) ?? [];
      },
      leaveMemory: async () => {
        alive();
        memory.leave?.();
      },
      takeTurnSlot: async () => true,
      admitTurn: async () => ({ hasTurnSlot: true }),
      admitThread: async () => null,
      admitStorage: async () => null,
      storedBytes: () => 0,
      releaseTurnSlot: async () => {},
      readFork: () => Promise.reject(new Error("there is no other thread")),
      readRepository: async (_, oids) => {
        const page = await readRepository(oids);
        alive();
        return page;
      },
      ownSockets: () => 0,
      meter: noMeter,
      reportMetrics: async (report) => {
        alive();
        return metrics(report);
      },
      place: async () => ({ section: null, sectionEnteredAt: null }),
      tell: async () => true,
      tellDirectory: async () => true,
      report: (event, details) => {
        if (own.alive) (event === "turnStep" ? steps : reports).push({ event, details });
      },
      forget: async () => {},
    };
  }

  let runtime = new ThreadRuntime(host(life));
  let service = new ThreadService(runtime, "test-model");
  const attached = await service.startThread(
    { approvalPolicy: "never", ...start, model: "test-model" } as Params<"thread/start">,
    { name: "test", version: "0" },
    { connection: "test", replay: true },
  );
  if ("refused" in attached) throw new Error(attached.refused.message);

  const thread: TestThread = {
    get runtime() {
      return runtime;
    },
    get service() {
      return service;
    },
    storage,
    pausesMs,
    reports,
    steps,
    frames: () => frames,
    async say(text, params = {}) {
      const input = [{ type: "text", text, text_elements: [] }];
      const request = { method: "turn/start", params: { threadId, input, ...params } };
      const reply = await service.request(request as Parameters<ThreadService["request"]>[0], "test");
      if ("refused" in reply) throw new Error(reply.refused.message);
      return JSON.parse(reply.resultText).turn.id;
    },
    until(method, after = 0) {
      const find = () => frames.find((frame) => frame.method === method && frame.seq > after);
      return new Promise((resolve) => {
        const look = () => {
          const found = find();
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    async turn(text, params) {
      const after = frames.at(-1)?.seq ?? 0;
      await thread.say(text, params);
      await thread.until("turn/completed", after);
      await new Promise((resolve) => setImmediate(resolve));
      return frames.filter(({ seq }) => seq > after);
    },
    restart(whileAsleep = () => {}) {
      life.alive = false;
      whileAsleep();
      life = { alive: true };
      runtime = new ThreadRuntime(host(life));
      service = new ThreadService(runtime, "test-model");
      void runtime.drive();
      runtime.deliveries.pump();
    },
  };
  return thread;
}

/** What is answered after a death is heard by nobody. */
function livingMcp(access: McpServers, alive: () => void): McpServers {
  return {
    ...access,
    call: async (...asked) => {
      const result = await access.call(...asked);
      alive();
      return result;
    },
  };
}

/** Nobody is there to ask. */
export const noMcp: McpServers = {
  about: () => Promise.reject(new Error("there is no MCP server")),
  tools: () => Promise.reject(new Error("there is no MCP server")),
  call: () => Promise.reject(new Error("there is no MCP server")),
  readResource: () => Promise.reject(new Error("there is no MCP server")),
};

/** A shell that runs nothing: every command succeeds and says what it was. */
export async function echoShell({ command }: ShellRun): Promise<ShellResult> {
  const output = `ran ${command}\n`;
  return {
    output,
    stdout: output,
    stderr: "",
    unheard: { stdout: output, stderr: "" },
    exitCode: 0,
    durationMs: 0,
    timedOut: false,
    aborted: false,
    truncated: false,
    changes: [],
    notes: [],
  };
}

/** The frames of a turn with runs of streamed text as one frame each and without `seq`: what does not depend on how the bytes came. */
export function merged(frames: TestFrame[]): Omit<TestFrame, "seq">[] {
  const told: Omit<TestFrame, "seq">[] = [];
  for (const { seq: _, ...frame } of structuredClone(frames)) {
    const last = told.at(-1);
    const { delta, ...place } = frame.params;
    const { delta: before, ...placeBefore } = last?.params ?? {};
    const goesOn =
      typeof delta === "string" && last?.method === frame.method && JSON.stringify(place) === JSON.stringify(placeBefore);
    if (goesOn && last) last.params.delta = before + delta;
    else told.push(frame);
  }
  return told;
}

/** Below this a pause only gathers streamed text. */
const gatheringMsMax = limits.outputDeltaIntervalMs;

/** UUIDs that count: the same story always has the same ids. */
function countedIds(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `01900000-0000-7000-8000-${count.toString(16).padStart(12, "0")}`;
  };
}
