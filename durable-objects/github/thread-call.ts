/** Calls from a repository to a thread of its account. Each may be repeated: after a crash nobody knows whether it came through. */
import type { ThreadCall } from "#github/effect";
import { protocolVersion } from "#models/catalogue";
import type { WireError } from "#protocol/errors";
import type { Params, Request } from "#protocol/methods";
import type { Attached, Reply } from "#thread/reply";
import { type Environment, threadStub } from "../environment.ts";

/** Who began the thread, as every client sees it. */
const client = { name: "spindle-github", version: protocolVersion };

/** What the thread refuses is a value. Throws when it cannot be reached. */
export async function callThread(
  environment: Environment,
  { account, threadId }: { account: string; threadId: string },
  call: ThreadCall,
): Promise<{ text: string | null } | { refused: WireError }> {
  const thread = callable(threadStub(environment, account, threadId));
  switch (call.type) {
    case "start": {
      // Nobody listens on this connection; what the thread says is read from it when it is wanted.
      const connection = `github:${threadId}`;
      const attached = await thread.startThread(call.params, client, { connection, replay: true });
      if (!("refused" in attached)) {
        await thread.detach(connection);
        return { text: null };
      }
      // That it exists is why a second attempt is refused, and is what was wanted.
      const read = { method: "thread/read", params: { threadId, includeTurns: false } } as const;
      const reply = await thread.request(read, connection);
      return "refused" in reply ? { refused: attached.refused } : { text: null };
    }
    case "request": {
      const reply = await thread.request(call.request, `github:${threadId}`);
      return "refused" in reply ? reply : { text: reply.resultText };
    }
    case "respond":
      await thread.respond(call.requestId, { result: call.result });
      return { text: null };
    default:
      return call satisfies never;
  }
}

/** The platform's own type of a call says less of its result. */
interface CallableThread {
  startThread(
    params: Params<"thread/start">,
    by: typeof client,
    subscriber: { connection: string; replay: boolean },
  ): Promise<Attached>;
  detach(connection: string): Promise<void>;
  request(request: Request, connection: string): Promise<Reply>;
  respond(requestId: string, reply: { result: unknown }): Promise<void>;
}

function callable(thread: unknown): CallableThread {
  return thread as CallableThread;
}
