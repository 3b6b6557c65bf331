import { expect } from "vitest";
import { story } from "./story.ts";

const empty = { data: [], nextCursor: null };

/** What a connection answers whatever happened before, as the schema judges it and as it is meant. */
const answers: [method: string, params: unknown, result: unknown][] = [
  [
    "modelProvider/list",
    {},
    {
      data: [
        {
          id: "spindle",
          name: "Spindle",
          canEdit: false,
          baseUrl: null,
          settings: { type: "customGateway", auth: { mode: "none" } },
        },
      ],
      defaultProviderId: "spindle",
      canChangeDefault: false,
    },
  ],
  ["modelProvider/capabilities/read", {}, { imageGeneration: false, webSearch: false }],
  ["permissionProfile/list", {}, { data: [expect.objectContaining({ id: ":read-only", allowed: true })], nextCursor: null }],
  ["experimentalFeature/list", {}, empty],
  ["experimentalFeature/enablement/set", { enablement: {} }, { enablement: {} }],
  ["mcpServerStatus/list", {}, empty],
  ["config/mcpServer/reload", undefined, {}],
  [
    "plugin/list",
    { cwds: ["/a"], marketplaceKinds: ["local"] },
    { marketplaces: [], marketplaceLoadErrors: [], featuredPluginIds: [] },
  ],
  ["plugin/installed", {}, { marketplaces: [], marketplaceLoadErrors: [] }],
  ["plugin/search", { searchTerm: "x" }, empty],
  ["plugin/share/list", {}, { data: [] }],
  ["app/list", {}, empty],
  ["app/read", { appIds: ["b", "a", "b"] }, { apps: [], missingAppIds: ["b", "a"] }],
  ["app/installed", {}, { apps: [] }],
  ["skills/list", { cwds: ["/a"] }, { data: [{ cwd: "/a", skills: [], errors: [] }] }],
  ["skills/list", {}, { data: [{ cwd: "/workspace", skills: [], errors: [] }] }],
  ["skills/extraRoots/set", { extraRoots: ["/a"] }, {}],
  ["hooks/list", {}, { data: [{ cwd: "/workspace", hooks: [], warnings: [], errors: [] }] }],
  ["account/read", {}, { account: null, userId: null, requiresOpenaiAuth: false, workspaceRouting: null }],
  ["account/logout", undefined, {}],
  ["account/login/cancel", { loginId: "x" }, { status: "notFound" }],
  ["accountSession/list", {}, { activeSessionId: null, sessions: [] }],
  [
    "userVerification/status",
    {},
    { credentialId: null, unavailableReason: "providerUnavailable", unavailableMessage: expect.any(String) },
  ],
  ["externalAgentConfig/detect", {}, { items: [], connectors: [] }],
  ["externalAgentConfig/import/readHistories", undefined, { data: [], connectors: [] }],
  ["environment/status", { environmentId: "local" }, { status: "ready" }],
  ["environment/status", { environmentId: "other" }, { status: "unknown", error: expect.any(String) }],
  ["environment/info", { environmentId: "local" }, { shell: { name: "bash", path: "/bin/bash" }, cwd: "file:///workspace" }],
  [
    "remoteControl/status/read",
    undefined,
    { status: "disabled", serverName: "spindle", installationId: expect.any(String), environmentId: null },
  ],
  ["memory/status", {}, { v2ConsolidatedThreads: 0, v2Ready: false }],
  ["windowsSandbox/readiness", undefined, { status: "notConfigured" }],
];

const refusals: [method: string, params: unknown, refusal: string][] = [
  ["account/rateLimits/read", undefined, "-32600 codex account authentication required to read rate limits"],
  ["account/usage/read", undefined, "-32600 codex account authentication required to read token usage"],
  ["account/workspaceMessages/read", undefined, "-32600 codex account authentication required to read workspace messages"],
  [
    "experimentalFeature/enablement/set",
    { enablement: { apps: true } },
    "-32600 unsupported feature enablement `apps`: Spindle's features come with the server",
  ],
  ["app/read", { appIds: Array.from({ length: 101 }, String) }, "-32600 app/read takes at most 100 ids"],
  [
    "environment/info",
    { environmentId: "other" },
    "-32600 unknown environment id `other`: every thread has its one workspace, `local`",
  ],
  ["model/list", { modelProvider: "other" }, "-32600 failed to load configuration: Model provider `other` not found"],
  ["model/list", { cursor: "garbage" }, "-32600 invalid cursor: garbage"],
];

story("a connection answers every question of the kind, and refuses in words", async ({ client, sleep }) => {
  for (const [method, params, result] of answers) {
    await sleep();
    expect([method, await client.request(method, params)]).toEqual([method, result]);
  }
  for (const [method, params, refusal] of refusals) expect(await client.refusal(method, params)).toBe(refusal);
});

story("the models come in pages, and none is hidden", async ({ client }) => {
  const { data, nextCursor } = await client.request("model/list", { includeHidden: true });
  expect([data.length, nextCursor, data[0].isDefault, data[0].hidden]).toEqual([1, null, true, false]);
  expect(data[0].supportedReasoningEfforts.map(({ reasoningEffort }: { reasoningEffort: string }) => reasoningEffort)).toContain(
    data[0].defaultReasoningEffort,
  );
  expect(await client.request("model/list", { limit: 1, modelProvider: "spindle" })).toEqual({ data, nextCursor: null });
  expect(await client.request("model/list", { cursor: "1" })).toEqual({ data: [], nextCursor: null });
});

story(
  "of thousands of requests on one socket each is answered, served or told to come back, and the socket lives on",
  async ({ client }) => {
    await client.startThread();
    const count = 5_000;
    for (let index = 0; index < count; index += 1) {
      client.sendText(`{"id":"burst ${index}","method":"thread/loaded/list","params":{}}`);
    }
    const answers = () => client.frames.filter(({ id }) => String(id).startsWith("burst"));
    const deadline = Date.now() + 10_000;
    while (answers().length < count && Date.now() < deadline) await client.untilQuiet(20);
    const served = answers().filter(({ result }) => result !== undefined);
    const refused = answers().filter(({ error }) => error?.code === -32001);
    expect([served.length + refused.length, new Set(answers().map(({ id }) => id)).size]).toEqual([count, count]);
    expect(served.length).toBeGreaterThan(0);
    expect((await client.turn("say still here")).status).toBe("completed");
  },
);
