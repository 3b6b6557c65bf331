/** What a comment says to Spindle: tokens of plain text at the start of a line, and nothing that only looks like them. */
import { expect, test } from "vitest";
import { commandForms, readComment } from "#core/github/command";

const hash = "0123456789ab";
const read = (body: string) => readComment(body, "spindle");
const nothing = { kind: "nothing" };

test.each([
  ["/spindle run", { verb: "run", text: null }],
  ["/spindle run add a test", { verb: "run", text: "add a test" }],
  ["/spindle run add a test\r\n\r\n- with `code`\r\n", { verb: "run", text: "add a test\n\n- with `code`" }],
  ["  /Spindle\tSTOP  ", { verb: "stop" }],
  ["\n\n/spindle stop\n", { verb: "stop" }],
  [`/spindle approve ${hash}`, { verb: "approve", hash, hunks: null, including: [] }],
  [`/spindle approve ${hash.toUpperCase()}\nThanks!`, { verb: "approve", hash, hunks: null, including: [] }],
  [`/spindle approve ${hash} hunks=7,1,3-5`, { verb: "approve", hash, hunks: [1, 3, 4, 5, 7], including: [] }],
  [
    `/spindle approve ${hash} including=AGENTS.md,docs/CODEOWNERS hunks=2`,
    { verb: "approve", hash, hunks: [2], including: ["AGENTS.md", "docs/CODEOWNERS"] },
  ],
  ["/spindle decline", { verb: "decline", reason: null }],
  ["/spindle decline too wide, *sorry*", { verb: "decline", reason: "too wide, *sorry*" }],
  ["/spindle steer use `zod` instead", { verb: "steer", text: "use `zod` instead" }],
  ["Some words first.\n\n/spindle status", { verb: "status" }],
  ["Some words\n/spindle help", { verb: "help" }],
  ["/spindle retry", { verb: "retry" }],
  ["/spindle fork", { verb: "fork" }],
  ["/spindle hold", { verb: "hold" }],
  ["/spindle unhold", { verb: "unhold" }],
])("%j is a command", (body, command) => {
  expect(read(body)).toEqual({ kind: "command", command });
});

test.each([
  "Nothing for anybody.",
  "/octokit stop",
  "/spindles stop",
  "/spindle-stop",
  "/spindle: stop",
  "x/spindle stop",
  "Please /spindle stop",
  "    /spindle stop",
  "\t/spindle stop",
  "```\n/spindle stop\n```",
  "~~~sh\n/spindle stop",
  "`/spindle stop`",
  "`a\n/spindle stop\n`",
  "> /spindle stop",
  "> quoted\n/spindle stop",
  "- /spindle stop",
  "1. /spindle stop",
  "# /spindle stop",
  "/spindle stop\n---",
  "/spindle stop | now\n--- | ---",
  "<!-- /spindle stop -->",
  "<!--\n/spindle stop\n-->",
  "a <!--\n/spindle stop\n--> b",
  "<div>\n/spindle stop\n</div>",
  "[/spindle stop](https://a.example)",
  "[a\n/spindle stop\n](https://a.example)",
  "![a\n/spindle stop\n](https://a.example/i.png)",
  "[^1]: /spindle stop",
  "[^1]: a longer note\n/spindle stop",
  "[a]: /spindle",
  "**/spindle stop**",
  "*a\n/spindle stop*",
  "\\/spindle stop",
  "&#47;spindle stop",
  "/spin\u200bdle stop",
  "\u202e/spindle stop",
  "mail me@spindle please",
  "thanks @spindle please",
  "@spindles please",
  "@spindle-fan please",
  "@spindle/team please",
  "@spindle.example please",
  "> @spindle please",
  "`@spindle` please",
  "\\@spindle please",
  "&#64;spindle please",
  "[@spindle](https://a.example) please",
  "/spindle stop\n\n<!-- spindle:thread=t -->",
])("%j is said to nobody", (body) => {
  expect(read(body)).toEqual(nothing);
});

test.each([
  ["@spindle please add a test", "please add a test"],
  ["@Spindle, please\nadd a test\n\n> quoted", "please\nadd a test\n\n> quoted"],
  ["@spindle[bot] go on", "go on"],
  ["Good work.\n@spindle rename it", "rename it"],
  ["@spindle", ""],
  ["@spindle run the tests", "run the tests"],
  ["@spindle stop using tabs", "stop using tabs"],
  ["@spindle a\n@spindle b", "a\n@spindle b"],
])("%j is a mention", (body, text) => {
  expect(read(body)).toEqual({ kind: "mention", text });
});

test.each([
  ["/spindle", "Which command? `/spindle help` lists them all."],
  ["/spindle stopp", "There is no command `stopp`. Did you mean `/spindle stop`?"],
  [
    "/spindle aprove",
    "There is no command `aprove`. Did you mean `/spindle approve <hash> [hunks=1,3-5] [including=AGENTS.md]`?",
  ],
  ["/spindle unhodl", "There is no command `unhodl`. Did you mean `/spindle unhold`?"],
  ["/spindle constructor", "There is no command `constructor`. `/spindle help` lists them all."],
  ["/spindle `stop`", "There is no command `?stop?`. `/spindle help` lists them all."],
  ["/spindle @octocat", "There is no command `@octocat`. `/spindle help` lists them all."],
  ["/spindle stop now", "`/spindle stop` stands alone on its line; nothing was done."],
  ["/spindle steer", "Steer needs a text: `/spindle steer <text>`."],
  ["Looks good.\n/spindle stop", "`/spindle stop` counts only on the first line of a comment; nothing was done."],
  ["/spindle hold\n/spindle stop", "A comment says one thing to Spindle; nothing was done."],
  ["/spindle run a\n\n@spindle b", "A comment says one thing to Spindle; nothing was done."],
  ["@spindle stop", "A mention speaks to the model. To do that, write `/spindle stop`."],
  [`@spindle approve ${hash}`, `A mention speaks to the model. To do that, write \`/spindle approve ${hash}\`.`],
  [`/spindle steer ${"a ".repeat(1_500)}`, "A line that is a command has at most 2000 characters."],
  [`/spindle run a\n${"a ".repeat(9_000)}`, "A request has at most 16000 characters; nothing was done."],
  [`@spindle ${"a ".repeat(9_000)}`, "A request has at most 16000 characters; nothing was done."],
  [`/spindle stop\n${"a".repeat(65_536)}`, "This comment is too long to be read for commands."],
])("mistake %# has one answer", (body, answer) => {
  expect(read(body)).toEqual({ kind: "mistake", answer });
});

test.each([
  "/spindle approve",
  "/spindle approve all",
  "/spindle approve 0123456789a",
  `/spindle approve ${hash}g`,
  `/spindle approve ${"0".repeat(65)}`,
  `/spindle approve \`${hash}\``,
  `/spindle approve ${hash} now`,
  `/spindle approve ${hash} please --force`,
  `/spindle approve ${hash} model=gpt`,
  `/spindle approve ${hash} hunks=`,
  `/spindle approve ${hash} hunks=0`,
  `/spindle approve ${hash} hunks=1,1`,
  `/spindle approve ${hash} hunks=3-1`,
  `/spindle approve ${hash} hunks=1-99999`,
  `/spindle approve ${hash} hunks=1-400,401-800`,
  `/spindle approve ${hash} hunks=1;2`,
  `/spindle approve ${hash} hunks=1 hunks=2`,
  `/spindle approve ${hash} including=a,,b`,
  `/spindle approve ${hash} __proto__=1`,
])("%j approves nothing and is answered", (body) => {
  expect(read(body)).toMatchObject({ kind: "mistake" });
});

test("the forms that help shows are read as commands", () => {
  expect(commandForms()).toHaveLength(11);
  for (const form of commandForms()) {
    const filled = form.replace("<hash>", hash).replace("<text>", "text").replaceAll(/[[\]]/g, "");
    expect(read(filled), filled).toMatchObject({ kind: "command" });
  }
});
