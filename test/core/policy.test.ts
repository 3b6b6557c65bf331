import { expect, test } from "vitest";
import { commandActions, isPlainRead, judgeChanges, judgeCommand } from "#core/policy";

const nobody = { commands: [], paths: [] };

const plainReads = [
  "ls",
  "ls -la src",
  "cat a.txt | head -3 | wc -l",
  "pwd && ls; echo 'done'",
  `grep -n "two words" file.txt || true`,
  "find . -name '*.ts'",
  "sort names.txt | uniq -c",
  "jq .name package.json",
  "test -f a.txt",
  "test ! -f a.txt",
  "! grep -q x a.txt",
  "cd src && grep -q x a.ts || exit 1",
  "sleep 2; grep -q yes a.txt",
  "echo 'a > b $(c) `d`'",
];

const others = [
  "",
  "   ",
  "rm a.txt",
  "touch x",
  "echo a > b",
  "cat a >> b",
  "cat < a",
  "ls $(rm x)",
  "ls `rm x`",
  'echo "$(rm x)"',
  'echo "`rm x`"',
  "ls & rm x",
  "A=1 ls",
  "(ls)",
  "{ ls; }",
  "for f in *; do cat $f; done",
  "find . -delete",
  "find . -exec rm {} ;",
  "find . -fprintf out x",
  "sort -o out in",
  "sort -oout in",
  "sort -ro out in",
  "sort --output=out in",
  "uniq in out",
  "date --set=now",
  "cat 'unfinished",
  'cat "unfinished',
  "ls |& tee x",
  "sed -n 1p a",
  "awk 1 a",
  "tee x",
  "xargs rm",
  "env rm x",
  "constructor",
  "toString",
  "cat a\\\nb",
  "ls !$",
  "! rm a.txt",
  "!ls",
  "!",
  "cat ~/x",
];

test.each(plainReads)("%j only looks", (command) => {
  expect(isPlainRead(command)).toBe(true);
});

test.each(others)("%j is not known to only look", (command) => {
  expect(isPlainRead(command)).toBe(false);
});

test("untrusted asks before what may write, unless that very command was allowed for the session", () => {
  expect(judgeCommand("ls", "untrusted", nobody)).toBe("allow");
  expect(judgeCommand("rm a", "untrusted", nobody)).toBe("ask");
  expect(judgeCommand("rm a", "untrusted", { ...nobody, commands: ["rm a"] })).toBe("allow");
  expect(judgeCommand("rm a b", "untrusted", { ...nobody, commands: ["rm a"] })).toBe("ask");
});

test("under the other policies commands run in the overlay unasked", () => {
  for (const policy of ["on-request", "never"] as const) expect(judgeCommand("rm -rf .", policy, nobody)).toBe("allow");
});

test("every change of files asks, unless nobody is ever asked or somebody allowed all of these files for the session", () => {
  const granular = {
    granular: { mcp_elicitations: true, request_permissions: false, rules: true, sandbox_approval: true, skill_approval: false },
  };
  for (const policy of ["untrusted", "on-request", granular] as const) {
    expect(judgeChanges(policy, nobody, ["a.txt"])).toBe("ask");
    expect(judgeChanges(policy, { commands: [] }, ["a.txt"])).toBe("ask");
    const granted = { ...nobody, paths: ["a.txt", "b.txt"] };
    expect(judgeChanges(policy, granted, ["b.txt"])).toBe("allow");
    expect(judgeChanges(policy, granted, ["b.txt", "c.txt"])).toBe("ask");
  }
  expect(judgeChanges("never", nobody, ["a.txt"])).toBe("allow");
});

test("clients are told what a plain read looks at", () => {
  expect(commandActions("ls -la src")).toEqual([{ type: "listFiles", command: "ls -la src", path: "src" }]);
  expect(commandActions("cat src/a.ts")).toEqual([{ type: "read", command: "cat src/a.ts", name: "a.ts", path: "src/a.ts" }]);
  expect(commandActions("grep -n x src")).toEqual([{ type: "search", command: "grep -n x src", query: "x", path: "src" }]);
  expect(commandActions("rm x")).toEqual([{ type: "unknown", command: "rm x" }]);
});
