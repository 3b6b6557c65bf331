/** What a story is told with, and what it counts. */
import type { Browser } from "playwright-core";
import type { Server } from "../server.ts";

export interface Stage {
  browser: Browser;
  server: Server;
}

export type Story = (stage: Stage) => Promise<void>;

export const results = { passed: 0, failed: 0 };

/** The longest that a step may take: a browser that hangs is red, and the others are still played. */
const stepMsMax = 5 * 60_000;

/** Those whose title has the words in `STEP`, or all. */
export async function step(title: string, work: () => Promise<void>): Promise<void> {
  if (!title.includes(process.env.STEP ?? "")) return;
  const startedAtMs = performance.now();
  try {
    await within(stepMsMax, "this step", work());
    results.passed += 1;
    console.log(`ok   ${title} (${((performance.now() - startedAtMs) / 1000).toFixed(1)} s)`);
  } catch (error) {
    results.failed += 1;
    console.log(`FAIL ${title}\n     ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function equal(found: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${one}\n     instead of ${other}`);
}

/** Some questions to a page that is being loaded are never answered: it is asked again. */
const lookMsMax = 10_000;

export async function eventually(what: string, isSo: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  for (
    const deadlineMs = Date.now() + timeoutMs;
    Date.now() < deadlineMs;
    await new Promise((resolve) => setTimeout(resolve, 50))
  ) {
    if (await answeredIn(lookMsMax, isSo())) return;
  }
  throw new Error(`${what} does not come to pass`);
}

async function within<Value>(durationMs: number, what: string, work: Promise<Value>): Promise<Value> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLate.reject(new Error(`${what} is not over after ${durationMs / 1_000} s`)), durationMs);
  return Promise.race([work, tooLate.promise]).finally(() => clearTimeout(timer));
}

/** False, too, where no answer comes. */
async function answeredIn(durationMs: number, asked: Promise<boolean>): Promise<boolean> {
  const tooLate = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => tooLate.resolve(false), durationMs);
  return Promise.race([asked, tooLate.promise]).finally(() => clearTimeout(timer));
}
