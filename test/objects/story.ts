/** Stories about the objects, told twice: awake, and with the objects evicted wherever they may sleep. */
import { env, evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Environment } from "../../durable-objects/environment.ts";
import { threadStub } from "../../durable-objects/environment.ts";
import { Client, type ClientOptions } from "./client.ts";

export interface Told {
  client: Client;
  connect(options?: ClientOptions): Promise<Client>;
  /** A moment at which every object may sleep: nothing runs, somebody or something is waited for. */
  sleep(): Promise<void>;
}

/** Every frame that any client of the story heard has to fit Codex's schema. */
export function story(title: string, tell: (told: Told) => Promise<void>, options: ClientOptions = {}): void {
  for (const way of ["awake", "evicted"] as const) {
    test(`${title} (${way})`, async () => {
      const clients: Client[] = [];
      const connect = async (more: ClientOptions = {}) => {
        const client = await Client.connect({ ...options, ...more });
        clients.push(client);
        return client;
      };
      const sleep = way === "awake" ? async () => {} : () => evictAllDurableObjects({ webSockets: "hibernate" });
      await tell({ client: await connect(), connect, sleep });
      for (const client of clients) {
        expect(await client.judged()).toEqual([]);
        client.close();
      }
    });
  }
}

/** The object dies on the spot, in the middle of whatever it does; its sockets to other objects live. */
export async function crash(threadId: string): Promise<void> {
  const stub = threadStub(env as unknown as Environment, "local", threadId);
  try {
    await runInDurableObject(stub, (_, state) => state.abort("crash"));
  } catch {
    // That it died is what was asked for.
  }
}
