/** What held and what did not, said as it is found. */
export class Verdict {
  passed = 0;
  failed = 0;

  check(what: string, holds: boolean, seen?: unknown): void {
    this.add(holds ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
    console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds || seen === undefined ? "" : `: ${JSON.stringify(seen)}`}`);
  }

  add({ passed, failed }: { passed: number; failed: number }): void {
    this.passed += passed;
    this.failed += failed;
  }
}
