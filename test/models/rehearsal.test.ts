/** The rehearsal, spoken to through the same OpenAI model as a real server. */
import { describe, expect, test } from "vitest";
import type { ModelEvent, ModelItem } from "#models/model";
import { createRehearsalFetch, rehearsalModelInfo } from "#models/rehearsal";
import { collect, countedIds, modelRequest, recordedResponses, told, user } from "./model-server.ts";
import { answer, itemsOf, never, rehearsal, short, textOf, tools } from "./rehearsal-talk.ts";

async function firstItems(prompt: string): Promise<string[]> {
  return itemsOf(await answer([user(prompt)])).map(short);
}

/** A workspace of files and a shell that knows `cat` and exit codes: enough to walk through a turn as the thread's loop would. */
class Workshop {
  readonly files: Map<string, string>;
  readonly input: ModelItem[] = [];
  readonly log: string[] = [];
  isDeclining = false;

  constructor(files: Record<string, string> = {}) {
    this.files = new Map(Object.entries(files));
  }

  /** Runs a turn to its end and returns what the model did in it. */
  async turn(prompt: string): Promise<string[]> {
    const before = this.log.length;
    this.input.push(user(prompt));
    while (await this.step());
    return this.log.slice(before);
  }

  /** One request and its tools; false when the turn ended. */
  async step(): Promise<boolean> {
    const items = itemsOf(await answer(this.input));
    this.input.push(...items);
    this.log.push(...items.map(short));
    const calls = items.filter((item) => item.type.endsWith("_call"));
    this.input.push(...calls.map((call) => this.run(call)));
    return calls.length > 0;
  }

  private run(call: ModelItem): ModelItem {
    const { call_id } = call;
    if (call.type === "shell_call") {
      const [stdout, stderr, exit_code] = this.shell(String(Object(call.action).commands));
      const output = [{ stdout, stderr, outcome: { type: "exit", exit_code } }];
      return { type: "shell_call_output", call_id, status: "completed", output };
    }
    const failure = this.isDeclining ? "The change was declined." : this.patch(Object(call.operation));
    return { type: "apply_patch_call_output", call_id, status: failure ? "failed" : "completed", output: failure ?? "Done" };
  }

  private shell(command: string): [stdout: string, stderr: string, exitCode: number] {
    const path = /^cat -- '(.*)'$/.exec(command)?.[1]?.replaceAll("'\\''", "'");
    if (path === undefined) return ["", "", Number(/^exit (\d+)$/.exec(command)?.[1] ?? 0)];
    const content = this.files.get(path);
    return content === undefined ? ["", `cat: ${path}: No such file or directory`, 1] : [content, "", 0];
  }

  private patch(operation: { type: string; path: string; diff: string }): string | null {
    const old = this.files.get(operation.path);
    if (operation.type === "delete_file") return this.files.delete(operation.path) ? null : "There is no such file.";
    if (operation.type === "create_file") this.files.set(operation.path, operation.diff.replaceAll(/^\+/gm, ""));
    else this.files.set(operation.path, applyV4a(old ?? "", operation.diff));
    return null;
  }
}

/** V4A as OpenAI's own reference reads it: each hunk is searched from where the last one ended. */
function applyV4a(content: string, diff: string): string {
  const lines = content.split("\n");
  let cursor = 0;
  for (const hunk of diff.split(/^@@\n/m).slice(1)) {
    const body = hunk.replace(/\n$/, "").split("\n");
    const before = body.filter((line) => !line.startsWith("+")).map((line) => line.slice(1));
    const after = body.filter((line) => !line.startsWith("-")).map((line) => line.slice(1));
    while (before.some((line, index) => lines[cursor + index] !== line)) {
      cursor += 1;
      if (cursor > lines.length) throw new Error(`hunk not found:\n${hunk}`);
    }
    lines.splice(cursor, before.length, ...after);
    cursor += after.length;
  }
  return lines.join("\n");
}

describe("one instruction", () => {
  test("say: a message that streams word by word", async () => {
    const events = await answer([user("say hello  wide world")]);
    expect(events).toEqual([
      { type: "messageStarted", itemId: "msg_id-2" },
      { type: "messageDelta", itemId: "msg_id-2", delta: "hello  " },
      { type: "messageDelta", itemId: "msg_id-2", delta: "wide " },
      { type: "messageDelta", itemId: "msg_id-2", delta: "world" },
      expect.objectContaining({ type: "itemDone", itemId: "msg_id-2" }),
      { type: "completed", usage: expect.objectContaining({ reasoningOutputTokens: 0 }) },
    ]);
  });

  test("count: one message, one number at a time, with a pause between two numbers", async () => {
    const pauses: number[] = [];
    const model = rehearsal({
      sleep: async (ms) => {
        pauses.push(ms);
      },
    });
    const events = await collect(model.stream(modelRequest({ input: [user("count 3")], tools }), never));
    const deltas = events.filter((event) => event.type === "messageDelta").map((event) => event.delta);
    expect(deltas).toEqual(["1", " 2", " 3"]);
    expect(pauses).toEqual([50, 50]);
  });

  test("think: reasoning with a summary, and something to keep to oneself", async () => {
    const events = await answer([user("think hard and long")]);
    expect(told(events).slice(0, 4)).toEqual([
      "reasoningStarted",
      "reasoningPartAdded",
      'thinks 0 "hard and long"',
      "itemDone reasoning",
    ]);
    expect(itemsOf(events)[0]).toMatchObject({ encrypted_content: "encrypted rs_id-2" });
  });

  test("write: a patch that creates the file, with a line break at its end", async () => {
    const [call] = itemsOf(await answer([user("write notes.txt: alpha")]));
    expect(call).toEqual({
      id: "apc_id-2",
      type: "apply_patch_call",
      status: "completed",
      call_id: "call_id-3",
      operation: { type: "create_file", diff: "+alpha\n", path: "notes.txt" },
    });
    const workshop = new Workshop();
    await workshop.turn("write a b.txt: one\\n\\ntwo: three\\n\nwrite empty.txt:");
    expect(Object.fromEntries(workshop.files)).toEqual({ "a b.txt": "one\n\ntwo: three\n", "empty.txt": "" });
  });

  test("delete and run: the calls a real model makes", async () => {
    expect(itemsOf(await answer([user("delete notes.txt")]))).toMatchObject([
      { type: "apply_patch_call", operation: { type: "delete_file", path: "notes.txt" } },
    ]);
    expect(itemsOf(await answer([user("run ls -la | wc")]))).toEqual([
      {
        id: "sh_id-2",
        type: "shell_call",
        call_id: "call_id-3",
        status: "completed",
        action: { commands: ["ls -la | wc"], max_output_length: null, timeout_ms: null },
      },
    ]);
  });

  test("replace: reads the file, then patches every occurrence", async () => {
    const lines = Array.from({ length: 30 }, (_, index) => (index % 10 === 4 ? "old old" : `line ${index % 10}`));
    const workshop = new Workshop({ "it's.txt": `${lines.join("\n")}\n` });
    expect(await workshop.turn('replace "old" with "$& new" in it\'s.txt')).toEqual([
      "run cat -- 'it'\\''s.txt'",
      "update_file it's.txt",
      "say Done.",
    ]);
    expect(workshop.files.get("it's.txt")).toBe(`${lines.join("\n")}\n`.replaceAll("old", "$$& new"));
    const [patch] = workshop.input.filter((item) => item.type === "apply_patch_call");
    expect(Object(patch?.operation).diff.split("@@\n").length).toBe(4);
  });

  test("replace: works in a file without a line break at its end, and over lines", async () => {
    const workshop = new Workshop({ a: "x\ny\nz" });
    await workshop.turn('replace "x\\ny" with "one" in a\nreplace "z" with "\\"q\\"" in a');
    expect(workshop.files.get("a")).toBe('one\n\\"q\\"');
  });

  test("replace: says so when there is nothing to replace, and goes on", async () => {
    const workshop = new Workshop({ a: "x\n" });
    expect(await workshop.turn('replace "q" with "y" in a\nreplace "x" with "y" in b\nsay end')).toEqual([
      "run cat -- 'a'",
      'say "q" is not in a, so nothing was changed.',
      "run cat -- 'b'",
      "say I could not read b, so nothing was changed.",
      "say end",
    ]);
  });

  test("plan and ask: the functions that the agent's loop offers every model, and nothing where they are not offered", async () => {
    const offered = ["update_plan", "request_user_input"].map((name) => ({ type: "function", name }));
    const prompt = user("plan look at it; mend it\nask Which one: left | right\nsay end");
    const plan = {
      plan: [
        { step: "look at it", status: "in_progress" },
        { step: "mend it", status: "pending" },
      ],
    };
    const answers = [
      { label: "left", description: "Answers left." },
      { label: "right", description: "Answers right." },
    ];
    const questions = { questions: [{ id: "answer", header: "Rehearsal", question: "Which one", options: answers }] };
    const input: ModelItem[] = [prompt];
    for (const [name, parameters] of Object.entries({ update_plan: plan, request_user_input: questions })) {
      const [call, ...rest] = itemsOf(await answer(input, { tools: offered }));
      expect(call).toMatchObject({ type: "function_call", name, arguments: JSON.stringify(parameters) });
      expect(rest).toEqual([]);
      if (call) input.push(call, { type: "function_call_output", call_id: call.call_id, output: "ok" });
    }
    expect(itemsOf(await answer(input, { tools: offered })).map(short)).toEqual(["say end"]);
    expect(await firstItems("plan a")).toEqual(["say Tools are not available here: this thread offers no `update_plan`."]);
  });

  test("fail: refuses the request every time, or cuts the stream in the middle", async () => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(answer([user("say first\nfail 500")])).rejects.toMatchObject({ info: "internalServerError" });
    }
    const seen: ModelEvent[] = [];
    const cut = rehearsal().stream(modelRequest({ input: [user("say first\nfail cut")] }), never);
    await expect(
      (async () => {
        for await (const event of cut) seen.push(event);
      })(),
    ).rejects.toMatchObject({ message: "stream disconnected before completion: stream closed before response.completed" });
    expect(told(seen)).toEqual([
      "messageStarted",
      'says "first"',
      "itemDone message",
      "messageStarted",
      'says "This stream was cut"',
    ]);
  });

  test("anything else: one explanation for all of it", async () => {
    for (const prompt of [
      "",
      "hello",
      "please\nfix the bug\n\nnow",
      "say",
      "count x",
      "count 0",
      "count 10001",
      "write a.txt",
      "fail 200",
      "plan ;",
      "ask Which one",
      "ask Which one: |",
    ]) {
      const [item, ...rest] = await firstItems(prompt);
      expect(item).toMatch(/`rehearsal`, the embedded stand-in. It is no language model.*OPENAI_API_KEY/s);
      expect(rest).toEqual([]);
    }
    const items = await firstItems("what?\nsay a\nwhat else?");
    expect(items.map((item) => item.slice(0, 12))).toEqual(["say This is ", "say a"]);
  });
});

describe("a turn", () => {
  test("goes instruction by instruction, one response up to each tool call", async () => {
    const workshop = new Workshop();
    const prompt = "think first\nsay a\nwrite x.txt: one\n\n  count 2  \r\nthink again\nrun exit 0\nsay end";
    expect(await workshop.turn(prompt)).toEqual([
      "think first",
      "say a",
      "create_file x.txt",
      "say 1 2",
      "think again",
      "run exit 0",
      "say end",
    ]);
    expect(await workshop.turn("say next")).toEqual(["say next"]);
  });

  test("that ends with a tool call closes with a word on how it went", async () => {
    const workshop = new Workshop();
    expect((await workshop.turn("run true")).at(-1)).toBe("say Done.");
    expect((await workshop.turn("run exit 3")).at(-1)).toBe("say The command failed with exit code 3.");
    expect((await workshop.turn("delete nothing")).at(-1)).toBe("say The change failed: There is no such file.");
    workshop.isDeclining = true;
    expect((await workshop.turn("write a: b")).at(-1)).toBe("say The change was declined.");
  });

  test("is continued alike from its input alone, wherever it stopped", async () => {
    const whole = new Workshop({ a: "x\n" });
    const log = await whole.turn('think t\nsay s\nreplace "x" with "y" in a\nwrite b: c\nsay end');
    for (let length = 1; length < whole.input.length; length += 1) {
      if (whole.input[length]?.type.endsWith("_output")) continue;
      const resumed = new Workshop({ a: "x\n" });
      resumed.input.push(...whole.input.slice(0, length));
      while (await resumed.step());
      const done = whole.input.slice(1, length).filter((item) => !item.type.endsWith("_output"));
      expect([...done.map(short), ...resumed.log]).toEqual(log);
    }
  });

  test("takes a steer: what was cut short counts as said, and the new instructions come last", async () => {
    const partial = { type: "message", role: "assistant", content: [{ type: "output_text", text: "1 2 3" }] };
    const items = itemsOf(await answer([user("count 100\nsay a"), partial, user("say b")]));
    expect(items.map(short)).toEqual(["say a", "say b"]);
  });

  test("that was aborted leaves nothing to do", async () => {
    const aborted = user("<turn_aborted>\nThe user interrupted the previous turn on purpose.\n</turn_aborted>");
    const items = itemsOf(await answer([user("run ls\nfail 500"), aborted, user("say b")]));
    expect(items.map(short)).toEqual(["say b"]);
  });

  test("pays no attention to what the system says in the user's role", async () => {
    const context = user("<environment_context>\nsay nothing\n</environment_context>");
    const developer = { type: "message", role: "developer", content: "say nothing" };
    const items = itemsOf(await answer([context, developer, { type: "message", role: "user", content: "say b" }]));
    expect(items.map(short)).toEqual(["say b"]);
  });

  test("without tools says that there are none", async () => {
    const events = await answer([user("run ls\nwrite a: b\nsay c")], { tools: [] });
    expect(itemsOf(events).map(short)).toEqual([
      "say Tools are not available here: this thread offers no `shell`.",
      "say Tools are not available here: this thread offers no `apply_patch`.",
      "say c",
    ]);
  });

  test("that another model had before leaves its items behind without harm", async () => {
    const history: ModelItem[] = [
      user("delete the old file"),
      { type: "reasoning", summary: [] },
      { type: "message", role: "assistant", content: "I would rather not." },
      user("run the tests then"),
      { type: "function_call", name: "exec", call_id: "c1" },
      { type: "function_call_output", call_id: "c1", output: "ok" },
      { type: "web_search_call", id: "ws" },
      { type: "message", role: "assistant", content: "All green." },
    ];
    expect(itemsOf(await answer([...history, user("say b")])).map(short)).toEqual(["say b"]);
  });

  test("stops when it is aborted, between two numbers", async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const model = rehearsal({
      sleep: (_ms, signal) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          setTimeout(resolve);
        }),
    });
    for await (const event of model.stream(modelRequest({ input: [user("count 100")] }), abort.signal)) {
      if (event.type !== "messageDelta") continue;
      seen.push(event.delta);
      if (seen.length === 3) abort.abort();
    }
    expect(seen).toEqual(["1", " 2", " 3"]);
  });
});

describe("structured output", () => {
  test("is JSON that satisfies the schema: the title that Codex's terminal client asks for", async () => {
    const outputSchema = {
      type: "object",
      properties: { title: { type: "string", minLength: 1, maxLength: 36 } },
      required: ["title"],
      additionalProperties: false,
    };
    const prompt =
      "Generate a concise, single-line task title.\n\nUser prompt:\nsay hello\nto all   of the many people that are here";
    const [item] = itemsOf(await answer([user(prompt)], { outputSchema }));
    expect(JSON.parse(textOf(item ?? user("")))).toEqual({ title: "say hello to all of the many people" });
  });

  test("knows every kind of value", async () => {
    const outputSchema = {
      type: "object",
      $defs: { step: { type: "object", properties: { done: { type: "boolean" }, next: { $ref: "#/$defs/step" } } } },
      properties: {
        short: { type: ["string", "null"], maxLength: 2 },
        count: { type: "integer", minimum: 1 },
        list: { type: "array", items: { type: "string" } },
        kind: { enum: ["a", "b"] },
        fixed: { const: 7 },
        either: { anyOf: [{ type: "boolean" }, { type: "null" }] },
        nothing: { type: "null" },
        nested: { type: "object", properties: { size: { type: "number" } } },
      },
    };
    const [item] = itemsOf(await answer([user("😀😀😀")], { outputSchema }));
    expect(JSON.parse(textOf(item ?? user("")))).toEqual({
      short: "😀😀",
      count: 1,
      list: [],
      kind: "a",
      fixed: 7,
      either: false,
      nothing: null,
      nested: { size: 0 },
    });
    const recursive = { ...outputSchema, properties: { step: { $ref: "#/$defs/step" } } };
    expect(itemsOf(await answer([user("x")], { outputSchema: recursive }))).toHaveLength(1);
  });
});

describe("on the wire", () => {
  async function wireTypes(prompt: string): Promise<string[]> {
    const fetch = createRehearsalFetch({ newId: countedIds(), sleep: async () => {} });
    const body = JSON.stringify({ model: "rehearsal", input: [user(prompt)], tools });
    const text = await (await fetch("http://rehearsal.invalid/v1/responses", { method: "POST", body })).text();
    return runsOf(text.match(/(?<=^event: ).*$/gm) ?? []);
  }

  /** Each run of equal types once: how many deltas a text takes is the server's business. */
  function runsOf(types: string[]): string[] {
    return types.filter((type, index) => type !== types[index - 1]);
  }

  test("a shell call, a patch, a deletion and a message are the events that the real API sent", async () => {
    const recorded = (name: string, index = 0) => runsOf((recordedResponses(name)[index] ?? []).map((event) => event.type));
    expect(await wireTypes("run ls")).toEqual(recorded("shell-tool.1.jsonl"));
    expect(await wireTypes("write a: b")).toEqual(recorded("apply-patch-tool.1.jsonl"));
    expect(await wireTypes("delete a")).toEqual(recorded("apply-patch-tool-delete.1.jsonl"));
    expect(await wireTypes("say hello world")).toEqual(recorded("shell-local-multiturn.1.jsonl"));
    expect((await wireTypes("think hard")).slice(2, -1)).toEqual(recorded("reasoning-encrypted-content.1.jsonl").slice(2, 8));
  });

  test("the list of models says honestly what it is", () => {
    expect(rehearsalModelInfo.id).toBe("rehearsal");
    expect(rehearsalModelInfo.description).toContain("not a language model");
  });

  test("ten thousand words and a long history are answered within a second", async () => {
    const history = Array.from({ length: 2_000 }, () => [user("say a"), { type: "message", role: "assistant", content: "a" }]);
    const started = performance.now();
    const events = await answer([...history.flat(), user(`say ${"word ".repeat(10_000)}`)]);
    expect(events.length).toBeGreaterThan(10_000);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
