/** A finished turn teaches the same every time, without a model. */
import { expect, test } from "vitest";
import { distil, type FinishedTurn } from "#core/memory/distil";

const turn: FinishedTurn = {
  threadId: "thread-1",
  turnId: "turn-1",
  request: "Fix the failing parser",
  changes: [
    { path: "src/parser.ts", isApproved: false },
    { path: "src/parser.ts", isApproved: true },
    { path: "test/parser.test.ts", isApproved: true },
  ],
  commands: [
    { command: "npm test", exitCode: 1, output: "TypeError: x is not a function\n ENOENT" },
    { command: "ls", exitCode: 0, output: "" },
    { command: "npm test", exitCode: 0, output: "ok" },
  ],
  correction: "Do not touch the lexer;\nkeep its tests.",
};

test("a correction, a command that went from red to green and what was let in become three drafts", () => {
  expect(distil(turn)).toEqual([
    {
      kind: "pitfall",
      title: "A person corrected: Do not touch the lexer; keep its tests.",
      when: "Asked for: Fix the failing parser",
      content: "Do not touch the lexer; keep its tests.",
      keys: ["task:fix", "language:typescript"],
      trust: "user",
      provenance: [{ threadId: "thread-1", turnId: "turn-1", evidence: "user" }],
    },
    {
      kind: "workflow",
      title: "Check with: npm test",
      when: "Changes in typescript like: Fix the failing parser",
      content: "`npm test` failed first and passed after the change. Run it before saying that the work is done.",
      keys: ["task:fix", "language:typescript", "tool:npm test", "error:TypeError", "error:ENOENT"],
      trust: "agent",
      provenance: [{ threadId: "thread-1", turnId: "turn-1", evidence: "tests" }],
    },
    {
      kind: "strategy",
      title: "Where it was changed: Fix the failing parser",
      when: "Asked for: Fix the failing parser",
      content: "A person let in changes of `src/parser.ts`, `test/parser.test.ts` (typescript).",
      keys: ["task:fix", "language:typescript"],
      trust: "toolText",
      provenance: [{ threadId: "thread-1", turnId: "turn-1", evidence: "user" }],
    },
  ]);
  expect(distil(turn)).toEqual(distil(structuredClone(turn)));
});

test("a decline without a word is remembered as not wanted; a turn that settles nothing teaches nothing", () => {
  const declined = distil({ ...turn, correction: null, commands: [], changes: [{ path: "a.md", isApproved: false }] });
  expect(declined.map(({ kind, content }) => [kind, content])).toEqual([
    ["pitfall", "A person declined changes of `a.md`. Ask before changing them."],
  ]);
  const green = [
    { command: "npm test", exitCode: 0, output: "" },
    { command: "npm test", exitCode: 1, output: "" },
  ];
  expect(distil({ ...turn, correction: " ", commands: green, changes: [] })).toEqual([]);
});

test("a secret at the edge of a bound is hidden before the text is cut", () => {
  const secret = "ghp_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
  const [draft] = distil({ ...turn, correction: `${"word ".repeat(9)}${secret} ${"more ".repeat(200)}` });
  expect(JSON.stringify(draft)).not.toContain("ghp_");
  expect([draft?.title.length, draft?.content.length].map((length) => Number(length) <= 600)).toEqual([true, true]);
  expect(draft?.title.length).toBeLessThanOrEqual(80);
});
