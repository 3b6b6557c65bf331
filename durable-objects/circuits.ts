/** Circuits of this isolate, for all its objects, and how they are told to the metrics: each change once, under a name of the isolate's own. */
import { type Counts, seriesOf, setGauge } from "#core/metrics/counts";
import { isolateSubject } from "#core/metrics/report";
import { metrics } from "#core/metrics/table";
import { Breaker } from "#outbound/outbound";
import { type Environment, metricsShardStub, metricsShards, metricsStub } from "./environment.ts";

export const endpoints = metrics.circuit_open.labels.circuit;
export type Endpoint = (typeof endpoints)[number];

type Report = (event: string, details: Record<string, unknown>) => void;

const names: Record<Endpoint, string> = { model: "the model's endpoint", github: "GitHub" };
const open = new Set<Endpoint>();
let subject: string | null = null;
let told = 0;

/** Whoever calls the endpoint keeps it, so that there is one in the isolate. */
export function circuitOf(environment: Environment, endpoint: Endpoint, report: Report): Breaker {
  return new Breaker(names[endpoint], report, {
    changed: (state) => {
      if (state === "closed") open.delete(endpoint);
      else open.add(endpoint);
      tell(environment).catch((error) => report("metricsUnreachable", { error: String(error) }));
    },
  });
}

/** Nothing waits for it. One that is lost is made up for by the next change, which is a minute away at most, or by nobody caring any more. */
async function tell(environment: Environment): Promise<void> {
  // Not in the global scope, where the platform gives no random numbers.
  subject ??= isolateSubject(crypto.randomUUID());
  told += 1;
  const values: Counts = {};
  for (const endpoint of open) setGauge(values, "circuit_open", { circuit: endpoint }, 1);
  const gauges = { subject, order: told, atMs: Date.now(), values, oldestPendingAtMs: null };
  await metricsStub(environment, subject).take({ source: subject, from: 1, to: 0, counts: {}, gauges });
}

/** Which endpoints are left alone somewhere now, as the metrics know; null where they cannot be asked. */
export async function readCircuits(environment: Environment): Promise<{ endpoint: Endpoint; isOpen: boolean }[] | null> {
  const shards = Array.from({ length: metricsShards(environment) }, (_, shard) => metricsShardStub(environment, shard).read());
  const read = await Promise.all(shards).catch(() => null);
  if (!read) return null;
  return endpoints.map((endpoint) => {
    const series = seriesOf("circuit_open", { circuit: endpoint });
    return { endpoint, isOpen: read.some(({ gauges }) => (gauges[series] ?? 0) > 0) };
  });
}
