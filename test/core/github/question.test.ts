/** A question of the agent in a comment: what can be asked there, how it is shown, and what answers it. */
import { expect, test } from "vitest";
import { askable, readAnswer } from "#core/github/question";
import { stickyComment } from "#core/github/sticky-comment";
import { newThreadView, openQuestion, view, withAnswerer } from "#core/github/thread-view";
import { githubTextLimits } from "#core/limits";
import type { Question } from "#protocol/server-requests";

const question = (other: Partial<Question> = {}): Question => ({
  id: "colour",
  header: "",
  question: "Which colour?",
  isOther: false,
  isSecret: false,
  options: [
    { label: "Red", description: "as blood" },
    { label: "Blue", description: "" },
  ],
  ...other,
});
const labels = (...names: string[]) => names.map((label) => ({ label, description: "" }));

const single: [text: string, asked: Question, answer: string][] = [
  ["1", question(), "Red"],
  [" 2 ", question(), "Blue"],
  ["2.", question(), "Blue"],
  ["2)", question(), "Blue"],
  ["bLUE", question(), "Blue"],
  ["green, rather", question({ isOther: true }), "green, rather"],
  ["one\ntwo", question({ options: null }), "one\ntwo"],
  ["7", question({ options: [] }), "7"],
  ["8080", question({ options: labels("8080", "443") }), "8080"],
  // A label that is its own number.
  ["1", question({ options: labels("1", "2") }), "1"],
  ["1.", question({ options: labels("2", "1") }), "2"],
];
test.for(single)("%j answers with an option or with words", ([text, asked, answer]) => {
  expect(readAnswer(text, [asked])).toEqual({ answers: { colour: { answers: [answer] } } });
});

const mistaken: [text: string, asked: Question[], words: string][] = [
  ["3", [question()], "1 to 2, or its label"],
  ["0", [question()], "1 to 2, or its label"],
  ["green", [question()], "nothing was answered"],
  ["1\n2", [question()], "nothing was answered"],
  ["1", [question({ options: labels("2", "1") })], "`1.` means the number"],
  ["1", [question(), question({ id: "size" })], "answer each on a line of its own"],
  ["1\n2\n1", [question(), question({ id: "size" })], "answer each on a line of its own"],
  ["1\ngreen", [question(), question({ id: "size" })], "2: Answer with an option's number"],
];
test.for(mistaken)("%j answers nothing, and it is said why", ([text, asked, words]) => {
  expect(readAnswer(text, asked)).toEqual({ mistake: expect.stringContaining(words) });
});

test("several questions are answered by a line each", () => {
  expect(readAnswer("2\n\n1", [question(), question({ id: "size" })])).toEqual({
    answers: { colour: { answers: ["Blue"] }, size: { answers: ["Red"] } },
  });
});

test("a question with any id is answered under it", () => {
  const read = readAnswer("1", [question({ id: "__proto__" })]);
  expect(JSON.stringify(read)).toBe('{"answers":{"__proto__":{"answers":["Red"]}}}');
});

test("secrets, and more than people read, are asked elsewhere", () => {
  const long = (length: number) => question({ question: "x".repeat(length) });
  const most = githubTextLimits.sentenceCharactersMax;
  expect(askable([question()])).toHaveLength(1);
  expect(askable([long(most)])).toHaveLength(1);
  const many = Array.from({ length: githubTextLimits.questionOptionsMax + 1 }, (_, index) => ({
    label: `${index}`,
    description: "",
  }));
  for (const asked of [
    [],
    [question({ isSecret: true })],
    [question(), question({ isSecret: true })],
    [long(most + 1)],
    [long(most), long(most), long(most), long(most)],
    Array.from({ length: githubTextLimits.questionsMax + 1 }, () => question()),
    [question({ options: many })],
  ]) {
    expect(askable(asked)).toBe(null);
  }
});

const asking = (questions: readonly Question[]) =>
  stickyComment(
    { threadId: "t-1", state: { type: "asking", questions }, plan: [], sentence: null, link: null, webUrl: null },
    { secrets: ["hunter2hunter2"], spared: [] },
  );

test("a comment shows a question with its options by number, inert and without secrets, and how it is answered", () => {
  const token = `ghp_${"a1B2".repeat(9)}`;
  const { body, secretsHidden } = asking([
    question({ question: `@olga, is ${token} yours?`, options: [{ label: "</details># Yes", description: "hunter2hunter2" }] }),
  ]);
  expect(body.split("\n")).toEqual(
    [
      "<!-- spindle:thread=t-1 -->",
      "**Spindle** asks something, and waits for the answer.",
      "",
      "**\\@&#8203;olga\\, is \\[hidden\\-secret\\] yours\\?**",
      "",
      "1. \\<\\/details\\>\\#&#8203; Yes: \\[hidden\\-secret\\]",
      "",
      "The first answer counts, an option's number or its label.",
      "```text\n/spindle steer 1\n```",
      "",
      expect.stringContaining("2 values look like a secret"),
    ].flatMap((line) => (typeof line === "string" ? line.split("\n") : [line])),
  );
  expect(secretsHidden).toBe(2);
});

test("the longest questions of the worst signs fit into a comment", () => {
  const worst = "@".repeat(githubTextLimits.questionCharactersMax / githubTextLimits.questionsMax);
  const asked = Array.from({ length: githubTextLimits.questionsMax }, (_, index) =>
    question({ id: `${index}`, question: worst, options: null }),
  );
  expect(askable(asked)).not.toBe(null);
  expect(asking(asked).body.length).toBeLessThan(githubTextLimits.bodyCharactersMax / 2);
});

test("a question waits until it is resolved, and remembers who answered it", () => {
  const asked = { method: "item/tool/requestUserInput" as const, id: "r1", params: { questions: [question()] } };
  const waiting = view(newThreadView, { seq: 1, ...asked });
  expect(openQuestion(waiting)).toMatchObject({ id: "r1", questions: [{ id: "colour" }] });
  expect(openQuestion(view(newThreadView, { seq: 1, ...asked, params: { questions: [question({ isSecret: true })] } }))).toBe(
    null,
  );
  const answered = withAnswerer(view(waiting, { seq: 2, method: "item/tool/call", id: "r2", params: {} }), "r1", "ann");
  expect(answered.requests).toEqual([
    expect.objectContaining({ id: "r1", answeredBy: "ann" }),
    { id: "r2", isFileChange: false },
  ]);
  expect(openQuestion(withAnswerer(answered, "r1", null))).not.toHaveProperty("answeredBy");
  expect(openQuestion(view(answered, { seq: 3, method: "serverRequest/resolved", params: { requestId: "r1" } }))).toBe(null);
});
