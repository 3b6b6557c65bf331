/** Stories about the objects, told twice: awake, and with the objects evicted wherever they may sleep. */
import { env, evictAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ThreadSummary } from "#directory/summary";
import type { ThreadRuntime } from "#thread/runtime";
import type { ThreadService } from "#thread/service";
import { type Environment, threadStub } from "../../durable-objects/environment.ts";
import { Client, type ClientOptions } from "./client.ts";

export const environment = env as unknown as Environment;

export interface Told {
  client: Client;
  connect(options?: ClientOptions): Promise<Client>;
  /** A moment at which every object may sleep: nothing runs, somebody or something is waited for. */
  sleep(): Promise<void>;
}

/** Every frame that any client of the story heard has to fit Codex's schema. */
export function story(title: string, tell: (told: Told) => Promise<void>, options: ClientOptions = {}): void {
  for (const way of ["awake", "evicted"] as const) {
    test(`${title} (${way})`, { timeout: 30_000 }, async () => {
      const clients: Client[] = [];
      const connect = async (more: ClientOptions = {}) => {
        const client = await Client.connect({ ...options, ...more });
        clients.push(client);
        return client;
      };
      const sleep = way === "awake" ? async () => {} : () => evictAllDurableObjects({ webSockets: "hibernate" });
      try {
        await tell({ client: await connect(), connect, sleep });
        for (const client of clients) expect(await client.judged()).toEqual([]);
      } finally {
        for (const client of clients) client.close();
      }
    });
  }
}

/** The object dies on the spot, in the middle of whatever it does; its sockets to other objects live. */
export async function crash(threadId: string): Promise<void> {
  try {
    await runInDurableObject(stubOf(threadId), (_, state) => state.abort("crash"));
  } catch {
    // That it died is what was asked for.
  }
}

export function stubOf(threadId: string) {
  return threadStub(environment, "local", threadId);
}

/** Looks into the thread's object, or takes a part of its world in hand. */
export function inThread<Result>(
  threadId: string,
  look: (runtime: ThreadRuntime, state: DurableObjectState, service: ThreadService) => Result | Promise<Result>,
): Promise<Result> {
  return runInDurableObject(stubOf(threadId), (instance, state) => {
    const { runtime, service } = instance as unknown as { runtime: ThreadRuntime; service: ThreadService };
    return look(runtime, state, service);
  });
}

/** Every file of the thread's workspace with what it holds. */
export function filesOf(threadId: string): Promise<Record<string, string>> {
  return inThread(threadId, ({ workspace }) =>
    Object.fromEntries(workspace.files().map(({ path }) => [path, new TextDecoder().decode(workspace.read(path))])),
  );
}

/** The alarm rings, whatever time it is. Whether one was set. */
export function ring(threadId: string): Promise<boolean> {
  return runDurableObjectAlarm(stubOf(threadId));
}

/** From now on, and until it is evicted, the thread's clock is this far ahead. */
export function later(threadId: string, durationMs: number): Promise<void> {
  return inThread(threadId, ({ host }) => {
    const { now } = host;
    host.now = () => now() + durationMs;
  });
}

/** From now on, and until it is evicted, the thread's pauses are fifty times shorter: five retries would take six seconds. */
export function hurry(threadId: string): Promise<void> {
  return inThread(threadId, ({ host }) => {
    const { sleep } = host;
    host.sleep = (durationMs, signal) => sleep(durationMs / 50, signal);
  });
}

/** A summary like those that threads send, of a thread made for it. */
export async function summaryOf(preview: string): Promise<ThreadSummary> {
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.turn(`say ${preview}`);
  const summary = await inThread(threadId, (runtime) => runtime.summary());
  client.close();
  if ("deleted" in summary) throw new Error("it is not deleted");
  return summary;
}
