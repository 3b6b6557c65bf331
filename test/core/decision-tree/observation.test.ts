import { expect, test } from "vitest";
import { countTests, observationOf } from "#core/decision-tree/observation";
import type { ToolProbe } from "#core/decision-tree/probe";

function observed(
  method: ToolProbe["method"],
  exitCode: number,
  stdout = "",
  stderr = "",
  trueWhen: "succeeds" | "fails" = "succeeds",
) {
  return observationOf({ method, trueWhen }, { exitCode, stdout, stderr });
}

test("an exit code is an observation, unless the command never ran or was ended", () => {
  expect(observed("command", 0)).toBe(true);
  expect(observed("command", 1)).toBe(false);
  expect([124, 126, 127, 137, 143].map((code) => observed("command", code))).toEqual([null, null, null, null, null]);
});

test("a search that finds nothing is an observation, one that could not look is none", () => {
  expect(observed("search", 0, "src/a.ts:1:load()")).toBe(true);
  expect(observed("search", 1)).toBe(false);
  expect(observed("search", 2, "", "grep: no such file")).toBeNull();
});

test("an assumption that something is absent is true when the search fails", () => {
  expect(observed("search", 1, "", "", "fails")).toBe(true);
  expect(observed("search", 0, "hit", "", "fails")).toBe(false);
  expect(observed("search", 2, "", "", "fails")).toBeNull();
});

test("a file is there, or is not, or the question was wrong", () => {
  expect(observed("file_exists", 0)).toBe(true);
  expect(observed("file_exists", 1)).toBe(false);
  expect(observed("file_exists", 2, "", "ls: cannot access 'x': No such file or directory")).toBe(false);
  expect(observed("file_exists", 2, "", "test: too many arguments")).toBeNull();
});

test("tests tell by their exit code and their summary, and nothing when the two contradict each other", () => {
  expect(observed("tests", 0, " Tests  4 passed (4)")).toBe(true);
  expect(observed("tests", 1, " Tests  1 failed | 3 passed (4)")).toBe(false);
  expect(observed("tests", 1)).toBe(false);
  // `npm test | tail` ends with the exit code of `tail`.
  expect(observed("tests", 0, " Tests  1 failed | 3 passed (4)")).toBeNull();
  // `npm test && npm run lint` fails though the tests did not.
  expect(observed("tests", 1, " Tests  4 passed (4)")).toBeNull();
});

test("tests that did not run tell nothing", () => {
  expect(observed("tests", 0, "No test files found, exiting with code 0")).toBeNull();
  expect(observed("tests", 5, "===== no tests ran in 0.01s =====")).toBeNull();
  expect(observed("tests", 127, "", "npm: command not found")).toBeNull();
});

/** Summaries as the runners print them. */
const summaries: [runner: string, text: string, passed: number | null, failed: number | null][] = [
  [
    "vitest",
    "\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m | \u001b[32m3 passed\u001b[39m (4)",
    3,
    1,
  ],
  ["jest", "Tests:       1 failed, 2 skipped, 3 passed, 6 total\nTime: 1 s", 3, 1],
  ["pytest", "========= 1 failed, 3 passed, 1 error in 0.12s =========", 3, 2],
  ["pytest, quiet", "3 passed in 0.12s", 3, 0],
  ["cargo", "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out", 3, 1],
  ["node", "# tests 4\n# pass 3\n# fail 1", 3, 1],
  ["node, in a terminal", "ℹ pass 3\nℹ fail 0", 3, 0],
  ["one that is not known", "ok all good, 3 things passed", null, null],
];

for (const [runner, text, passed, failed] of summaries) {
  test(`the summary of ${runner} is read`, () => {
    expect(countTests(text)).toEqual({ passed, failed });
  });
}
