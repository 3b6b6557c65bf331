/** What a tool needs of the account's threads. `inside-house.ts` gives it in the Worker; tests give their own. */
import type { WireError } from "#protocol/errors";
import type { MethodName, ParamsInput, Result } from "#protocol/methods";

export interface House {
  /** Throws a `ToolRefusal` where the server refuses. */
  ask<Name extends MethodName>(method: Name, params: ParamsInput<Name>): Promise<Result<Name>>;
  /** What waits for an answer in a thread, the oldest first. Throws a `ToolRefusal` where there is no such thread. */
  openRequests(threadId: string): Promise<OpenRequest[]>;
  /** Null when the answer was taken, or somebody had answered before. */
  respond(threadId: string, requestId: string, result: unknown): Promise<WireError | null>;
  /** Resolves when the turn has ended, waits for a person, or so many milliseconds have passed. Never throws. */
  settled(threadId: string, turnId: string, timeoutMs: number): Promise<void>;
  newId(): string;
  /** SHA-256 of the text's UTF-8 bytes, as hexadecimal digits. */
  sha256(text: string): Promise<string>;
}

export interface OpenRequest {
  id: string;
  method: string;
  params: Record<string, unknown>;
}

/** The world's or the caller's "no", for a model to read: a result with `isError`, whose text begins with the name. */
export class ToolRefusal extends Error {
  override readonly name = "ToolRefusal";
  readonly refusal: string;

  constructor(refusal: string, message: string) {
    super(message);
    this.refusal = refusal;
  }
}
