/** What a session needs of the objects behind it: the account's threads and its Directory. */
import type { Listed } from "#directory/summary";
import { Refusal } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";
import type { Attached, Client, Reply, Subscriber } from "#thread/reply";
import type { ClientAnswer } from "#thread/service";

export interface Gateway {
  newThreadId(): string;
  startThread(threadId: string, params: Params<"thread/start">, client: Client, subscriber: Subscriber): Promise<Attached>;
  /** `threadId` is the new thread's; the params name the one that it is forked from. */
  forkThread(threadId: string, params: Params<"thread/fork">, client: Client, subscriber: Subscriber): Promise<Attached>;
  resumeThread(params: Params<"thread/resume">, subscriber: Subscriber): Promise<Attached>;
  detach(threadId: string, connection: string): Promise<void>;
  request(threadId: string, request: Request): Promise<Reply>;
  /** Deletes the thread for good. */
  deleteThread(threadId: string): Promise<Reply>;
  /** Somebody's answer to a server request; nobody is told whether it came first. */
  respond(threadId: string, requestId: string, answer: ClientAnswer): Promise<void>;
  /** Throws a `Refusal` for a cursor that is none. */
  listThreads(params: Params<"thread/list">): Promise<Result<"thread/list">>;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
  listLoadedThreads(params: Params<"thread/loaded/list">): Promise<Result<"thread/loaded/list">>;
}

/** What the Directory refused as a value is thrown again on this side. */
export async function listedBy(directory: Promise<Listed>): Promise<Result<"thread/list">> {
  const listed = await directory;
  if ("refused" in listed) throw new Refusal(listed.refused);
  return listed.result;
}
