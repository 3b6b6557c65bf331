/** What a yes is bound to, which proposal it names, and which paths it cannot reach. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { type KnownProposal, matchProposal } from "#core/github/match-proposal";
import { type BoundDiff, type PathChange, proposalHash } from "#core/github/proposal-hash";
import { namingProblems, needsNaming, refusedPaths } from "#core/github/refused-paths";
import { type Review, type ReviewedPull, readReview } from "#core/github/review";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const oid = (digit: string) => digit.repeat(40);

const bound: BoundDiff = {
  repositoryId: 42,
  baseOid: oid("b"),
  changes: [
    { path: "b.txt", mode: 0o100644, before: oid("1"), after: oid("2") },
    { path: "a.txt", mode: null, before: oid("3"), after: null },
    { path: "run.sh", mode: 0o100755, before: null, after: oid("4") },
  ],
};

test("a proposal's hash is made of canonical JSON, which anybody can write down", () => {
  const rows = [
    `["a.txt",null,"${oid("3")}",null]`,
    `["b.txt","100644","${oid("1")}","${oid("2")}"]`,
    `["run.sh","100755",null,"${oid("4")}"]`,
  ];
  const written = `[42,"${oid("b")}",[${rows.join(",")}]]`;
  expect(proposalHash(bound, sha256)).toBe(sha256(written));
  expect(proposalHash({ ...bound, changes: bound.changes.toReversed() }, sha256)).toBe(sha256(written));
});

test("any other repository, base, path, mode or content is another hash", () => {
  const [first, ...rest] = bound.changes as [PathChange, ...PathChange[]];
  const others: BoundDiff[] = [
    bound,
    { ...bound, repositoryId: 43 },
    { ...bound, baseOid: oid("c") },
    { ...bound, changes: rest },
    ...[{ path: "c.txt" }, { mode: 0o100755 }, { before: oid("5") }, { after: oid("5") }, { before: null }].map((other) => ({
      ...bound,
      changes: [{ ...first, ...other }, ...rest],
    })),
  ];
  expect(new Set(others.map((other) => proposalHash(other, sha256))).size).toBe(others.length);
});

test("a hash is never made of what git would not say", () => {
  const [first] = bound.changes as [PathChange];
  for (const changes of [
    [first, first],
    [{ ...first, after: "main" }],
    [{ ...first, mode: null }],
    [{ ...first, after: null }],
  ]) {
    expect(() => proposalHash({ ...bound, changes }, sha256)).toThrow();
  }
  expect(() => proposalHash({ ...bound, baseOid: "main" }, sha256)).toThrow();
});

test("the hash can be made from what git says of the commit", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "spindle-hash-"));
  const git = (...words: string[]) => execFileSync("git", words, { cwd: folder, encoding: "utf8" }).trim();
  const commit = () => git("-c", "user.name=a", "-c", "user.email=a@a.example", "commit", "-qm", "a");
  try {
    git("init", "-q");
    fs.writeFileSync(path.join(folder, "a.txt"), "one\n");
    fs.writeFileSync(path.join(folder, "gone.txt"), "gone\n");
    git("add", "-A");
    commit();
    const baseOid = git("rev-parse", "HEAD");
    fs.writeFileSync(path.join(folder, "a.txt"), "two\n");
    fs.rmSync(path.join(folder, "gone.txt"));
    fs.writeFileSync(path.join(folder, "run.sh"), "run\n", { mode: 0o755 });
    git("add", "-A");
    commit();
    const rows = git("diff-tree", "-r", "--raw", "--no-renames", "--no-abbrev", baseOid, "HEAD").split("\n");
    const changes = rows.map((row): PathChange => {
      const [, mode = "", before = "", after = "", name = ""] = /^:\d+ (\d+) (\w+) (\w+) \w\t(.*)$/.exec(row) ?? [];
      const there = (blob: string) => (/^0+$/.test(blob) ? null : blob);
      return {
        path: name,
        mode: there(mode) === null ? null : Number.parseInt(mode, 8),
        before: there(before),
        after: there(after),
      };
    });
    const blob = (content: string) => createHash("sha1").update(`blob ${content.length}\0${content}`).digest("hex");
    const proposed: PathChange[] = [
      { path: "run.sh", mode: 0o100755, before: null, after: blob("run\n") },
      { path: "gone.txt", mode: null, before: blob("gone\n"), after: null },
      { path: "a.txt", mode: 0o100644, before: blob("one\n"), after: blob("two\n") },
    ];
    expect(proposalHash({ repositoryId: 1, baseOid, changes }, sha256)).toBe(
      proposalHash({ repositoryId: 1, baseOid, changes: proposed }, sha256),
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

const proposal = (hash: string, state: KnownProposal["state"] = "open", threadId = "t"): KnownProposal => ({
  hash: hash.padEnd(64, "0"),
  threadId,
  state,
});

test.each<[string, KnownProposal[], string]>([
  ["malformed", [proposal("0123456789ab")], "0123456789a"],
  ["malformed", [proposal("0123456789ab")], "0123456789aB"],
  ["malformed", [proposal("0123456789ab")], ""],
  ["none", [], "0123456789ab"],
  ["none", [proposal("0123456789ac")], "0123456789ab"],
  ["otherThread", [proposal("0123456789ab", "open", "other")], "0123456789ab"],
  ["ambiguous", [proposal("0123456789ab1"), proposal("0123456789ab2")], "0123456789ab"],
  ["ambiguous", [proposal("0123456789ab1", "stale"), proposal("0123456789ab2")], "0123456789ab"],
  ["ambiguous", [proposal("0123456789ab1", "decided"), proposal("0123456789ab2")], "0123456789ab"],
  ["stale", [proposal("0123456789ab", "stale"), proposal("ff")], "0123456789ab"],
  ["decided", [proposal("0123456789ab", "decided")], "0123456789ab"],
  ["decided", [proposal("0123456789ab", "stale"), proposal("0123456789ab", "decided")], "0123456789ab"],
])("an approval is refused as %s (case %#)", (refused, known, prefix) => {
  expect(matchProposal(prefix, "t", known)).toMatchObject({ refused });
});

test("an approval names the one open proposal of its thread, by twelve digits or all of them", () => {
  const open = proposal("0123456789abcdef");
  const known = [
    proposal("ff", "decided"),
    open,
    proposal("0123456789abcdef", "open", "other"),
    proposal("0123456789abcdef", "stale"),
  ];
  for (const digits of [12, 16, 64]) expect(matchProposal(open.hash.slice(0, digits), "t", known)).toEqual({ proposal: open });
  expect(matchProposal("f".repeat(12), "t", known)).toMatchObject({ answer: expect.stringContaining("`0123456789abcdef`") });
});

const added = (name: string, after = 0o100644) => ({ path: name, before: null, after });

test.each([
  ["notAPath", "../x"],
  ["notAPath", "a/../b"],
  ["notAPath", "/etc/passwd"],
  ["notAPath", "a//b"],
  ["notAPath", "a/"],
  ["notAPath", "."],
  ["notAPath", ""],
  ["notAPath", "a\u0000b"],
  ["notAPath", "a\nb"],
  ["notAPath", "a\\b"],
  ["notAPath", "a/.. /b"],
  ["notAPath", "a/..\u200b/b"],
  ["notAPath", "a/\ud800"],
  ["gitDirectory", ".git/config"],
  ["gitDirectory", "sub/.GIT/hooks/pre-commit"],
  ["gitDirectory", ".g\u200cit/config"],
  ["gitDirectory", ".git./config"],
  ["gitDirectory", ".git /config"],
  ["gitDirectory", ".git::$INDEX_ALLOCATION/config"],
  ["gitDirectory", "git~1/config"],
  ["gitDirectory", ".git"],
  ["gitmodules", ".gitmodules"],
  ["gitmodules", "sub/.GitModules"],
  ["gitmodules", "gitmod~1"],
  ["workflow", ".github/workflows/ci.yml"],
  ["workflow", ".GitHub/Workflows/deep/ci.yml"],
  ["workflow", ".github./workflows/ci.yml"],
])("%s: %j is refused", (refused, name) => {
  expect(refusedPaths([added(name)], [])).toMatchObject([{ path: name, refused }]);
});

test("modes that are no files are refused, on either side", () => {
  expect(refusedPaths([added("a", 0o120000)], [])).toMatchObject([{ refused: "symlink" }]);
  expect(refusedPaths([added("a", 0o160000)], [])).toMatchObject([{ refused: "submodule" }]);
  expect(refusedPaths([{ path: "a", before: 0o160000, after: null }], [])).toMatchObject([{ refused: "submodule" }]);
  expect(refusedPaths([added("a", 0o100664)], [])).toMatchObject([{ refused: "mode" }]);
  expect(refusedPaths([{ path: ".github/workflows/ci.yml", before: 0o100644, after: null }], [])).toMatchObject([
    { refused: "workflow" },
  ]);
});

test("a path that is another one to some file systems is refused, and so is one below a file", () => {
  const existing = ["README.md", "src/a.ts", "link"];
  for (const name of ["readme.md", "SRC/b.ts", "src/A.ts", "Src/a.ts"]) {
    expect(refusedPaths([added(name)], existing), name).toMatchObject([{ refused: "caseCollision" }]);
  }
  expect(refusedPaths([added("caf\u00e9"), added("cafe\u0301")], [])).toMatchObject([
    { refused: "caseCollision" },
    { refused: "caseCollision" },
  ]);
  expect(refusedPaths([added("link/x")], existing)).toMatchObject([{ refused: "fileAndDirectory" }]);
  expect(refusedPaths([added("src")], existing)).toMatchObject([{ refused: "fileAndDirectory" }]);
  // What collides already may be changed.
  expect(refusedPaths([{ path: "a.H", before: 0o100644, after: 0o100644 }], ["a.H", "a.h"])).toEqual([]);
  // Renamed in letters only: the old one goes.
  expect(refusedPaths([{ path: "README.md", before: 0o100644, after: null }, added("readme.md")], existing)).toEqual([]);
});

test("ordinary paths pass", () => {
  const names = [".github/CODEOWNERS", ".gitignore", ".gitattributes", "src/git/x.ts", "a b/ü.md", "...x", ".github/workflow.md"];
  expect(
    refusedPaths(
      names.map((name) => added(name)),
      ["src/a.ts", "README.md"],
    ),
  ).toEqual([]);
  expect(refusedPaths([{ path: "src/a.ts", before: 0o100644, after: 0o100755 }], ["src/a.ts"])).toEqual([]);
});

test("what instructs agents or chooses reviewers has to be named, and only what changes can be", () => {
  const named = [
    "AGENTS.md",
    "sub/agents.md",
    "CLAUDE.md",
    ".mcp.json",
    "CODEOWNERS",
    ".github/CODEOWNERS",
    ".claude/x",
    "a/.codex/y",
  ];
  expect(named.filter((name) => !needsNaming(name))).toEqual([]);
  expect(["agents.md.txt", "src/codeowners.ts", "README.md", "claude"].filter(needsNaming)).toEqual([]);
  const changes = [added("AGENTS.md"), added("docs/CODEOWNERS"), added("a.ts")];
  expect(namingProblems(changes, [])).toEqual({ missing: ["AGENTS.md", "docs/CODEOWNERS"], unknown: [] });
  expect(namingProblems(changes, ["AGENTS.md", "CLAUDE.md"])).toEqual({ missing: ["docs/CODEOWNERS"], unknown: ["CLAUDE.md"] });
  expect(namingProblems(changes, ["AGENTS.md", "docs/CODEOWNERS", "a.ts"])).toEqual({ missing: [], unknown: [] });
});

const shown = "2026-11-01T10:00:00Z";
const waits = (other: { baseOid?: string; shownAt?: string | null } = {}) => ({
  hash: "d".repeat(64),
  baseOid: oid("b"),
  shownAt: shown,
  ...other,
});

test.each<[string, Partial<Review>, ReviewedPull["open"], object]>([
  ["a yes to the one diff that waits", {}, [waits()], { verb: "approve", hash: "d".repeat(64) }],
  ["a yes to an older commit", { commitId: oid("c") }, [waits()], { refused: "otherCommit" }],
  ["a yes to no commit", { commitId: null }, [waits()], { refused: "otherCommit" }],
  ["a yes to a commit that the diff is not made on", {}, [waits({ baseOid: oid("a") })], { refused: "otherCommit" }],
  ["a yes before the diff was shown", {}, [waits({ shownAt: null })], { refused: "notShown" }],
  ["a yes in the second in which it was shown", { submittedAt: shown }, [waits()], { refused: "notShown" }],
  ["a yes where two diffs wait", {}, [waits(), waits()], { refused: "several" }],
  ["a yes where nothing waits", {}, [], { verb: "approveBranch" }],
  ["a yes to an older commit where nothing waits", { commitId: oid("c") }, [], { verb: "nothing" }],
  ["a no", { state: "changes_requested" }, [waits()], { verb: "decline", hash: "d".repeat(64) }],
  ["a no to an older commit", { state: "changes_requested", commitId: oid("c") }, [waits()], { verb: "decline" }],
  ["a no before the diff was shown", { state: "changes_requested" }, [waits({ shownAt: null })], { verb: "nothing" }],
  ["a no where two diffs wait", { state: "changes_requested" }, [waits(), waits()], { verb: "nothing" }],
  ["a no where nothing waits", { state: "changes_requested" }, [], { verb: "nothing" }],
  ["a remark", { state: "commented" }, [waits()], { verb: "nothing" }],
  ["a dismissed one", { state: "dismissed" }, [waits()], { verb: "nothing" }],
])("a review: %s", (_, review, open, reading) => {
  const given = { state: "approved", commitId: oid("b"), submittedAt: "2026-11-01T10:00:01Z", ...review };
  expect(readReview(given, { headOid: oid("b"), open })).toMatchObject(reading);
});
