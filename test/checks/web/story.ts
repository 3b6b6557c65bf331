/** What a story is told with, and what it counts. */
import type { Browser } from "playwright-core";
import type { Server } from "../server.ts";

export interface Stage {
  browser: Browser;
  server: Server;
}

export type Story = (stage: Stage) => Promise<void>;

export const results = { passed: 0, failed: 0 };

/** Those whose title has the words in `STEP`, or all. */
export async function step(title: string, work: () => Promise<void>): Promise<void> {
  if (!title.includes(process.env.STEP ?? "")) return;
  const startedAtMs = performance.now();
  try {
    await work();
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

export async function eventually(what: string, isSo: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  for (
    const deadlineMs = Date.now() + timeoutMs;
    Date.now() < deadlineMs;
    await new Promise((resolve) => setTimeout(resolve, 50))
  ) {
    if (await isSo()) return;
  }
  throw new Error(`${what} does not come to pass`);
}
