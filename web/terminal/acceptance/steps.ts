/** Steps by name, told one a line; the end is `N passed, N failed`. */

export interface Step {
  title: string;
  run(): Promise<void>;
}

export interface Tally {
  passed: number;
  failed: number;
}

/** Does one after the other. `untilFailure`: what comes behind a failed step stands on it, and is not tried. */
export async function tryAll(
  steps: readonly Step[],
  { timeoutMs, untilFailure }: { timeoutMs: number; untilFailure: boolean },
): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 };
  for (const [place, { title, run }] of steps.entries()) {
    const problem = await within(run(), timeoutMs).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    console.log(`${problem === null ? "ok    " : "FAILED"} ${title}${problem === null ? "" : `\n       ${problem}`}`);
    if (problem === null) tally.passed += 1;
    else tally.failed += 1;
    if (problem === null || !untilFailure) continue;
    const left = steps.length - place - 1;
    if (left > 0) console.log(`       ${left} more not tried`);
    break;
  }
  return tally;
}

/** Rejects after the time; the work itself is not stopped. */
export async function within<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`nothing came within ${timeoutMs / 1_000} s`)), timeoutMs);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

export function must(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise);
}
