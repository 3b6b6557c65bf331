/** `/metrics` of a server beside what clients counted by themselves. */
import { type Family, parseOpenMetrics, sampleOf } from "../../support/open-metrics.ts";
import { pause } from "../process-group.ts";

export type Expected = [name: string, labels: Record<string, string>, value: number];

/** How long the last report may take to arrive. */
export const patienceMs = 60_000;

/** Waits until all of them are as expected, or will not be any more; then says each. Returns what was the same, and what was not. */
export async function compare(
  server: { url: string; token: string },
  when: string,
  expected: Expected[],
): Promise<{ passed: number; failed: number }> {
  console.log(`\n${when}`);
  const deadline = Date.now() + patienceMs;
  let families = await scrape(server);
  const value = ([name, labels]: Expected) => sampleOf(families, name, labels);
  while (expected.some((one) => value(one) !== one[2]) && Date.now() < deadline) {
    await pause(500);
    families = await scrape(server);
  }
  let passed = 0;
  for (const one of expected) {
    const [name, labels, wanted] = one;
    const isEqual = value(one) === wanted;
    if (isEqual) passed += 1;
    const labelText = Object.values(labels).join(", ");
    console.log(`${isEqual ? "ok  " : "FAIL"} ${name} ${labelText}: clients ${wanted}, metrics ${value(one)}`);
  }
  return { passed, failed: expected.length - passed };
}

/** Throws where the answer is no OpenMetrics. */
export async function scrape({ url, token }: { url: string; token: string }): Promise<Map<string, Family>> {
  const response = await fetch(`${url}/metrics`, {
    headers: { accept: "application/openmetrics-text;version=1.0.0", authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}: ${await response.text()}`);
  return parseOpenMetrics(await response.text());
}
