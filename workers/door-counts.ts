/**
 * Counts what happens at the front door, where no object is. It is told once, a moment after the answer, and whatever happened meanwhile
 * with it: a flood of bad requests is one report a second of this isolate. An isolate that ends first takes its last second along, and so
 * does a report that fails: these are the only counts that may be lost without a crash.
 */
import type { Context } from "hono";
import { add, type Counts } from "#core/metrics/counts";
import type { CounterName, LabelsOf } from "#core/metrics/table";
import { type Environment, metricsIntervalMs, metricsStub } from "../durable-objects/environment.ts";
import { newId, report, sleep } from "../durable-objects/platform.ts";

const gatherMs = 1_000;
/** A request that ended with its client may have taken the report along: then the next one begins anew. */
const givenUpAfterMs = 30_000;

let source: string | null = null;
let lastNumber = 0;
let counted: Counts = {};
let busyUntilMs = 0;

export function countAtDoor<Name extends CounterName>(
  { env, executionCtx }: { env: Environment; executionCtx: Context["executionCtx"] },
  name: Name,
  labels: LabelsOf<Name>,
  by = 1,
): void {
  add(counted, name, labels, by);
  const nowMs = Date.now();
  if (nowMs < busyUntilMs) return;
  busyUntilMs = nowMs + givenUpAfterMs;
  executionCtx.waitUntil(tell(env));
}

async function tell(environment: Environment): Promise<void> {
  await sleep(Math.min(gatherMs, metricsIntervalMs(environment) ?? gatherMs), new AbortController().signal);
  const counts = counted;
  counted = {};
  // Not in the global scope, where the platform gives no random numbers.
  source ??= newId();
  lastNumber += 1;
  try {
    await metricsStub(environment, source).take({ source, from: lastNumber, to: lastNumber, counts });
  } catch (error) {
    report("metricsUnreachable", { error: String(error) });
  } finally {
    busyUntilMs = 0;
  }
}
