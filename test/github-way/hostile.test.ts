/**
 * Hostile texts the whole way: as titles, bodies, comments and comments on lines they come in by the Worker's door, as words, names and
 * contents of files they come out of the model. Nothing is begun or approved by them, nothing leaks, and what is posted of them is inert.
 */
import { expect, test } from "vitest";
import { type MarkdownNode, parseMarkdown } from "#core/github/markdown";
import type { Model, ModelItem } from "#models/model";
import { hostile } from "../core/github/hostile.ts";
import { privateKey } from "../support/github/repository.ts";
import { app, people } from "../support/github/stage.ts";
import { createRandom } from "../support/random.ts";
import type { TestSql } from "../support/sql.ts";
import type { Flow } from "./flow.ts";
import { open } from "./scenes.ts";
import { digitsIn, endOf, oursIn } from "./story.ts";

const seed = 20261121;
const crowd = hostile(seed);
const secrets = crowd.secrets.flatMap((secret) => secret.split("\n"));

/** Says the next text and writes a file of that name, or one that holds it; then waits for somebody. */
function hostileModel(texts: readonly string[]): Model {
  let answers = 0;
  return {
    async *stream({ input }) {
      const isOver = input.at(-1)?.type === "apply_patch_call_output";
      const text = texts[Math.floor(answers / 2) % texts.length] ?? "";
      const name = answers % 2 === 0 ? `docs/${text.replace(/[\n\r]/g, " ").slice(0, 120)}` : `docs/${answers}.txt`;
      answers += 1;
      const id = `item-${answers}`;
      const message: ModelItem = {
        type: "message",
        id,
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
      };
      yield { type: "messageStarted", itemId: id };
      yield { type: "messageDelta", itemId: id, delta: text };
      yield { type: "itemDone", itemId: id, item: message };
      if (!isOver) {
        const diff = text
          .split(/\r\n?|\n/)
          .map((line) => `+${line}`)
          .join("\n");
        const operation = { type: "create_file", path: name, diff: `${diff}\n` };
        const item = { type: "apply_patch_call", id: `${id}-patch`, call_id: `${id}-call`, status: "completed", operation };
        yield { type: "itemDone", itemId: item.id, item };
      }
      const usage = {
        totalTokens: 2,
        inputTokens: 1,
        cachedInputTokens: 0,
        cacheWriteInputTokens: 0,
        outputTokens: 1,
        reasoningOutputTokens: 0,
      };
      yield { type: "completed", usage };
    },
  };
}

/** What we posted or named at GitHub since then, whatever the request. */
function sent(flow: Flow, since = 0): string[] {
  return flow.stage.heard.slice(since).flatMap(({ method, path, body }) => (method === "GET" ? [] : [`${path} ${body ?? ""}`]));
}

const parts = 8;
/** All of them where everything is asked for, else every third. */
const stride = process.env.GITHUB_CHECK === "all" ? 1 : 3;
const textsOf = (part: number) => crowd.texts.filter((_text, index) => index % (parts * stride) === part * stride);

test.for(Array.from({ length: parts }, (_, part) => part))(
  "part %i of a crowd of texts in comments of people who may write: none is obeyed, and none approves the diff that waits",
  { timeout: 120_000 },
  async (part) => {
    const texts = textsOf(part);
    const flow = await open();
    const issue = await flow.openIssue(people.writer, { title: "An issue", body: "" });
    await flow.say(people.writer, issue, `@${app.slug}\nwrite a.txt: alpha`);
    await flow.settle();
    const digits = await digitsIn(flow, issue);
    const before = await endOf(flow, issue);
    const asked = flow.asked.length;
    for (const text of texts) {
      await flow.say(people.writer, issue, text);
      // An edit is none that was said, whatever it says now.
      const edited = {
        action: "edited",
        issue: await flow.read<object>(`/issues/${issue}`),
        comment: { id: 1, body: `/spindle approve ${digits}` },
      };
      if (text === texts[0]) await flow.happen(people.writer, "issue_comment", edited);
    }
    await flow.settle();
    const after = await endOf(flow, issue);
    // Somebody who is not understood is told so, in words of ours.
    const answers = (await oursIn(flow, issue)).slice(before.comments.length);
    for (const answer of answers) requireInert(answer, texts.join("\n"));
    expect({ ...after, comments: before.comments, reactions: [] }, `seed ${seed}`).toEqual({ ...before, reactions: [] });
    expect(flow.asked.length).toBe(asked);
    expect(crowd.texts.length).toBeGreaterThanOrEqual(200);
  },
);

test.for(Array.from({ length: parts }, (_, part) => part))(
  "part %i of a crowd of titles, bodies, words of models, names and contents of files: inert, and without secrets, where they are posted",
  { timeout: 120_000 },
  async (part) => {
    const random = createRandom(seed + part);
    const texts = textsOf(part);
    const commands: string[] = [];
    const flow = await open({ model: hostileModel(texts), shell: ({ command }) => void commands.push(command) });
    // Two texts a turn: as many turns as a person may have in an hour are too few for all.
    for (let at = 0; at < texts.length; at += 2) {
      flow.clock.nowMs += 10 * 60_000;
      const [title = "", body = ""] = [texts[at], texts[at + 1]];
      const issue = await flow.openIssue(people.stranger, { title: title.slice(0, 250) || "x", body });
      await flow.say(people.stranger, issue, random.pick(texts));
      const since = flow.stage.heard.length;
      await flow.say(people.writer, issue, `@${app.slug}\nplease`);
      await flow.settle();
      const where = `seed ${seed}: ${JSON.stringify([title, body])}`;
      for (const comment of await oursIn(flow, issue)) requireInert(comment, where);
      expect((await oursIn(flow, issue)).filter((comment) => comment.includes("spindle:thread=")).length, where).toBe(1);
      const digits = await digitsIn(flow, issue);
      if (digits !== null && random.chance(0.5)) await flow.say(people.writer, issue, `/spindle approve ${digits}`);
      await flow.settle();
      const leaked = sent(flow, since).filter((text) => !isContent(text) && secrets.some((secret) => text.includes(secret)));
      expect(leaked, where).toEqual([]);
    }
    expect(commands).toEqual([]);
    // No model hears of the App's key or of a token, and no row has them.
    const rows = [flow.rows().repository, ...flow.rows().threads.values()].map(({ sql }) => dumpOf(sql));
    const told = JSON.stringify([flow.asked, rows, flow.reports]);
    const keys = [...flow.stage.missing.minted, privateKey.slice(100, 140)];
    expect(keys.filter((key) => told.includes(key))).toEqual([]);
    expect(keys.length).toBeGreaterThan(10);
    const [main = []] = [(await endOf(flow, 1)).branches.main];
    expect(main).toHaveLength(1);
  },
);

function dumpOf(sql: TestSql): unknown {
  const tables = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
  return tables.map(({ name }) => [...sql.exec(`SELECT * FROM "${name}"`)]);
}

/** A file that somebody approved is committed as it is: the approval showed it. */
function isContent(text: string): boolean {
  return text.startsWith("/graphql") || text.includes("/git/blobs");
}

/** Nothing in it pings, links, loads, hides or commands; but for our own fold and marks. */
function requireInert(body: string, where: string): void {
  const { text, root } = parseMarkdown(body);
  const markup = /^(?:HTML|Comment|Processing|Link$|LinkReference|Image|Autolink|Table|Blockquote|Setext|ATX)/;
  const found = nodesOf(root)
    .filter(({ name }) => markup.test(name))
    .map(({ from, to }) => text.slice(from, to));
  const ours = /^<!-- spindle:(thread|effect)=[^>]*-->$|^<details>\n<summary>[0-9a-z ]*<\/summary>$|^<\/details>$/;
  expect(
    found.filter((one) => !ours.test(one.trim())),
    where,
  ).toEqual([]);
  const spoken = nodesOf(root)
    .filter(({ name }) => /^(?:FencedCode|InlineCode|CodeBlock|CommentBlock)$/.test(name))
    .toReversed()
    .reduce((left, { from, to }) => left.slice(0, from) + left.slice(to), text)
    .replaceAll("\\", "")
    .replaceAll("&#8203;", "\u200b");
  expect(spoken, where).not.toMatch(/[@#][\w-]|\bgh-\d|:\/\/|\bwww\./i);
  for (const secret of secrets) expect(body.includes(secret), where).toBe(false);
}

function nodesOf(node: MarkdownNode): MarkdownNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}
