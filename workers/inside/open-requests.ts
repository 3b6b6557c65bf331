/** What waits for an answer in a thread, for a door that has no socket: read as a client that comes to it would hear it. */
import type { Context } from "hono";
import { objectGateway } from "#connection/object-gateway";
import type { WireError } from "#protocol/errors";
import { parseMessage } from "#protocol/json-rpc";
import { newId } from "../../durable-objects/platform.ts";
import type { Door } from "../authentication.ts";
import { doorMeter } from "./question.ts";

export interface OpenRequest {
  id: string;
  method: string;
  params: Record<string, unknown>;
}

/** The oldest first. The thread is left before this answers. */
export async function openRequests(
  context: Context<Door>,
  threadId: string,
): Promise<{ requests: OpenRequest[] } | { refused: WireError }> {
  const { account } = context.get("caller");
  const gateway = objectGateway(context.env, account, doorMeter(context));
  const connection = `${account}/${newId()}`;
  try {
    const attached = await gateway.resumeThread({ threadId, excludeTurns: true }, { connection, replay: true });
    if ("refused" in attached) return attached;
    return { requests: attached.pending.flatMap(({ text }) => asRequest(text)) };
  } finally {
    await gateway.hangUp(threadId, connection);
  }
}

function asRequest(text: string): OpenRequest[] {
  const message = parseMessage(text);
  if (message.kind !== "request" || typeof message.id !== "string") return [];
  // The thread wrote it itself, by the method's own row.
  return [{ id: message.id, method: message.method, params: message.params as Record<string, unknown> }];
}
