/** What a person said and the server's log does not have yet, kept where it survives the page. */
import type { ParamsInput } from "#protocol/methods";
import type { UserInput } from "#protocol/user-input";

export type TurnOptions = Omit<ParamsInput<"turn/start">, "threadId" | "input" | "clientUserMessageId">;
export type BeginOptions = Omit<ParamsInput<"thread/start">, "threadId">;

/** `key` is its `clientUserMessageId`: however often it is sent, the log gets it once. */
export interface UnsentMessage {
  type: "message";
  key: string;
  threadId: string;
  input: UserInput[];
  /** Whether it starts or steers a turn, or waits at the server for a turn of its own. */
  method: "turn/start" | "thread/queue/add";
  options: TurnOptions;
  /** What its thread begins with; null where the thread was there before. */
  begins: BeginOptions | null;
  /** Unix ms; the order within the thread. */
  writtenAt: number;
  /** It may have reached the server already: to send it under another key could say it twice. */
  isTried: boolean;
  /** Why the server refused it; null while it waits. */
  failure: string | null;
}

/** `key` is the id of the request that it answers. */
export interface UnsentAnswer {
  type: "answer";
  key: string;
  threadId: string;
  result: object;
  writtenAt: number;
  isTried: boolean;
}

export type OutboxEntry = UnsentMessage | UnsentAnswer;

export interface Outbox {
  read(): Promise<OutboxEntry[]>;
  write(entry: OutboxEntry): Promise<void>;
  remove(key: string): Promise<void>;
  /** One at a time for each name, among all pages that share the storage, where the browser can; else the keys make it harmless. */
  exclusively(name: string, work: () => Promise<void>): Promise<void>;
  /** Another page changed something. */
  onChange(listener: () => void): void;
}

/** Lives as long as the process. */
export function memoryOutbox(): Outbox {
  const entries = new Map<string, OutboxEntry>();
  return {
    read: async () => [...entries.values()],
    write: async (entry) => void entries.set(entry.key, entry),
    remove: async (key) => void entries.delete(key),
    exclusively: (_, work) => work(),
    onChange: () => {},
  };
}
