/** What a session needs of the objects behind it: the account's threads and its Directory. */

import type { WireError } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";
import type { WireFrame } from "#thread/log";

/** What came of a request to a thread. Refusals are values here: an error would lose its shape between two objects. */
export type Reply = { result: unknown; seq: number } | { refused: WireError };

/** A client that wants a thread's frames. `connection` names whoever delivers to it. */
export interface Subscriber {
  connection: string;
  /** Whether it gets `seq` and may ask for `afterSeq`. */
  replay: boolean;
}

/** What attaching to a thread brings, besides the answer: what the client has to hear before live frames, and where those begin. */
export type Attached =
  | { result: unknown; seq: number; cwd: string; cursor: number; catchUp: string[]; pending: WireFrame[] }
  | { refused: WireError };

export interface Client {
  name: string;
  version: string;
}

export interface Gateway {
  newThreadId(): string;
  startThread(threadId: string, params: Params<"thread/start">, client: Client, subscriber: Subscriber): Promise<Attached>;
  resumeThread(params: Params<"thread/resume">, subscriber: Subscriber): Promise<Attached>;
  detach(threadId: string, connection: string): Promise<void>;
  request(threadId: string, request: Request): Promise<Reply>;
  /** Deletes the thread for good. */
  deleteThread(threadId: string): Promise<Reply>;
  /** Somebody's answer to a server request; nobody is told whether it came first. */
  respond(threadId: string, requestId: string, answer: { result: unknown } | { error: unknown }): Promise<void>;
  listThreads(params: Params<"thread/list">): Promise<Result<"thread/list">>;
  listLoadedThreads(params: Params<"thread/loaded/list">): Promise<Result<"thread/loaded/list">>;
}
