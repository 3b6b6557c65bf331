/** What became of tests that a turn ran: evidence for its decision, and the memory's measure of it. */
import { countTests, testsPassed } from "#core/decision-tree/observation";
import type { ThreadItem } from "#protocol/item";

type CommandRun = Extract<ThreadItem, { type: "commandExecution" }>;

/**
 * Of tests that ran more than once by the same command: the first run against the last or, `around` an item, the last one before it against the
 * last one after it. Where some pass now and some broke, they broke. Null where none turned.
 */
export function testsTurned(items: readonly ThreadItem[], around?: string): "passed" | "broke" | null {
  const middle = items.findIndex(({ id }) => id === around);
  const isTesting = testing(items);
  const verdicts = (some: readonly ThreadItem[]) => new Map(commandRuns(some).flatMap((run) => verdictOf(run, isTesting)));
  const before = verdicts(middle < 0 ? items.toReversed() : items.slice(0, middle));
  const after = verdicts(items.slice(middle + 1));
  const turned = Array.from(after).filter(([command, passed]) => before.has(command) && before.get(command) !== passed);
  if (turned.length === 0) return null;
  return turned.every(([, passed]) => passed) ? "passed" : "broke";
}

/** A command that names tests in any of its runs tests in all of them: a run that broke down before its summary is a red one. */
function testing(items: readonly ThreadItem[]): ReadonlySet<string> {
  const naming = commandRuns(items).filter(({ aggregatedOutput }) => {
    const { passed, failed } = countTests(aggregatedOutput ?? "");
    return (passed ?? 0) + (failed ?? 0) > 0;
  });
  return new Set(naming.map(({ command }) => command));
}

function verdictOf({ command, exitCode, aggregatedOutput }: CommandRun, isTesting: ReadonlySet<string>): [string, boolean][] {
  if (exitCode === null || !isTesting.has(command)) return [];
  const passed = testsPassed({ stdout: aggregatedOutput ?? "", stderr: "", exitCode });
  return passed === null ? [] : [[command, passed]];
}

function commandRuns(items: readonly ThreadItem[]): CommandRun[] {
  return items.filter((item) => item.type === "commandExecution");
}
