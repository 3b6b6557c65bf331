/**
 * `GET /metrics`: what all objects counted, for Prometheus. It has a token of its own, which opens nothing else; no other credential
 * opens it. Without one it is there for this machine only, and only where that needs no credential at all.
 */
import { type Context, Hono } from "hono";
import { metricsLimits } from "#core/limits";
import { addAll } from "#core/metrics/counts";
import { contentTypes, exposition, formatFor, type Totals } from "#core/metrics/exposition";
import { protocolVersion } from "#models/catalogue";
import { type Environment, metricsShardStub, metricsShards } from "../durable-objects/environment.ts";
import { report, sleep } from "../durable-objects/platform.ts";
import { isFromThisMachine } from "./authentication.ts";
import { bearerOf } from "./credentials/authorization-header.ts";
import { isSameSecret } from "./credentials/secret.ts";
import { readSettings } from "./credentials/settings.ts";
import { countAtDoor } from "./door-counts.ts";
import { mayBeWrong, tooManyRefusals } from "./rate-limits.ts";

interface MetricsDoor {
  Bindings: Environment;
}

export const metricsRoute = new Hono<MetricsDoor>();

metricsRoute.get("/metrics", async (context) => {
  const refusal = await refusalOf(context);
  if (refusal) return refusal;
  const format = formatFor(context.req.header("accept"));
  let totals: Totals;
  try {
    totals = await readAll(context.env);
  } catch (error) {
    // A sum without one of them would look like a counter that fell.
    report("metricsUnreadable", { error: String(error) });
    return context.text("a part of the metrics cannot be read now", 503);
  }
  const text = exposition(totals, format, { nowMs: Date.now(), version: protocolVersion });
  return context.body(text, 200, { "content-type": contentTypes[format], "cache-control": "no-store" });
});

async function refusalOf(context: Context<MetricsDoor>): Promise<Response | null> {
  const settings = readSettings(context.env);
  if ("problem" in settings) {
    report("credentialsMisconfigured", settings);
    return context.text("this server's credentials are configured wrongly; its log says how", 500);
  }
  const { metricsToken, isOpen } = settings;
  // Nobody learns whether there are metrics here.
  if (metricsToken === null) return isOpen && isFromThisMachine(context) ? null : context.text("no such page", 404);
  const bearer = bearerOf(context.req.header("authorization"));
  if ("token" in bearer && (await isSameSecret(bearer.token, metricsToken))) return null;
  if (!(await mayBeWrong(context))) {
    countAtDoor(context, "requests_refused_total", { reason: "rate" });
    return tooManyRefusals(context);
  }
  countAtDoor(context, "requests_refused_total", { reason: "unauthorized" });
  return context.text("the metrics need their own token", 401, { "www-authenticate": "Bearer" });
}

/** All shards, or none: throws where one cannot be reached in time. */
async function readAll(environment: Environment): Promise<Totals> {
  const shards = Array.from({ length: metricsShards(environment) }, (_, shard) => metricsShardStub(environment, shard).read());
  const done = new AbortController();
  const tooLate = sleep(metricsLimits.readMsMax, done.signal).then((): Totals[] => {
    throw new Error(`not all shards answered within ${metricsLimits.readMsMax} ms`);
  });
  // Whoever lost the race fails unheard.
  tooLate.catch(() => {});
  try {
    return (await Promise.race([Promise.all(shards), tooLate])).reduce(together, {
      counts: {},
      gauges: {},
      oldestPendingAtMs: null,
      stalestAtMs: null,
    });
  } finally {
    done.abort();
  }
}

function together(all: Totals, shard: Totals): Totals {
  addAll(all.counts, shard.counts);
  addAll(all.gauges, shard.gauges);
  return {
    ...all,
    oldestPendingAtMs: earlier(all.oldestPendingAtMs, shard.oldestPendingAtMs),
    stalestAtMs: earlier(all.stalestAtMs, shard.stalestAtMs),
  };
}

function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
