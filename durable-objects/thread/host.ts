/** What a thread needs of the world. The object gives it the platform's; tests and the simulation give their own. */

import type { Fragment } from "#core/memory/fragment";
import type { TurnReport } from "#core/memory/report";
import type { Meter } from "#core/metrics/meter";
import type { Heard, Report } from "#core/metrics/report";
import type { Sql } from "#core/sql";
import type { ThreadNews } from "#directory/news";
import type { ThreadSummary } from "#directory/summary";
import type { Refused, TurnAdmission } from "#directory/usage";
import type { BlobPage } from "#github/snapshot-source";
import type { Model } from "#models/model";
import type { Notice } from "#protocol/connection-notifications";
import type { McpServer } from "#protocol/mcp-server";
import type { ThreadPlace } from "#protocol/thread";
import type { ForkPage, ForkRead } from "#thread/fork-source";
import type { WireFrame } from "#thread/log";
import type { McpServers } from "#tools/mcp/clients";
import type { ShellResult, ShellRun } from "#tools/shell";

export interface Host {
  account: string;
  threadId: string;
  sql: Sql;
  /** Runs the closure; all its rows become durable together or none does. */
  transaction<Result>(closure: () => Result): Result;
  /** Unix milliseconds. */
  now(): number;
  /** A new UUIDv7. */
  newId(): string;
  /** In [0, 1). */
  random(): number;
  /** Ends early, without an error, when `signal` aborts. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
  model(name: string): Model;
  /** Whether the operator lets what a model assumes be read from its words, which costs a request now and then. */
  extractsAssumptions: boolean;
  /** The account's MCP servers. Throws when the Directory cannot be reached within `timeoutMs`. */
  readMcpServers(timeoutMs: number): Promise<McpServer[]>;
  /** What those are asked. */
  mcp: McpServers;
  /** Runs a command on an overlay of the workspace. */
  shell(run: ShellRun): Promise<ShellResult>;
  /** Tokens the model's window holds, or null when nobody knows. */
  contextWindow(name: string): number | null;
  /** One alarm per object: the earliest moment anything wants to be done without a client. */
  setAlarm(atMs: number): void;
  /** Hands frames to a connection and says how far it is. Throws when it cannot be reached. */
  deliver(connection: string, delivery: Delivery): Promise<DeliveryAck>;
  /** Asks the thread that this one is forked from. Throws when it cannot be reached. */
  readFork(sourceId: string, read: ForkRead): Promise<ForkPage>;
  /** Asks a repository of the account for contents by their git ids. Throws when it cannot be reached, or does not give them. */
  readRepository(repositoryId: number, oids: string[]): Promise<BlobPage>;
  /**
   * Tells the account's Directory how the thread stands and what happened in it. Whether the place that `news.turnSlot` wanted is taken;
   * true where it wanted none. Throws when the Directory cannot be reached.
   */
  tellDirectory(summary: ThreadSummary | { threadId: string; deleted: true }, news: ThreadNews): Promise<boolean>;
  /** What the account made of the thread, as its Directory knows. Throws when it cannot be reached. */
  place(): Promise<ThreadPlace>;
  /** Asks the account whether a turn may begin, and counts it if so. Throws when nobody answers within `quotaLimits.answerMsMax`. */
  admitTurn(): Promise<TurnAdmission>;
  /** The same for this thread itself, before it begins. */
  admitThread(): Promise<Refused>;
  /** The same before a thread that holds `bytes` grows. */
  admitStorage(bytes: number): Promise<Refused>;
  /** Bytes of the object's storage. */
  storedBytes(): number;
  /** Whether this thread's turn may work now, one of the account's `limits.turnsAtOnceMax`. Throws when the Directory cannot be reached. */
  takeTurnSlot(): Promise<boolean>;
  /**
   * What the memory published under a key, at most `memoryLimits.manifestCacheSeconds` old; null where there is nothing. Throws when it cannot be read
   * within `timeoutMs`.
   */
  readMemory(key: string, timeoutMs: number): Promise<string | null>;
  /** What is set of the account's flags, at most `flagLimits.cacheSeconds` old; null where nothing is. Throws when it cannot be read within `timeoutMs`. */
  readFlags(timeoutMs: number): Promise<string | null>;
  /** Tells the account's memory of turns; resolves when it is durable there. Throws when it cannot be reached. */
  reportToMemory(reports: TurnReport[]): Promise<Fragment[]>;
  /** The thread is deleted: what the memory has of it alone goes. Throws when it cannot be reached. */
  leaveMemory(): Promise<void>;
  /** It rests. `tokens`: of turns that no news tell of. */
  releaseTurnSlot(tokens?: number): Promise<void>;
  /** Says something to one connection that is no frame of the log; false when its socket is closed. Throws when it cannot be reached. */
  tell(connection: string, notice: Notice): Promise<boolean>;
  /** Open sockets at the thread's own door. */
  ownSockets(): number;
  /** Counts what stands in no log. */
  meter: Meter;
  /** Tells the metrics; resolves when it is durable there. Throws when they cannot be reached. */
  reportMetrics(report: Report): Promise<Heard>;
  /** In place of `metricsLimits.reportIntervalMs`, for load runs. */
  metricsIntervalMs?: number | undefined;
  /** Whether the operator wants what is worked on in the lines of the log. */
  logsContent?: boolean | undefined;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
  /** Empties the storage of a deleted thread. */
  forget(): Promise<void>;
}

/** All frames after `after`, in order; empty to ask how far the connection is. */
export interface Delivery {
  threadId: string;
  after: number | null;
  frames: WireFrame[];
}

/** `gone`: the socket is closed, forget the connection. Else `cursor` is the last `seq` that went to the socket. */
export type DeliveryAck = { gone: true } | { gone: false; cursor: number };
