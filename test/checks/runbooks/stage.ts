/** What a fault is done to: a server of its own with one token for the runbook, one for the operator, and a client that makes threads. */
import { type Client, createClient } from "#client/client";
import type { ThreadHandle } from "#client/thread-handle";
import type { Thread } from "#core/thread";
import { type MiniflareServer, startMiniflare } from "../miniflare-server.ts";

/** Generous: two cores, and other checks beside this one. */
export const patienceMs = 60_000;

export interface Fault {
  /** What the runbook's commands find in their environment, beside the server and its tokens. */
  env?: Record<string, string>;
  /** What is not the operator's to do: an endpoint comes back, a machine starts again. Between `do` and `over`. */
  mend?(): Promise<void>;
  /** What was started for it, ended. */
  end?(): Promise<void>;
}

export interface Stage {
  bundle: string;
  server: MiniflareServer;
  client: Client;
  /** A thread whose first turn was told `text`. */
  begin(text: string): Promise<ThreadHandle>;
  /** Environment of the commands. */
  env: Record<string, string>;
  close(): Promise<void>;
}

const token = "a-token-of-the-account-that-has-the-trouble";
const operatorToken = "the-operators-own-token-of-32-bytes-and-more";

export async function openStage(bundle: string, env: Record<string, string> = {}): Promise<Stage> {
  const credentials = { SPINDLE_TOKEN: token, SPINDLE_OPERATOR_TOKEN: operatorToken };
  const server = await startMiniflare({ bundle, env: { ...credentials, ...env } });
  const client = createClient({ url: server.wsUrl, token, clientInfo: { name: "fault", version: "1" } });
  return {
    bundle,
    server,
    client,
    env: { ...credentials, SPINDLE_URL: server.url },
    async begin(text) {
      const { thread } = await client.request("thread/start", {});
      const handle = await client.openThread(thread.id);
      await handle.send(text);
      return handle;
    },
    async close() {
      client.close();
      await server.close();
    },
  };
}

export const isIdle = ({ turns }: Thread): boolean => turns.length > 0 && turns.every(({ status }) => status !== "inProgress");
export const isAsking = ({ requests }: Thread): boolean => requests.length > 0;
export const isRunningCommand = ({ turns }: Thread): boolean =>
  turns.at(-1)?.items.some(({ type }) => type === "commandExecution") ?? false;
