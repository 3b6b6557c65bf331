/** Works through a list with a bounded number under way. Stops at the first failure, when what was under way has ended. */
import { filesLimits } from "./limits.ts";

export async function pooled<Entry>(entries: readonly Entry[], work: (entry: Entry) => Promise<void>): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const worker = async () => {
    while (next < entries.length && failures.length === 0) {
      const entry = entries[next] as Entry;
      next += 1;
      await work(entry).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(filesLimits.requestsInFlightMax, entries.length) }, worker));
  if (failures.length > 0) throw failures[0];
}
