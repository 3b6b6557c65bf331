/** What a tool's result says of an assumption, where code can read that: exit codes, tests, searches, files. Anything unclear says nothing. */
import type { ToolProbe } from "#core/decision-tree/probe";
import type { CommandOutput } from "#core/private";

/** Whether the assumption was observed to be true; null: the result does not tell. */
export function observationOf(probe: Pick<ToolProbe, "method" | "trueWhen">, output: CommandOutput): boolean | null {
  const succeeded = successOf(probe.method, output);
  return succeeded === null ? null : succeeded === (probe.trueWhen === "succeeds");
}

function successOf(method: ToolProbe["method"], output: CommandOutput): boolean | null {
  switch (method) {
    case "tests":
      return testsPassed(output);
    case "search":
      return hasHits(output);
    case "file_exists":
      return fileExists(output);
    case "command":
      return commandSucceeded(output);
    default:
      return method satisfies never;
  }
}

/** 0 is yes, anything else is no, except where the shell itself says that the command did not run, or was ended. */
export function commandSucceeded({ exitCode }: CommandOutput): boolean | null {
  return didNotRun(exitCode) ? null : exitCode === 0;
}

/** grep and rg: 0 found, 1 found nothing, 2 and above could not look. A 0 without a line is `-q`. */
export function hasHits({ exitCode }: CommandOutput): boolean | null {
  if (exitCode === 0) return true;
  return exitCode === 1 ? false : null;
}

/** `test -e`, `[ -f`, `ls`: 0 is there, 1 or 2 is not; `test` with a mistake in it says so on stderr. */
export function fileExists({ exitCode, stderr }: CommandOutput): boolean | null {
  if (exitCode === 0) return true;
  if (exitCode === 1) return false;
  return exitCode === 2 && /no such file/i.test(stderr) ? false : null;
}

/**
 * The exit code, unless no test ran at all. A summary that contradicts the exit code is unclear: a pipe into `tail` hides failures,
 * and a linter behind `&&` fails tests that passed.
 */
export function testsPassed(output: CommandOutput): boolean | null {
  if (didNotRun(output.exitCode)) return null;
  const { passed, failed } = countTests(`${output.stdout}\n${output.stderr}`);
  // pytest's own code for "no tests collected".
  if (output.exitCode === 5 && passed === 0 && failed === 0) return null;
  if (passed === null || failed === null) return output.exitCode === 0;
  if (passed + failed === 0) return null;
  return (output.exitCode === 0) === (failed === 0) ? failed === 0 : null;
}

/** 124: `timeout`; 125 to 127: could not be run or found; above 128: ended by a signal. */
function didNotRun(exitCode: number): boolean {
  return (exitCode >= 124 && exitCode <= 127) || exitCode > 128 || exitCode < 0;
}

/**
 * Tests in the last summary line of the usual runners; null where there is none. Examples: `Tests  1 failed | 3 passed (4)` (vitest), `Tests: 1 failed, 3 passed,
 * 4 total` (jest), `1 failed, 3 passed in 0.1s` (pytest), `test result: FAILED. 3 passed; 1 failed;` (cargo), `# pass 3` and `# fail 1` (node).
 */
export function countTests(text: string): { passed: number | null; failed: number | null } {
  if (/\bno tests? (ran|found|collected)|\bno test files\b/i.test(text)) return { passed: 0, failed: 0 };
  const tap = { pass: lastNumber(text, /^[#ℹ] pass (\d+)$/gm), fail: lastNumber(text, /^[#ℹ] fail (\d+)$/gm) };
  if (tap.pass !== null && tap.fail !== null) return { passed: tap.pass, failed: tap.fail };
  const plain = text.slice(-tailCharacters).replace(colours, "");
  const lines = plain.split("\n").filter((line) => summaries.some((summary) => summary.test(line)));
  const line = lines.at(-1);
  if (line === undefined) return { passed: null, failed: null };
  const errors = lastNumber(line, /(\d+) errors?\b/g) ?? 0;
  return { passed: lastNumber(line, /(\d+) passed/g) ?? 0, failed: (lastNumber(line, /(\d+) failed/g) ?? 0) + errors };
}

const summaries = [
  /^\s*Tests:?\s+.*\d+ (passed|failed)/,
  /^=*\s*\d+ (passed|failed|errors?)\b.* in [\d.]+ ?m?s/,
  /^test result: /,
];
/** A summary stands at the end; the rest of a long output need not be read. */
const tailCharacters = 16 * 1024;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colours begin with this character.
const colours = /\u001b\[[\d;]*m/g;

function lastNumber(text: string, pattern: RegExp): number | null {
  const [, digits] = Array.from(text.matchAll(pattern)).at(-1) ?? [];
  return digits === undefined ? null : Number(digits);
}
