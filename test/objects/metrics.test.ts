/** `/metrics` as a scraper sees it, over the real objects: who may read it, what it says, and that it names nobody. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { directoryStub, metricsShardStub } from "../../durable-objects/environment.ts";
import { type Family, parseOpenMetrics, sampleOf } from "../support/open-metrics.ts";
import { Client } from "./client.ts";
import { ask, headersFor } from "./front-door.ts";
import { crash, environment, inThread, ring, story } from "./story.ts";

const accept = "application/openmetrics-text;version=1.0.0";
const token = "m".repeat(32);
/** How often what is told late is looked for; told it is within a fraction of a second each. */
const looks = { timeout: 10_000, interval: 100 };

let log: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  log = vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(() => log.mockRestore());

async function scrape(): Promise<Map<string, Family>> {
  const response = await ask("/metrics", { headers: { accept } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  // By its bytes: workerd warns of a text whose type it does not know.
  return parseOpenMetrics(new TextDecoder().decode(await response.arrayBuffer()));
}

/** By how much each of these has grown. */
async function growing() {
  const before = await scrape();
  return async (name: string, labels: Record<string, string> = {}) =>
    sampleOf(await scrape(), name, labels) - sampleOf(before, name, labels);
}

story("a turn, its question and its frames are counted, once, by whoever asks", async ({ client, connect, sleep }) => {
  const grown = await growing();
  const threadId = await client.startThread();
  await client.turn("say hi");
  await client.say("write a.txt: a");
  const request = await client.until("item/fileChange/requestApproval");
  await sleep();
  await expect.poll(() => grown("spindle_approvals_pending", { kind: "file_change" }), looks).toBe(1);
  await expect.poll(() => grown("spindle_turns_running"), looks).toBe(1);
  client.answer(request, "accept");
  await client.untilTurnEnds();
  await sleep();
  const seq = await inThread(threadId, ({ current }) => current.seq);
  await expect.poll(() => grown("spindle_frames_appended_total"), looks).toBe(seq);
  await expect.poll(() => grown("spindle_approvals_pending", { kind: "file_change" }), looks).toBe(0);
  expect(await grown("spindle_turns_started_total")).toBe(2);
  expect(await grown("spindle_turns_completed_total", { status: "completed" })).toBe(2);
  expect(await grown("spindle_approvals_resolved_total", { kind: "file_change", decision: "accepted" })).toBe(1);
  expect(await grown("spindle_turn_duration_seconds_count")).toBe(2);
  const live = client.frames.filter((frame) => frame.method && frame.seq).length;
  await expect.poll(() => grown("spindle_frames_sent_total"), looks).toBe(live);
  const late = await connect();
  await late.resume(threadId, { afterSeq: 3 });
  await late.untilQuiet();
  await sleep();
  const missed = late.frames.filter((frame) => frame.method && frame.seq).length;
  expect(missed).toBeGreaterThan(0);
  await expect.poll(() => grown("spindle_replayed_frames_total"), looks).toBe(missed);
  expect(await grown("spindle_frames_sent_total")).toBe(live + missed);
  expect(await grown("spindle_replays_total")).toBe(1);
  expect(await grown("spindle_replay_seconds_count")).toBe(1);
  expect(await grown("spindle_frames_lost_total")).toBe(0);
});

story("sockets are counted as they come and go, at both doors", async ({ client, connect }) => {
  const open = async () => sampleOf(await scrape(), "spindle_sockets_open");
  const known = () =>
    runInDurableObject(directoryStub(environment, "local"), (instance) => {
      const { announcements } = instance as unknown as { announcements: { count: number } };
      return announcements.count;
    });
  const threadId = await client.startThread();
  const other = await connect();
  await other.request("thread/list", {});
  const joined = await known();
  expect(joined).toBeGreaterThanOrEqual(2);
  await expect.poll(open, looks).toBe(await known());
  const direct = await connect({ path: `/threads/${threadId}` });
  await expect.poll(open, looks).toBe((await known()) + 1);
  direct.close();
  other.close();
  await expect.poll(known, looks).toBeLessThan(joined);
  await expect.poll(open, looks).toBe(await known());
});

test("a thread whose object dies between its report and the answer counts nothing twice", async () => {
  const grown = await growing();
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.turn("say hi");
  await inThread(threadId, ({ host, metrics }) => {
    const { reportMetrics } = host;
    host.reportMetrics = async (report) => {
      await reportMetrics(report);
      throw new Error("the answer was lost");
    };
    return metrics.flush();
  });
  await crash(threadId);
  await client.untilQuiet();
  await expect.poll(() => inThread(threadId, ({ metrics }) => metrics.flush()), looks).toBe(true);
  const seq = await inThread(threadId, ({ current }) => current.seq);
  expect(await grown("spindle_frames_appended_total")).toBe(seq);
  expect(await grown("spindle_turns_started_total")).toBe(1);
  client.close();
});

test("a deleted thread leaves its counts, and nothing that names it or says how it stood", async () => {
  const grown = await growing();
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  await client.until("item/fileChange/requestApproval");
  await expect.poll(() => grown("spindle_approvals_pending", { kind: "file_change" }), looks).toBe(1);
  await client.request("thread/delete", { threadId });
  await expect.poll(() => grown("spindle_approvals_pending", { kind: "file_change" }), looks).toBe(0);
  await inThread(threadId, (runtime) => {
    const { now } = runtime.host;
    runtime.host.now = () => now() + 24 * 60 * 60_000;
  });
  while ((await inThread(threadId, ({ thread }) => thread)) !== null) await ring(threadId);
  expect(await grown("spindle_turns_started_total")).toBe(1);
  expect(await grown("spindle_turns_completed_total", { status: "interrupted" })).toBe(1);
  client.close();
});

test("nothing that is kept or told names an account, a thread or a repository", async () => {
  const client = await Client.connect({
    headers: await headersFor("alice"),
    environment: { SPINDLE_OPERATOR_TOKEN: "o".repeat(32) },
  });
  const threadId = await client.startThread();
  await client.turn("say alices-secret-word");
  await inThreadOf("alice", threadId);
  const text = await (await ask("/metrics")).text();
  const rows = await Promise.all(
    [0, 1, 2, 3].map((shard) =>
      runInDurableObject(metricsShardStub(environment, shard), (_, { storage }) =>
        JSON.stringify(["totals", "sources", "standings"].map((table) => storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
      ),
    ),
  );
  for (const told of [text, ...rows]) {
    expect(told).not.toContain(threadId);
    expect(told).not.toMatch(/alice/);
  }
  expect(rows.join()).toContain("turns_started_total{}");
  client.close();
});

async function inThreadOf(account: string, threadId: string): Promise<void> {
  const stub = environment.THREAD.get(environment.THREAD.idFromName(`${account}/${threadId}`));
  await runInDurableObject(stub, (instance) =>
    (instance as unknown as { runtime: { metrics: { flush(): Promise<boolean> } } }).runtime.metrics.flush(),
  );
}

test("with a token the metrics are for whoever has it, and for nobody else", async () => {
  const operator = { SPINDLE_METRICS_TOKEN: token, SPINDLE_TOKEN: "t".repeat(32), SPINDLE_OPERATOR_TOKEN: "o".repeat(32) };
  const with401: Record<string, string>[] = [
    {},
    { authorization: `Bearer ${"t".repeat(32)}` },
    { authorization: `Bearer ${"o".repeat(32)}` },
    { authorization: `Bearer ${token}x` },
    { authorization: `Basic ${token}` },
    await headersFor("alice"),
  ];
  for (const headers of with401) {
    const refused = await ask("/metrics", { headers, environment: operator });
    expect([refused.status, refused.headers.get("www-authenticate")], JSON.stringify(headers)).toEqual([401, "Bearer"]);
    expect(await refused.text()).not.toContain("spindle_");
  }
  const headers = { authorization: `Bearer ${token}`, accept };
  const read = await ask("/metrics", { host: "https://spindle.example", headers, environment: operator });
  expect(read.status).toBe(200);
  parseOpenMetrics(new TextDecoder().decode(await read.arrayBuffer()));
  // And it opens nothing else.
  expect((await ask("/", { headers, environment: operator })).status).toBe(401);
});

test("without a token they are there for this machine, and only where it needs no credential", async () => {
  expect((await ask("/metrics")).status).toBe(200);
  expect((await ask("/metrics", { host: "https://spindle.example" })).status).toBe(404);
  expect((await ask("/metrics", { headers: { "cf-connecting-ip": "203.0.113.7" } })).status).toBe(404);
  expect((await ask("/metrics", { environment: { SPINDLE_TOKEN: "t".repeat(32) } })).status).toBe(404);
  const short = await ask("/metrics", { environment: { SPINDLE_METRICS_TOKEN: "short" } });
  expect(short.status).toBe(500);
});

test("a shard that cannot be read makes the whole scrape fail: a sum without it would look like a counter that fell", async () => {
  const broken = {
    ...environment.METRICS,
    idFromName: () => ({}),
    get: () => ({ read: () => Promise.reject(new Error("away")) }),
  };
  const response = await ask("/metrics", { environment: { METRICS: broken as never } });
  expect([response.status, await response.text()]).toEqual([503, "a part of the metrics cannot be read now"]);
});

test("who is refused at the door is counted", async () => {
  const grown = await growing();
  const environment = { SPINDLE_TOKEN: "t".repeat(32) };
  for (let times = 0; times < 3; times++) expect((await ask("/", { environment })).status).toBe(401);
  await expect.poll(() => grown("spindle_requests_refused_total", { reason: "unauthorized" }), looks).toBe(3);
});

test("who names a frame that the log does not have is counted, for that must never be", async () => {
  const grown = await growing();
  const client = await Client.connect();
  const threadId = await client.startThread();
  const other = await Client.connect();
  expect((await other.resume(threadId, { afterSeq: 999 })).error?.message).toContain("afterSeq 999 is beyond");
  await expect.poll(() => grown("spindle_frames_lost_total"), looks).toBe(1);
  client.close();
  other.close();
});

test("the metrics outlive their objects' memory", async () => {
  const client = await Client.connect();
  const threadId = await client.startThread();
  await inThread(threadId, ({ metrics }) => metrics.flush());
  const before = sampleOf(await scrape(), "spindle_frames_appended_total");
  expect(before).toBeGreaterThan(0);
  await evictAllDurableObjects({ webSockets: "hibernate" });
  // Other threads of these stories may still tell.
  expect(sampleOf(await scrape(), "spindle_frames_appended_total")).toBeGreaterThanOrEqual(before);
  client.close();
});
