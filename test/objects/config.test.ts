import { expect } from "vitest";
import { limits } from "#core/limits";
import type { Client, Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const file = "/spindle/config.toml";

story(
  "what one client writes every client of the account reads, with where it comes from",
  async ({ client, connect, sleep }) => {
    await forget(client);
    const empty = await client.request("config/read", { includeLayers: true });
    expect(empty.origins).toEqual({});
    const { version: emptyVersion } = empty.layers[0];
    expect(empty.layers).toEqual([{ name: { type: "user", file, profile: null }, version: emptyVersion, config: {} }]);
    const written = await set(client, "tui.theme", "dark");
    expect(written).toEqual({ status: "ok", version: expect.any(String), filePath: file, overriddenMetadata: null });
    await sleep();
    const other = await connect();
    await set(other, 'projects."/work.space".trust_level', "trusted");
    await sleep();
    const { config, origins, layers } = await client.request("config/read", { includeLayers: true, cwd: "/anywhere" });
    expect(config).toMatchObject({
      model: "rehearsal",
      approval_policy: "on-request",
      tui: { theme: "dark" },
      projects: { "/work.space": { trust_level: "trusted" } },
    });
    const layer = { name: { type: "user", file, profile: null }, version: layers[0].version };
    expect(origins).toEqual({ "tui.theme": layer, "projects./work.space.trust_level": layer });
    expect(layers).toEqual([{ ...layer, config: { tui: { theme: "dark" }, projects: config.projects } }]);
    expect((await client.request("config/read", {})).layers).toBeNull();
    expect((await forget(client)).version, "the same says the same version").toBe(emptyVersion);
  },
);

story("values are replaced, merged or taken away; all edits of a batch or none", async ({ client, sleep }) => {
  await forget(client);
  await set(client, "a", { b: 1, c: { d: [1, 2] } });
  await set(client, "a", { c: { e: true } }, { mergeStrategy: "upsert" });
  await sleep();
  expect((await own(client)).a).toEqual({ b: 1, c: { d: [1, 2], e: true } });
  await client.request("config/batchWrite", {
    edits: [edit("a.c", null), edit("a.b.deep", "x"), edit("gone.below", null), edit("z", 1.5)],
    reloadUserConfig: true,
  });
  await sleep();
  expect(await own(client)).toEqual({ a: { b: { deep: "x" } }, z: 1.5 });
  const half = { edits: [edit("kept", 1), edit("approval_policy", "bogus")] };
  expect((await client.ask("config/batchWrite", half)).error?.message).toMatch(/^Invalid configuration: unknown variant `bogus`/);
  expect(await own(client)).toEqual({ a: { b: { deep: "x" } }, z: 1.5 });
  await forget(client);
});

story("of two who write on what they read, one is told to read again", async ({ client, connect, sleep }) => {
  await forget(client);
  const { version } = await set(client, "model", "one");
  const other = await connect();
  await sleep();
  await set(other, "model", "two", { expectedVersion: version });
  const late = { keyPath: "model", value: "three", mergeStrategy: "replace", expectedVersion: version, filePath: file };
  expect((await client.ask("config/value/write", late)).error).toEqual({
    code: -32600,
    message: "Configuration was modified since last read. Fetch latest version and retry.",
    data: { config_write_error_code: "configVersionConflict" },
  });
  expect((await client.ask("config/value/write", { ...late, filePath: "/etc/config.toml" })).error).toEqual({
    code: -32600,
    message: "Only writes to the user config are allowed",
    data: { config_write_error_code: "configLayerReadonly" },
  });
  expect((await own(client)).model).toBe("two");
  await forget(client);
});

story("what the account says begins its threads, and what thread/start says comes first", async ({ client, sleep }) => {
  await forget(client);
  const defaults = {
    model: "of-the-account",
    approval_policy: "never",
    model_reasoning_effort: "high",
    model_reasoning_summary: "concise",
    personality: "pragmatic",
    decision_mode: "steer",
    developer_instructions: "Write tests.",
    instructions: "You are brief.",
  };
  await client.request("config/batchWrite", { edits: Object.entries(defaults).map(([key, value]) => edit(key, value)) });
  await sleep();
  const settings = (threadId: string) => inThread(threadId, ({ current }) => current.settings);
  const started = await client.request("thread/start", {});
  expect(started).toMatchObject({
    model: "of-the-account",
    approvalPolicy: "never",
    reasoningEffort: "high",
    thread: { model: "of-the-account", reasoningEffort: "high" },
  });
  expect(await settings(started.thread.id)).toMatchObject({
    summary: "concise",
    personality: "pragmatic",
    decisionMode: "steer",
    developerInstructions: "Write tests.",
    baseInstructions: "You are brief.",
  });
  const config = { model_reasoning_effort: "low", developer_instructions: "Write prose.", features: { apps: false } };
  const own = await client.request("thread/start", { model: "mine", approvalPolicy: "untrusted", config });
  expect(own).toMatchObject({ model: "mine", approvalPolicy: "untrusted", reasoningEffort: "low" });
  expect(await settings(own.thread.id)).toMatchObject({ summary: "concise", developerInstructions: "Write prose." });
  await forget(client);
  expect(await client.request("thread/start", {})).toMatchObject({ model: "rehearsal", reasoningEffort: null });
  expect(await client.refusal("thread/start", { config: { approval_policy: "bogus" } })).toMatch(
    /^-32600 failed to load configuration: unknown variant `bogus`, expected one of .*\nin `approval_policy`\n$/s,
  );
});

story("what is no configuration is refused by name and changes nothing", async ({ client }) => {
  await forget(client);
  const long = "x".repeat(limits.configBytesMax);
  const deep = Array.from({ length: limits.configDepthMax + 1 }, () => "k").join(".");
  const table: [keyPath: string, value: unknown, refusal: string | RegExp][] = [
    ["", 1, "keyPath must not be empty"],
    ["a..b", 1, "keyPath segments must not be empty"],
    ["a.", 1, "keyPath segments must not be empty"],
    ['"a', 1, "unterminated quoted keyPath segment"],
    ['a"b"', 1, "invalid quoted keyPath segment"],
    ['"a\\', 1, "unterminated escape in keyPath"],
    [deep, 1, `a keyPath holds at most ${limits.configDepthMax} keys`],
    ["a", { b: null }, "invalid value: null is none of a configuration"],
    ["profile", "work", /^`profile` is a legacy config selector/],
    ["profiles.work.model", "m", /^`profiles` contains legacy config profile tables/],
    ["model", 5, "Invalid configuration: invalid type: integer `5`, expected a string\nin `model`\n"],
    ["desktop", "x", 'Invalid configuration: invalid type: string "x", expected a map\nin `desktop`\n'],
    ["model_reasoning_effort", "", "Invalid configuration: reasoning effort must not be empty\nin `model_reasoning_effort`\n"],
    ["a", long, `Invalid configuration: it may hold ${limits.configBytesMax} bytes`],
    ["__proto__.polluted", true, "`__proto__` is not a key of a configuration"],
    ["a.__proto__", { polluted: true }, "`__proto__` is not a key of a configuration"],
    ["a", JSON.parse('{"b":[{"__proto__":{"polluted":true}}]}'), "`__proto__` is not a key of a configuration"],
  ];
  for (const [keyPath, value, message] of table) {
    const { error } = await client.ask("config/value/write", { keyPath, value, mergeStrategy: "upsert" });
    expect([keyPath, error]).toEqual([
      keyPath,
      {
        code: -32600,
        message: typeof message === "string" ? message : expect.stringMatching(message),
        data: { config_write_error_code: "configValidationError" },
      },
    ]);
  }
  expect(await own(client)).toEqual({});
  await set(client, "constructor.prototype.polluted", true);
  expect(await own(client)).toEqual({ constructor: { prototype: { polluted: true } } });
  expect(({} as Wire).polluted).toBeUndefined();
  await forget(client);
});

function edit(keyPath: string, value: unknown): Record<string, unknown> {
  return { keyPath, value, mergeStrategy: "replace" };
}

function set(client: Client, keyPath: string, value: unknown, more: Record<string, unknown> = {}): Promise<Wire> {
  return client.request("config/value/write", { ...edit(keyPath, value), ...more });
}

/** What the account's clients wrote. */
async function own(client: Client): Promise<Wire> {
  return (await client.request("config/read", { includeLayers: true })).layers[0].config;
}

/** All stories are of one account: each leaves its configuration empty. */
async function forget(client: Client): Promise<Wire> {
  const keys = Object.keys(await own(client));
  return client.request("config/batchWrite", { edits: keys.map((key) => edit(`"${key}"`, null)) });
}
