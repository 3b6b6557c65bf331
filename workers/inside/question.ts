/**
 * One question of the protocol from a door that has no socket of its own. The same `Session` answers it as on a socket, within the
 * Worker: the same checks, refusals and objects behind it. It follows no thread: what it began or resumed, it leaves before it answers.
 */
import type { Context } from "hono";
import { objectGateway } from "#connection/object-gateway";
import { Session } from "#connection/session";
import type { Meter } from "#core/metrics/meter";
import type { WireError } from "#protocol/errors";
import { parseMessage, requestMessage } from "#protocol/json-rpc";
import type { MethodName, ParamsInput, Result } from "#protocol/methods";
import { catalogueOf, newId } from "../../durable-objects/platform.ts";
import type { Door } from "../authentication.ts";
import { countAtDoor } from "../door-counts.ts";

/** `seq` is the last frame of the thread that the result takes into account; null where the answer is about no thread's log. */
export type Answered<Name extends MethodName> = { result: Result<Name>; seq: number | null } | { refused: WireError };

/** What a Session counts, told as the door's counts are. How long things take is measured where they are done. */
export function doorMeter(context: Context<Door>): Meter {
  return {
    count: (name, labels, by = 1) => {
      if (by > 0) countAtDoor(context, name, labels, by);
    },
    observe: () => {},
  };
}

/** `clientName` is the door's own: threads that begin here say that it began them. Never throws for what the server refuses. */
export async function question<Name extends MethodName>(
  context: Context<Door>,
  clientName: string,
  method: Name,
  params: ParamsInput<Name>,
): Promise<Answered<Name>> {
  const { session, answerTo } = insideSession(context, clientName);
  try {
    await session.receive(requestMessage(1, { method, params }));
    return answerTo(1) as Answered<Name>;
  } finally {
    await session.end();
  }
}

/** What a thread asks of people, as a client on a socket is asked. */
export interface WaitingRequest {
  id: string;
  method: string;
  params: unknown;
  /** Of the frame that asked. */
  seq: number;
}

/** What waits for an answer in the thread, oldest first. */
export async function waitingRequests(
  context: Context<Door>,
  clientName: string,
  threadId: string,
): Promise<{ requests: WaitingRequest[] } | { refused: WireError }> {
  const { session, said, answerTo } = insideSession(context, clientName);
  try {
    await session.receive(requestMessage(1, { method: "thread/resume", params: { threadId, excludeTurns: true } }));
    const answered = answerTo(1);
    if ("refused" in answered) return answered;
    const requests = said.flatMap((text): WaitingRequest[] => {
      const message = parseMessage(text);
      if (message.kind !== "request" || typeof message.id !== "string") return [];
      const { seq } = JSON.parse(text) as { seq: number };
      return [{ id: message.id, method: message.method, params: message.params, seq }];
    });
    return { requests: requests.sort((one, other) => one.seq - other.seq) };
  } finally {
    await session.end();
  }
}

/** Answers a server request, such as an approval. Null when it was taken, or somebody had answered before; else why it still waits. */
export async function answerServerRequest(
  context: Context<Door>,
  threadId: string,
  requestId: string,
  result: unknown,
): Promise<WireError | null> {
  const { account } = context.get("caller");
  return objectGateway(context.env, account, doorMeter(context)).respond(threadId, requestId, { result });
}

function insideSession(context: Context<Door>, clientName: string) {
  const { account, credential, endsAtMs } = context.get("caller");
  const said: string[] = [];
  const gateway = {
    ...objectGateway(context.env, account, doorMeter(context)),
    // It is gone before anything could be announced to it.
    join: async () => true,
    leave: async () => {},
  };
  const session = new Session(
    {
      version: 1,
      account,
      connection: `${account}/${newId()}`,
      initialized: { client: { name: clientName, version: "1" }, experimentalApi: true, replay: true, optOut: [] },
      threads: [],
      hasJoined: true,
      admission: { credential, endsAtMs },
      searches: [],
      watches: [],
    },
    { send: (text) => said.push(text) > 0, close: () => {}, keep: () => {} },
    gateway,
    catalogueOf(context.env),
  );
  return { session, said, answerTo: (id: number) => answerIn(said, id) };
}

function answerIn(said: string[], id: number): Answered<MethodName> {
  for (const text of said) {
    const message = parseMessage(text);
    if (message.kind === "errorResponse" && message.id === id) return { refused: message.error };
    if (message.kind !== "response" || message.id !== id) continue;
    const { seq } = JSON.parse(text) as { seq?: number };
    // What the server said itself, by the method's own row.
    return { result: message.result as Result<MethodName>, seq: seq ?? null };
  }
  throw new Error("a session answers every request");
}
