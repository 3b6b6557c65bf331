import { expect } from "vitest";
import errors from "../fixtures/codex-0.169.0/transcripts/13-errors.jsonl?raw";
import { Client, type Message, type Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const unknown = "00000000-0000-7000-8000-000000000000";

story("every error of the real server's session is answered in its words", async () => {
  const lines: { dir: string; msg: Message & { RAW?: string } }[] = errors
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  const expected = new Map(
    lines.flatMap(({ dir, msg }) => (dir === "s2c" && msg.id !== undefined && !msg.method ? [[msg.id, msg] as const] : [])),
  );
  const client = await Client.open();
  const differences: unknown[] = [];
  let same = 0;
  for (const { dir, msg } of lines) {
    const wanted = dir === "c2s" && msg.method && msg.id !== undefined ? expected.get(msg.id) : undefined;
    if (!wanted) continue;
    client.sendText(JSON.stringify(msg));
    const answer = await client.untilThat(({ id, method }) => method === undefined && id === msg.id);
    if (!wanted.error) expect(answer.error, msg.method).toBeUndefined();
    else if (JSON.stringify(answer.error) === JSON.stringify(wanted.error)) same += 1;
    else differences.push([msg.method, wanted.error.message, answer.error?.message ?? "(answered)"]);
  }
  expect(differences).toEqual([]);
  expect(same).toBe(31);
  client.close();
});

story("before the handshake nothing is answered but the handshake, and it happens once", async ({ client: other, sleep }) => {
  const client = await Client.open();
  expect(await client.refusal("thread/list", {})).toBe("-32600 Not initialized");
  expect(await client.refusal("thread/start", {})).toBe("-32600 Not initialized");
  expect(await client.refusal("project/list", {})).toBe("-32600 Not initialized");
  // What cannot be read is said first.
  expect(await client.refusal("no/such", {})).toMatch(
    /^-32600 Invalid request: unknown variant `no\/such`, expected one of `initialize`, /,
  );
  expect(await client.refusal("initialize", {})).toBe("-32600 Invalid request: missing field `clientInfo`");
  client.sendText(JSON.stringify({ id: `${unknown}:x`, result: { decision: "accept" } }));
  const name = "bad\nname";
  expect(await client.refusal("initialize", { clientInfo: { name, version: "1" } })).toBe(
    `-32600 Invalid clientInfo.name: '${name}'. Must be a valid HTTP header value.`,
  );
  const hello = { clientInfo: { name: "probe", title: null, version: "1" } };
  expect(await client.request("initialize", hello)).toEqual({
    userAgent: expect.stringMatching(/^probe\/0\.169\.0 \(.*\) probe \(probe; 1\)$/),
    codexHome: expect.any(String),
    platformFamily: "unix",
    platformOs: "linux",
  });
  await sleep();
  // Requests after the answer and before `initialized` are served.
  expect(await client.request("model/list", {})).toMatchObject({ data: [{ id: "rehearsal" }] });
  expect(await client.refusal("initialize", hello)).toBe("-32600 Already initialized");
  expect(await client.refusal("thread/search", { searchTerm: "x" })).toBe(
    "-32600 thread/search requires experimentalApi capability",
  );
  expect(await client.refusal("thread/start", { mockExperimentalField: "x" })).toBe(
    "-32600 thread/start.mockExperimentalField requires experimentalApi capability",
  );
  expect(await other.refusal("project/list", {})).toBe(
    "-32600 project/list is not supported by Spindle: threads are put in order by sections",
  );
  client.close();
});

const input = [{ type: "text", text: "x", text_elements: [] }];
/** Which words each method has for a thread that there is not. */
const unknownThread: [method: string, params: object, message: string][] = [
  ["thread/read", {}, `thread not loaded: ${unknown}`],
  ["thread/turns/list", {}, `thread not loaded: ${unknown}`],
  ["thread/items/list", {}, `thread not loaded: ${unknown}`],
  ["thread/resume", {}, `no rollout found for thread id ${unknown}`],
  ["thread/archive", {}, `no rollout found for thread id ${unknown}`],
  ["thread/delete", {}, `no rollout found for thread id ${unknown}`],
  ["thread/name/set", { name: "x" }, `no rollout found for thread id ${unknown}`],
  ["thread/unarchive", {}, `no archived rollout found for thread id ${unknown}`],
  ["turn/start", { input }, `thread not found: ${unknown}`],
  ["turn/steer", { input, expectedTurnId: unknown }, `thread not found: ${unknown}`],
  ["turn/interrupt", { turnId: unknown }, `thread not found: ${unknown}`],
];
story(
  "an unknown thread is refused in the words of each method, and a malformed id in those of Rust",
  async ({ client, sleep }) => {
    for (const [method, params, message] of unknownThread) {
      expect(await client.refusal(method, { threadId: unknown, ...params }), method).toBe(`-32600 ${message}`);
      const noun = method === "thread/resume" ? "session" : "thread";
      expect(await client.refusal(method, { threadId: "nope", ...params }), method).toBe(
        `-32600 invalid ${noun} id: invalid character: expected an optional prefix of \`urn:uuid:\` followed by [0-9a-fA-F-], found \`n\` at 1`,
      );
      expect(await client.refusal(method, { threadId: 5, ...params }), method).toBe(
        "-32600 Invalid request: invalid type: integer `5`, expected a string",
      );
      expect(await client.refusal(method, params), method).toBe("-32600 Invalid request: missing field `threadId`");
    }
    await sleep();
    // Every spelling of an id is the same thread.
    const threadId = await client.startThread();
    for (const spelled of [threadId.toUpperCase(), threadId.replaceAll("-", ""), `urn:uuid:${threadId}`, `{${threadId}}`]) {
      expect((await client.request("thread/read", { threadId: spelled })).thread.id).toBe(threadId);
    }
    // Nobody can make objects by asking for them.
    const leftovers = await inThread(unknown, (_, { storage }) => storage.sql.exec("SELECT name FROM sqlite_master").toArray());
    expect(leftovers).toEqual([]);
  },
);

story("what is no message is dropped, and the socket goes on", async ({ client, sleep }) => {
  await client.startThread();
  const before = client.frames.length;
  const deep = `${"[".repeat(200)}${"]".repeat(200)}`;
  for (const text of [
    "",
    "hello",
    "{",
    "null",
    "5",
    '"text"',
    "[]",
    '[{"id":1,"method":"model/list","params":{}}]',
    "{}",
    '{"id":null,"method":"model/list","params":{}}',
    '{"id":1.5,"method":"model/list","params":{}}',
    '{"id":true,"method":"model/list","params":{}}',
    '{"id":{},"method":"model/list","params":{}}',
    '{"id":7}',
    '{"id":7,"method":5}',
    `{"id":7,"method":"model/list","params":${deep}}`,
    `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
    '{"method":"no/such/notification"}',
    '{"method":"model/list","params":{}}',
    '{"id":9,"result":{"decision":"accept"}}',
    '{"id":"nonsense","result":{"decision":"accept"}}',
    `{"id":"${unknown}:${unknown}","result":{"decision":"accept"}}`,
    `{"id":"${client.threadId}:nope","result":{"decision":"accept"}}`,
    `{"id":"${client.threadId}:nope","error":{"code":-1,"message":"no"}}`,
  ]) {
    client.sendText(text);
  }
  client.sendBytes(new TextEncoder().encode('{"id":8,"method":"model/list","params":{}}'));
  await sleep();
  await client.untilQuiet();
  expect(client.frames.slice(before).filter(({ method }) => method !== "thread/started")).toEqual([]);
  expect((await client.turn("say still here")).items[0].text).toBe("still here");
});

story("an id comes back exactly as it was sent", async ({ client }) => {
  const ids = [
    "0",
    "-7",
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775807",
    '""',
    '"x"',
    '"ünï\\"\\u0001"',
    '"1"',
  ];
  for (const id of ids) {
    client.sendText(`{"jsonrpc":"2.0","id":${id},"method":"thread/loaded/list","params":{"limit":1}}`);
    client.sendText(`{"params":null,"method":"no/such","id":${id}}`);
  }
  await expect.poll(() => client.texts.length).toBe(1 + 2 * ids.length);
  for (const id of ids) {
    const written = JSON.stringify(id.startsWith('"') ? JSON.parse(id) : null);
    const spelled = id.startsWith('"') ? written : id;
    expect(client.texts.filter((text) => text.startsWith(`{"id":${spelled},"result":`))).toHaveLength(1);
    expect(client.texts.filter((text) => text.startsWith('{"error":') && text.endsWith(`,"id":${spelled}}`))).toHaveLength(1);
  }
});

story(
  "an input of exactly the bound is taken, whatever its alphabet, and one character more is refused",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    const max = 1_048_576;
    const say = (text: string) =>
      client.ask("turn/start", { threadId, input: [{ type: "text", text, text_elements: [] }], clientUserMessageId: null });
    expect((await say("a".repeat(max + 1))).error).toEqual({
      code: -32602,
      message: "Input exceeds the maximum length of 1048576 characters.",
      data: { input_error_code: "input_too_large", max_chars: max, actual_chars: max + 1 },
    });
    for (const letter of ["a", "漢", "🙂"]) {
      const { result, error } = await say(letter.repeat(max));
      expect(error, letter).toBeUndefined();
      const end = await client.untilThat(
        ({ method, params }) => method === "turn/completed" && params.turn.id === result.turn.id,
      );
      expect(end.params.turn.status, letter).toBe("completed");
      await sleep();
      const { data } = await client.request("thread/items/list", { threadId, turnId: result.turn.id, limit: 1 });
      const kept: string = data[0].item.content[0].text;
      expect(kept === letter.repeat(max), letter).toBe(true);
    }
    const rows = await inThread(threadId, (_, { storage }) =>
      storage.sql.exec("SELECT max(length(CAST(text AS BLOB))) AS bytesMax FROM frame_parts").one(),
    );
    expect(rows.bytesMax).toBeLessThanOrEqual(2_000_000);
  },
);

story(
  "a message over the bound closes the socket, which can come back and has lost nothing",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.turn("say hi");
    const { seq } = client.fold() ?? { seq: 0 };
    client.sendText(JSON.stringify({ id: 99, method: "model/list", params: { cursor: "x".repeat(8 * 1024 * 1024) } }));
    expect((await client.untilClosed()).code).toBe(1009);
    await sleep();
    const other = await connect();
    expect((await other.resume(threadId, { afterSeq: seq })).result.thread.id).toBe(threadId);
    expect((await other.turn("say back")).items[0].text).toBe("back");
  },
);

story("a burst of requests is answered to the last, and what is too much with `later`", async ({ client }) => {
  const threadId = await client.startThread();
  await client.turn("say hi");
  const reads = await Promise.all(Array.from({ length: 300 }, () => client.ask("thread/read", { threadId })));
  expect(new Set(reads.map(({ result }) => result?.thread.id))).toEqual(new Set([threadId]));
  // A name is answered when the Directory has heard of it, which now takes its time.
  await inThread(threadId, ({ host }) => {
    const { tellDirectory } = host;
    host.tellDirectory = async (summary, news) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return tellDirectory(summary, news);
    };
  });
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => client.ask("thread/name/set", { threadId, name: `name ${index}` })),
  );
  const refusals = answers.flatMap(({ error }) => error ?? []);
  expect(refusals).toEqual(
    Array.from({ length: 300 - 256 }, () => ({ code: -32001, message: "Server overloaded; retry later." })),
  );
  expect(answers.filter(({ result }) => result)).toHaveLength(256);
  expect((await client.request("thread/read", { threadId })).thread.name).toBe("name 255");
  expect((await client.turn("say still here")).items[0].text).toBe("still here");
});

story("params of every wrong kind are refused in serde's words", async ({ client }) => {
  const threadId = await client.startThread();
  const refusals: [method: string, params: Wire, message: string][] = [
    ["thread/read", undefined, "missing field `params`"],
    ["thread/read", [], "invalid length 0, expected struct ThreadReadParams with 2 elements"],
    ["thread/read", "x", 'invalid type: string "x", expected struct ThreadReadParams'],
    ["turn/start", { threadId }, "missing field `input`"],
    ["turn/start", { threadId, input: "x" }, 'invalid type: string "x", expected a sequence'],
    ["turn/start", { threadId, input: [{}] }, "missing field `type`"],
    ["turn/start", { threadId, input: [{ type: "text" }] }, "missing field `text`"],
    [
      "thread/start",
      { approvalPolicy: "bogus" },
      "unknown variant `bogus`, expected one of `untrusted`, `on-request`, `granular`, `never`",
    ],
    ["thread/list", { limit: -1 }, "invalid value: integer `-1`, expected u32"],
  ];
  for (const [method, params, message] of refusals) {
    expect(await client.refusal(method, params), `${method} ${JSON.stringify(params)}`).toBe(
      `-32600 Invalid request: ${message}`,
    );
  }
  // What nobody knows is ignored.
  expect((await client.request("thread/read", { threadId, zzz: 1 })).thread.id).toBe(threadId);
});

story("words that look like code stay words", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const nasty = `'"; DROP TABLE frames; -- \\u0000 \u0000 \u2028 </script> \ud83d\ude42 \ud800 {"method":"x"}`;
  await client.turn(`say ${nasty}`);
  await client.request("thread/name/set", { threadId, name: nasty });
  await sleep();
  const { thread } = await client.request("thread/read", { threadId, includeTurns: true });
  expect(thread.name).toBe(nasty);
  expect(thread.turns[0].items[0].content[0].text).toBe(`say ${nasty}`);
});

story("a connection follows as many threads as it can remember, and says so", async ({ client, connect, sleep }) => {
  const cwd = `/${"x".repeat(7_000)}`;
  await client.startThread({ cwd });
  await client.startThread({ cwd });
  const tooMuch =
    "-32600 Invalid request: this connection cannot remember another thread with a folder of that name; unsubscribe from one";
  expect(await client.refusal("thread/start", { cwd })).toBe(tooMuch);
  const other = await connect();
  const third = await other.startThread({ cwd });
  await other.turn("say hi");
  expect(await client.refusal("thread/resume", { threadId: third })).toBe(tooMuch);
  await sleep();
  await other.turn("say more");
  expect((await client.turn("say still here")).items[0].text).toBe("still here");
  expect(await client.request("thread/unsubscribe", { threadId: client.threadId })).toEqual({ status: "unsubscribed" });
  await client.resume(third);
  expect((await client.turn("say I am here too")).items[0].text).toBe("I am here too");
});

story("a connection follows no more threads than it may", async ({ client, sleep }) => {
  const started = await Promise.all(Array.from({ length: 140 }, () => client.ask("thread/start", {})));
  const followed = started.filter(({ result }) => result);
  expect(followed.length).toBeGreaterThan(100);
  expect(followed.length).toBeLessThanOrEqual(128);
  for (const { error } of started) {
    if (error) expect(error.message).toMatch(/^Invalid request: this connection (follows 128|cannot remember)/);
  }
  await sleep();
  client.threadId = followed[0]?.result.thread.id;
  expect((await client.turn("say still here")).items[0].text).toBe("still here");
});
