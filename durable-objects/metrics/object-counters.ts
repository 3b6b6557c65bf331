/** The counters of one object on the platform. */
import type { Gauges } from "#core/metrics/report";
import { Counters } from "#metrics/counters";
import { type Environment, metricsIntervalMs, metricsStub } from "../environment.ts";
import { newId, sleep } from "../platform.ts";

/** `gauges`: how the object stands, asked when that is told. The object's id names nobody: it is a hash of its name. */
export function countersOf(
  context: DurableObjectState,
  environment: Environment,
  gauges?: () => Omit<Gauges, "subject" | "order" | "atMs">,
): Counters {
  const subject = context.id.toString();
  const intervalMs = metricsIntervalMs(environment);
  return new Counters({
    source: newId(),
    ...(gauges ? { gauges: () => ({ subject, order: Date.now(), atMs: Date.now(), ...gauges() }) } : {}),
    send: async (report) => metricsStub(environment, subject).take(report),
    sleep: (durationMs) => sleep(durationMs, new AbortController().signal),
    ...(intervalMs === undefined ? {} : { intervalMs }),
  });
}
