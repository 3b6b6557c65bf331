/** The steps that a check took, and their table. */
export interface Step {
  title: string;
  problem: string | null;
  durationMs: number;
}

export class Steps {
  private readonly taken: Step[] = [];

  get failed(): number {
    return this.taken.filter(({ problem }) => problem !== null).length;
  }

  add(step: Step): void {
    this.taken.push(step);
    console.log(`${step.problem === null ? "ok    " : "failed"} ${step.title}`);
  }

  print(): void {
    console.log("\n| step | result | ms |\n|---|---|---:|");
    for (const { title, problem, durationMs } of this.taken) {
      console.log(`| ${title} | ${problem === null ? "ok" : "failed"} | ${durationMs} |`);
    }
    for (const { title, problem } of this.taken) if (problem !== null) console.log(`\n${title}:\n${problem}`);
  }

  /** The line that counts, for whoever reads only that. */
  printCounts(): void {
    console.log(`${this.taken.length - this.failed} passed, ${this.failed} failed`);
  }
}
