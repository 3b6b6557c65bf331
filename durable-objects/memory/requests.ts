/** What a client may ask of its account's memory. What it refuses is a value: an error would lose its shape between two objects. */
import { refusals, type WireError } from "#protocol/errors";
import type { Request } from "#protocol/methods";

/** A result as JSON, because a text crosses between objects in one piece. */
export type MemoryReply = { resultText: string } | { refused: WireError };

export function answer({ method }: Request): MemoryReply {
  return { refused: refusals.notSupported(method) };
}
