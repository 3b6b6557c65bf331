/** What a session needs of the objects behind it: the account's threads and its Directory. */
import type { Meter } from "#core/metrics/meter";
import type { DirectoryReply } from "#directory/requests";
import type { MemoryReply } from "#memory/requests";
import type { WireError } from "#protocol/errors";
import type { Params, Request } from "#protocol/methods";
import type { PushReply } from "#push/requests";
import type { Attached, Client, Reply, Subscriber } from "#thread/reply";
import type { ClientAnswer } from "#thread/service";
import type { McpServers } from "#tools/mcp/clients";

export interface Gateway {
  newThreadId(): string;
  startThread(threadId: string, params: Params<"thread/start">, client: Client, subscriber: Subscriber): Promise<Attached>;
  /** `threadId` is the new thread's; the params name the one that it is forked from. */
  forkThread(threadId: string, params: Params<"thread/fork">, client: Client, subscriber: Subscriber): Promise<Attached>;
  resumeThread(params: Params<"thread/resume">, subscriber: Subscriber): Promise<Attached>;
  detach(threadId: string, connection: string): Promise<void>;
  /** The socket is closed: the thread forgets the connection, and what it does for it alone ends. */
  hangUp(threadId: string, connection: string): Promise<void>;
  /** `trace` is the `traceparent` that came with it. */
  request(threadId: string, request: Request, connection: string, trace?: string | null): Promise<Reply>;
  /** Deletes the thread for good. */
  deleteThread(threadId: string): Promise<Reply>;
  /** Somebody's answer to a server request; nobody is told whether it came first. Not null where it cannot be taken and the request goes on waiting. */
  respond(threadId: string, requestId: string, answer: ClientAnswer): Promise<WireError | null>;
  /** What spans the account's threads. */
  directory(request: Request): Promise<DirectoryReply>;
  /** What the account's memory holds. */
  memory(request: Request): Promise<MemoryReply>;
  /** Which of the account's devices are rung. */
  push(request: Request): Promise<PushReply>;
  /** The account's MCP servers, for what its clients ask of them. */
  mcp: McpServers;
  /** The connection hears from now on what concerns the account. False when the account has as many as it may. */
  join(connection: string): Promise<boolean>;
  /** And no more. */
  leave(connection: string): Promise<void>;
  /** Unix milliseconds. */
  now(): number;
  /** Counts what this connection does. */
  meter: Meter;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
}
