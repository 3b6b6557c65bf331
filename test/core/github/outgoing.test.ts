/** What goes to GitHub: inert texts of others, exact lines to copy, GitHub's bounds, and no secret. */
import { expect, test } from "vitest";
import { checkRun, readRequestedAction } from "#core/github/check-run";
import { readComment } from "#core/github/command";
import { isStickyComment, stickyMarker } from "#core/github/marker";
import { fenced, neutralCode, neutralLine, neutralPlain } from "#core/github/neutral";
import { redact } from "#core/github/redact";
import { type StickyComment, type StickyState, stickyComment } from "#core/github/sticky-comment";
import { suggestions } from "#core/github/suggestion";
import { numberedPieces, type ProposedFile } from "#core/hunks";

const hash = "0123456789abcdef".repeat(4);
const baseOid = "b".repeat(40);
const threadId = "019ab0c4-6f5e-7d31-9a30-5c1f8e6d2b47";
const knowledge = { secrets: [], spared: [] };
const text = (content: string) => ({ mode: 0o100644, text: content });
const files: ProposedFile[] = [
  { path: "src/a.ts", before: text("a\nb\n"), after: text("a\nB\n") },
  { path: "new.md", before: null, after: text("```js\ncode\n```\n") },
];
const awaiting = (other: Partial<Extract<StickyState, { type: "awaitingApproval" }>> = {}): StickyState => ({
  type: "awaitingApproval",
  proposal: { hash, baseOid, pieces: numberedPieces(files) },
  stale: null,
  approvalsMissing: 1,
  isFork: false,
  approvedBy: [],
  ...other,
});
const comment = (other: Partial<StickyComment> = {}): StickyComment => ({
  threadId,
  state: awaiting(),
  plan: [
    { step: "Read the *parser*", status: "completed" },
    { step: "Fix it", status: "inProgress" },
  ],
  sentence: "It fails on empty input; see #3, @octocat.",
  link: null,
  webUrl: `https://spindle.example/threads/${threadId}`,
  ...other,
});

test("the sticky comment says what stands, how to decide, and shows the diff with its hunks' numbers", () => {
  expect(stickyComment(comment(), knowledge)).toEqual({
    body: `<!-- spindle:thread=${threadId} -->
**Spindle** asks for approval of a diff.

It fails on empty input\\; see \\#&#8203;3\\, \\@&#8203;octocat\\.

- [x] Read the \\*parser\\*
- [ ] Fix it *(now)*

[Open the thread](https://spindle.example/threads/${threadId})

Made on commit bbbbbbbbbbbb. To commit exactly this diff, comment the first line; the second says no.
\`\`\`text
/spindle approve 0123456789abcdef
\`\`\`
\`\`\`text
/spindle decline
\`\`\`
Some hunks only: add \`hunks=1,3-5\`. What was left out is not committed.

<details>
<summary>2 hunks in 2 files</summary>

**1** \`new.md\` (new file)
\`\`\`\`diff
@@ -0,0 +1,3 @@
+\`\`\`js
+code
+\`\`\`
\`\`\`\`

**2** \`src/a.ts\`
\`\`\`diff
@@ -1,2 +1,2 @@
 a
-b
+B
\`\`\`

</details>`,
    hunksNotShown: [],
    secretsHidden: 0,
  });
});

test("the line to copy approves what it stands under, files that need naming included", () => {
  const named = numberedPieces([...files, { path: "AGENTS.md", before: null, after: text("x\n") }]);
  const { body } = stickyComment(comment({ state: awaiting({ proposal: { hash, baseOid, pieces: named } }) }), knowledge);
  const line = /^\/spindle approve .*$/m.exec(body)?.[0] ?? "";
  expect(readComment(line, "spindle")).toEqual({
    kind: "command",
    command: { verb: "approve", hash: hash.slice(0, 16), hunks: null, including: ["AGENTS.md"] },
  });
  const odd = numberedPieces([{ path: "my docs/AGENTS.md", before: null, after: text("x\n") }]);
  const other = stickyComment(comment({ state: awaiting({ proposal: { hash, baseOid, pieces: odd } }) }), knowledge).body;
  expect(other).not.toContain("/spindle approve");
  expect(other).toContain("only the web client can approve it");
});

test.each<[StickyState, string]>([
  [{ type: "queued" }, "**Spindle** has this in its queue."],
  [{ type: "working" }, "**Spindle** is working on it."],
  [{ type: "finished" }, "**Spindle** is done; nothing is to be committed."],
  [{ type: "stopped" }, "**Spindle** was stopped."],
  [{ type: "held" }, "**Spindle** is on hold; `/spindle unhold` lets it go on."],
  [{ type: "failed", reason: "no <b>model</b>" }, "**Spindle** failed: no \\<b\\>model\\<\\/b\\>"],
  [
    awaiting({ stale: { hash: "f".repeat(64) }, approvalsMissing: 2 }),
    "**Spindle** asks anew: `ffffffffffffffff` is stale because the branch moved. Nothing of it was committed.",
  ],
  [
    { type: "stale", hash },
    "**Spindle** committed nothing of `0123456789abcdef`: the branch moved after it was made. `/spindle retry` makes it anew.",
  ],
  [
    { type: "acceptedElsewhere", hash },
    "**Spindle** committed nothing of `0123456789abcdef`: it was accepted in another client, which commits nothing at GitHub. `/spindle retry` begins anew.",
  ],
  [
    { type: "closed", hash },
    "**Spindle** waits: this is closed, and `0123456789abcdef` cannot be approved unless it is opened again.",
  ],
  [
    { type: "suggested", hash, baseOid: "d".repeat(40), by: "ann" },
    "**Spindle** offered `0123456789abcdef` as suggestions on dddddddddddd, approved by ann. Suggestions are no commit: who writes the pull request takes them or not.",
  ],
  [
    { type: "committed", hash, commitOid: "c".repeat(40), branch: "spindle/a`b", by: "ann" },
    "**Spindle** committed `0123456789abcdef` as cccccccccccc to ``spindle/a`b``, approved by ann.",
  ],
  [{ type: "declined", hash, by: "ann", reason: null }, "**Spindle** committed nothing: ann declined `0123456789abcdef`."],
  [
    { type: "declined", hash, by: "ann", reason: "@bob" },
    "**Spindle** committed nothing: ann declined `0123456789abcdef`: \\@&#8203;bob",
  ],
])("state %#: one sentence, and no diff but what is to be decided", (state, sentence) => {
  const { body } = stickyComment(comment({ state }), knowledge);
  expect(body.split("\n")[1]).toBe(sentence);
  expect(body.includes("<details>")).toBe(state.type === "awaitingApproval");
  expect(body.includes("2 people have to approve.")).toBe(state.type === "awaitingApproval" && state.approvalsMissing === 2);
  expect(redact(body, { secrets: [], spared: [threadId] }).text).toBe(body);
});

test("an issue's comment names the draft, the draft's comment names the issue and says what a review does there", () => {
  const bodyIn = (link: StickyComment["link"], other: Parameters<typeof awaiting>[0] = {}) =>
    stickyComment(comment({ link, state: awaiting(other) }), knowledge).body;
  expect(bodyIn({ type: "draft", number: 12 })).toContain("\nDraft pull request #12.\n");
  expect(bodyIn({ type: "ready", number: 12 })).toContain("\nPull request #12.\n");
  expect(bodyIn({ type: "home", number: 7 })).toContain("\nAsked for in #7.\n");
  const review = /A review that is submitted from now on and approves says yes/;
  expect(bodyIn({ type: "home", number: 7 })).toMatch(review);
  expect(bodyIn({ type: "draft", number: 12 })).not.toMatch(review);
  // A review can name no file.
  const pieces = numberedPieces([{ path: "AGENTS.md", before: null, after: text("x\n") }]);
  expect(bodyIn({ type: "home", number: 7 }, { proposal: { hash, baseOid, pieces } })).not.toMatch(review);
});

test.each<[number, string[], string | null]>([
  [1, [], null],
  [2, [], "2 people have to approve."],
  [1, ["ann"], "ann said yes; 1 more person has to approve."],
  [2, ["ann", "bob-c"], "ann, bob\\-c said yes; 2 more people have to approve."],
])("with %d yeses missing after those of %j", (approvalsMissing, approvedBy, line) => {
  const lines = stickyComment(comment({ state: awaiting({ approvalsMissing, approvedBy }) }), knowledge).body.split("\n");
  expect(lines.filter((one) => /to approve\./.test(one))).toEqual(line === null ? [] : [line]);
});

test("a diff that does not fit is left out by whole hunks, which are named; the comment stays within GitHub's bound", () => {
  const large = Array.from({ length: 40 }, (_, index) => ({
    path: `f${String(index).padStart(2, "0")}`,
    before: null,
    after: text(`${"some words on a line\n".repeat(index === 5 ? 4_000 : 150)}`),
  }));
  const state = awaiting({ proposal: { hash, baseOid, pieces: numberedPieces(large) } });
  const { body, hunksNotShown } = stickyComment(comment({ state }), knowledge);
  expect(body.length).toBeLessThanOrEqual(65_536);
  expect(body.length).toBeGreaterThan(55_000);
  expect(hunksNotShown[0]).toBe(6);
  expect(body).toContain(`**${hunksNotShown.length} of 40 hunks do not fit here** (6, `);
  expect(body).toContain("An approval without `hunks=` commits them too; the web client shows them all.");
  expect(body.match(/^\*\*\d+\*\*/gm)?.length).toBe(40 - hunksNotShown.length);
});

test("texts that grow by being escaped do not break the bound", () => {
  const signs = "@".repeat(10_000);
  const plan = Array.from({ length: 50 }, () => ({ step: signs, status: "pending" as const }));
  for (const state of [awaiting(), { type: "declined", hash, by: signs, reason: signs } as const]) {
    const { body } = stickyComment(comment({ state, plan, sentence: signs }), knowledge);
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body).toContain("- and 30 more steps");
    expect(body).toContain("…");
  }
});

test("the sticky comment is found by its author and its first line, by nothing else", () => {
  const body = `${stickyMarker(threadId)}\nx`;
  expect(isStickyComment({ authorId: 70, body }, threadId, 70)).toBe(true);
  expect(isStickyComment({ authorId: 71, body }, threadId, 70)).toBe(false);
  expect(isStickyComment({ authorId: null, body }, threadId, 70)).toBe(false);
  expect(isStickyComment({ authorId: 70, body: `x\n${body}` }, threadId, 70)).toBe(false);
  expect(isStickyComment({ authorId: 70, body }, "other", 70)).toBe(false);
  expect(() => stickyMarker("a --> b")).toThrow();
});

test("texts of others ping nobody, link nothing, and stay in their line", () => {
  expect(neutralLine("@ann see octo/hello#3, GH-4 and https://a.example www.b.example [x](y) <img> **b** `c`\n# d")).toBe(
    "\\@&#8203;ann see octo\\/hello\\#&#8203;3\\, GH\\-&#8203;4 and https\\:&#8203;\\/\\/a\\.example www&#8203;\\.b\\.example " +
      "\\[x\\]\\(y\\) \\<img\\> \\*\\*b\\*\\* \\`c\\` \\#&#8203; d",
  );
  expect(neutralLine("&#64;ann \u202eevil")).toBe("\\&\\#&#8203;64\\;ann evil");
  expect(neutralPlain("Fixes #3 by @ann\n\nhttps://a.example")).toBe("Fixes #\u200b3 by @\u200bann\n\nhttps:\u200b//a.example");
  expect(neutralCode("a`b``c")).toBe("```a`b``c```");
  expect(neutralCode("`a\nb`")).toBe("`` `a⟨U+000A⟩b` ``");
});

test("a fence is longer than any within, and what cannot be seen is spelled", () => {
  expect(fenced("a\n````\n/spindle approve x\n", "diff")).toBe("`````diff\na\n````\n/spindle approve x\n`````");
  expect(fenced("if (a\u202e) \u200b// \u{e0041}\rx", "diff")).toBe("```diff\nif (a⟨U+202E⟩) ⟨U+200B⟩// ⟨U+E0041⟩⟨U+000D⟩x\n```");
  expect(fenced("`a` ".repeat(200_000), "diff")).toMatch(/^````*diff\n/);
});

test("secrets are hidden by value and by shape, before they are escaped; identifiers of ours are spared", () => {
  const token = "ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NTYiLCJleHAiOjE3fQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
  expect(redact(`use ${token}!`, knowledge)).toEqual({ text: "use [hidden-secret]!", count: 1 });
  expect(redact("the hook secret is plain words here", { secrets: ["plain words"], spared: [] }).text).not.toContain(
    "plain words",
  );
  expect(redact("a b", { secrets: ["a"], spared: [] })).toEqual({ text: "a b", count: 0 });
  const shown = `thread=${threadId} at https://spindle.example/threads/${threadId}`;
  expect(redact(shown, { secrets: [], spared: [threadId] })).toEqual({ text: shown, count: 0 });
  expect(redact(shown, knowledge).count).toBeGreaterThan(0);
  expect(redact(`${threadId}${"a1B2c3D4e5F6g7H8i9J0".repeat(2)}`, { secrets: [], spared: [threadId] }).count).toBe(1);
  const leak = "password: hunter2hunter";
  const { body, secretsHidden } = stickyComment(
    comment({
      sentence: leak,
      plan: [{ step: token, status: "pending" }],
      state: awaiting({
        proposal: { hash, baseOid, pieces: numberedPieces([{ path: "a", before: null, after: text(`${token}\n`) }]) },
      }),
    }),
    knowledge,
  );
  expect(secretsHidden).toBe(3);
  expect(body).toContain("**3 values look like a secret and are hidden here.**");
  expect(body).not.toMatch(/hunter2|eyJ|123456_/);
});

test("a check run carries the proposal, and its buttons fit and lead back to it", () => {
  const of = { threadId, headOid: baseOid, sentence: "Ping @ann", webUrl: null };
  const run = checkRun({ ...of, state: awaiting() }, knowledge);
  expect(run).toEqual({
    name: "Spindle",
    head_sha: baseOid,
    status: "completed",
    conclusion: "action_required",
    external_id: hash,
    output: { title: "A diff waits for approval", summary: "Ping \\@&#8203;ann" },
    actions: [
      { label: "Approve", description: "Commit exactly 0123456789abcdef", identifier: "ok:0123456789abcdef" },
      { label: "Decline", description: "Commit nothing of 0123456789abcdef", identifier: "no:0123456789abcdef" },
    ],
  });
  for (const { label, description, identifier } of run.actions ?? []) {
    expect([label.length <= 20, description.length <= 40, identifier.length <= 20]).toEqual([true, true, true]);
    expect(readRequestedAction({ identifier, externalId: run.external_id, headSha: run.head_sha }, baseOid)).toEqual({
      verb: label.toLowerCase(),
      hash,
    });
  }
  const states = [
    [{ type: "queued" }, "queued", undefined],
    [{ type: "working" }, "in_progress", undefined],
    [{ type: "held" }, "queued", undefined],
    [{ type: "finished" }, "completed", "success"],
    [{ type: "stopped" }, "completed", "cancelled"],
    [{ type: "failed", reason: "x" }, "completed", "failure"],
    [{ type: "committed", hash, commitOid: baseOid, branch: "b", by: "ann" }, "completed", "success"],
    [{ type: "declined", hash, by: "ann", reason: null }, "completed", "neutral"],
    [{ type: "stale", hash }, "completed", "neutral"],
    [{ type: "closed", hash }, "completed", "neutral"],
    [{ type: "suggested", hash, baseOid, by: "ann" }, "completed", "neutral"],
    [{ type: "acceptedElsewhere", hash }, "completed", "neutral"],
  ] as const;
  for (const [state, status, conclusion] of states) {
    const other = checkRun({ ...of, sentence: null, state }, knowledge);
    expect([other.status, other.conclusion, other.actions, other.external_id]).toEqual([status, conclusion, undefined, threadId]);
    expect(other.output.summary).toBe(other.output.title);
  }
});

test("a check run's summary has no secret in it, whole or cut", () => {
  for (const sentence of ["password: hunter2hunter", `${"a ".repeat(290)}token: hunter2hunter`]) {
    const run = checkRun({ threadId, headOid: baseOid, state: { type: "working" }, sentence, webUrl: null }, knowledge);
    expect(run.output.summary).not.toContain("hunter");
  }
});

test.each([
  ["malformed", { identifier: "ok:0123456789abcde", externalId: hash, headSha: baseOid }],
  ["malformed", { identifier: "lgtm|26764", externalId: hash, headSha: baseOid }],
  ["otherProposal", { identifier: "ok:ffffffffffffffff", externalId: hash, headSha: baseOid }],
  ["otherProposal", { identifier: "ok:0123456789abcdef", externalId: threadId, headSha: baseOid }],
  ["otherCommit", { identifier: "ok:0123456789abcdef", externalId: hash, headSha: "c".repeat(40) }],
])("a button is refused as %s", (refused, action) => {
  expect(readRequestedAction(action, baseOid)).toMatchObject({ refused });
});

const everywhere = () => [{ from: 1, to: 1_000 }];
const change = (before: string, after: string): ProposedFile[] => [{ path: "f", before: text(before), after: text(after) }];

test("small changes of a fork's pull request become suggestions on their lines", () => {
  expect(suggestions(change("a\nb\nc\nd\n", "a\nB\nC\nd\n"), everywhere, knowledge)).toEqual([
    { path: "f", start_line: 2, start_side: "RIGHT", line: 3, side: "RIGHT", body: "```suggestion\nB\nC\n```" },
  ]);
  expect(suggestions(change("a\nb\n", "a\n```\nb\n"), everywhere, knowledge)).toEqual([
    { path: "f", line: 1, side: "RIGHT", body: "````suggestion\na\n```\n````" },
  ]);
  expect(suggestions(change("a\nb\n", "new\na\nb\n"), everywhere, knowledge)).toMatchObject([
    { line: 1, body: "```suggestion\nnew\na\n```" },
  ]);
  expect(suggestions(change("a\nb\n", "b\n"), everywhere, knowledge)).toMatchObject([{ line: 1, body: "```suggestion\n```" }]);
  expect(suggestions(change("a\nb\n", "\nb\n"), everywhere, knowledge)).toMatchObject([
    { line: 1, body: "```suggestion\n\n```" },
  ]);
});

test("suggestions that are all taken give the proposal", () => {
  const before = Array.from({ length: 40 }, (_, line) => `line ${line}\n`);
  const after = before.flatMap((line, at) =>
    at === 3 ? [line, "new\n"] : at === 20 ? [] : at === 30 ? ["one\n", "two\n"] : [line],
  );
  const found = suggestions(change(before.join(""), after.join("")), everywhere, knowledge) ?? [];
  const lines = [...before];
  for (const { line, start_line: start = line, body } of found.toReversed()) {
    const inside = body.split("\n").slice(1, -1);
    lines.splice(start - 1, line - start + 1, ...inside.map((text) => `${text}\n`));
  }
  expect(found).toHaveLength(3);
  expect(lines.join("")).toBe(after.join(""));
});

test.each<[string, ProposedFile[]]>([
  ["a new file", [{ path: "f", before: null, after: text("a\n") }]],
  ["a mode", [{ path: "f", before: text("a\n"), after: { mode: 0o100755, text: "b\n" } }]],
  ["no newline at the end", change("a", "b")],
  ["a carriage return", change("a\n", "b\rc\n")],
  ["signs that cannot be seen", change("a\n", "a\u202eb\n")],
  ["a secret", change("a\n", "ghp_abcdefghijklmnopqrstuvwxyz0123456789\n")],
  ["too many lines", change("a\n", "b\n".repeat(21))],
  ["too many characters", change("a\n", `${"a few words ".repeat(700)}\n`)],
  ["an empty file", change("", "a\n")],
  ["two on one line", change("a\n", "x\na\ny\n")],
  ["nothing", []],
])("%s cannot be suggested, so nothing is", (_, proposed) => {
  expect(suggestions(proposed, everywhere, knowledge)).toBe(null);
});

test("lines that the pull request does not show cannot be suggested on", () => {
  expect(suggestions(change("a\nb\n", "a\nB\n"), () => [{ from: 1, to: 1 }], knowledge)).toBe(null);
  const many = Array.from({ length: 11 }, (_, index) => ({ path: `f${index}`, before: text("a\n"), after: text("b\n") }));
  expect(suggestions(many, everywhere, knowledge)).toBe(null);
  expect(suggestions(many.slice(1), everywhere, knowledge)).toHaveLength(10);
});
