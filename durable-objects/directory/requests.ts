/** What a client may ask of its account's Directory. What it refuses is a value: an error would lose its shape between two objects. */
import type { Directory } from "#directory/directory";
import { Refusal, refusals, type WireError } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";

/** A result as JSON, because a text crosses between objects in one piece. */
export type DirectoryReply = { resultText: string } | { refused: WireError };

const handlers = {
  "config/read": (directory, params) => directory.config.read(params),
  "config/value/write": (directory, params) => directory.config.writeValue(params),
  "config/batchWrite": (directory, params) => directory.config.writeBatch(params),
  "thread/list": (directory, params) => directory.list(params),
  "thread/search": (directory, params) => directory.search(params),
  "thread/section/move": (directory, params) => directory.moveToSection(params),
  "threadSection/list": ({ sections }, params) => sections.list(params),
  "threadSection/create": ({ sections }, params) => sections.create(params),
  "threadSection/update": ({ sections }, params) => sections.update(params),
  "threadSection/delete": (directory, params) => directory.deleteSection(params),
  "thread/loaded/list": (directory, params) => directory.listLoaded(params),
} as const satisfies { [Method in Request["method"]]?: (directory: Directory, params: Params<Method>) => Result<Method> };

export function answer(directory: Directory, { method, params }: Request): DirectoryReply {
  if (!Object.hasOwn(handlers, method)) return { refused: refusals.notSupported(method) };
  // The table pairs each method with a handler of its own params, which TypeScript cannot follow through the lookup.
  const handler = handlers[method as keyof typeof handlers] as (directory: Directory, params: unknown) => unknown;
  try {
    return { resultText: JSON.stringify(handler(directory, params)) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.wire };
    throw error;
  }
}
