/** The App's own token, from a key in both of the forms in which keys come. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { expect, test } from "vitest";
import { appJwt, pkcs8Of } from "#github/app-token";
import { defaultPolicy } from "#github/follow/policy";
import { readGitHubSettings } from "#github/settings";

const pair = (type: "pkcs1" | "pkcs8", modulusLength = 2048) =>
  generateKeyPairSync("rsa", {
    modulusLength,
    privateKeyEncoding: { type, format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });

test.for([
  ["PKCS#1", pair("pkcs1")],
  ["PKCS#1 of 4096 bits", pair("pkcs1", 4096)],
  ["PKCS#8", pair("pkcs8")],
] as const)(
  "a token signed with a %s key is the App's, for nine minutes, with a minute for clocks",
  async ([, { privateKey, publicKey }]) => {
    const nowMs = 1_800_000_000_000;
    for (const form of [privateKey, privateKey.replaceAll("\n", "\\n")]) {
      const token = await appJwt({ GITHUB_APP_PRIVATE_KEY: form }, { appId: 4711, nowMs });
      const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(publicKey), { currentDate: new Date(nowMs) });
      expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT" });
      expect(payload).toEqual({ iss: "4711", iat: 1_800_000_000 - 60, exp: 1_800_000_000 + 540 });
    }
  },
);

test("what is no key is refused in a sentence that repeats nothing of it", async () => {
  const secret = "c2VjcmV0c2VjcmV0";
  for (const text of [secret, `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----`]) {
    await expect(appJwt({ GITHUB_APP_PRIVATE_KEY: text }, { appId: 1, nowMs: 0 })).rejects.toThrow(
      /^GITHUB_APP_PRIVATE_KEY is no RSA key in PEM$/,
    );
  }
  expect(() => pkcs8Of("")).toThrow("no RSA key");
});

const configured = {
  GITHUB_APP_ID: "4711",
  GITHUB_APP_PRIVATE_KEY: "a key",
  GITHUB_WEBHOOK_SECRET: "a secret of the webhook".replaceAll(" ", "-"),
};

test("the settings are all there, or none, or there is a problem that names no secret", () => {
  const secret = configured.GITHUB_WEBHOOK_SECRET;
  expect(readGitHubSettings({})).toBeNull();
  expect(readGitHubSettings({ GITHUB_API_URL: "https://ghe.example/api/v3" })).toBeNull();
  expect(readGitHubSettings(configured)).toEqual({
    appId: 4711,
    webhookSecrets: [secret],
    apiUrl: "https://api.github.com",
    siteUrl: "https://github.com",
    webUrl: null,
    copiedFilesMax: 2_000,
    policy: defaultPolicy,
  });
  expect(readGitHubSettings({ ...configured, GITHUB_WEBHOOK_SECRET: `${secret}2 ${secret}` })).toMatchObject({
    webhookSecrets: [`${secret}2`, secret],
  });
  expect(readGitHubSettings({ ...configured, GITHUB_API_URL: "https://ghe.example/api/v3/" })).toMatchObject({
    apiUrl: "https://ghe.example/api/v3",
    siteUrl: "https://ghe.example",
  });
  expect(readGitHubSettings({ ...configured, SPINDLE_URL: "https://spindle.example/" })).toMatchObject({
    webUrl: "https://spindle.example",
  });
  const wrong = [
    ...Object.keys(configured).map((name) => ({ ...configured, [name]: "" })),
    { ...configured, GITHUB_APP_ID: "Iv1.abc" },
    { ...configured, GITHUB_WEBHOOK_SECRET: "short" },
    { ...configured, GITHUB_WEBHOOK_SECRET: `${secret} ${secret} ${secret}` },
    ...["http://api.github.com", "https://user:x@host", "https://host?x", "nonsense"].map((url) => ({
      ...configured,
      GITHUB_API_URL: url,
    })),
    ...["-1", "2001", "1.5", "many"].map((files) => ({ ...configured, GITHUB_COPIED_FILES_MAX: files })),
    ...["http://spindle.example", "spindle.example", "javascript:alert(1)", "https://x#y"].map((url) => ({
      ...configured,
      SPINDLE_URL: url,
    })),
  ];
  for (const environment of wrong) {
    const settings = readGitHubSettings(environment);
    expect(settings, JSON.stringify(environment)).toEqual({ problem: expect.any(String) });
    expect(JSON.stringify(settings)).not.toContain(secret);
  }
});

test("the policy is closed JSON: what it leaves out is the default, and what is wrong in it is named", () => {
  const policyOf = (text: string) => {
    const settings = readGitHubSettings({ ...configured, GITHUB_POLICY: text });
    return settings === null || "problem" in settings ? settings : settings.policy;
  };
  expect(policyOf("{}")).toEqual(defaultPolicy);
  expect(defaultPolicy).toEqual({
    permission: { botIdsAllowed: [], actorIdsAllowed: null, approverIdsAllowed: null, mayApproveOwn: true, approvalsRequired: 1 },
    triggerLabel: "spindle",
    budgets: {
      person: { turnsPerHour: 20, tokensPerDay: 4_000_000 },
      repository: { turnsPerHour: 60, tokensPerDay: 20_000_000 },
    },
  });
  const stated = {
    mayApproveOwn: false,
    approvalsRequired: 2,
    approverIdsAllowed: [1, 2],
    budgets: { person: { turnsPerHour: 3 } },
  };
  expect(policyOf(JSON.stringify(stated))).toEqual({
    permission: { ...defaultPolicy.permission, mayApproveOwn: false, approvalsRequired: 2, approverIdsAllowed: [1, 2] },
    triggerLabel: "spindle",
    budgets: { ...defaultPolicy.budgets, person: { turnsPerHour: 3, tokensPerDay: 4_000_000 } },
  });
  const wrong: [string, RegExp][] = [
    ["two", /expected object/],
    ["[]", /expected object/],
    ['{"approvals":2}', /approvals/],
    ['{"approvalsRequired":0}', /approvalsRequired/],
    ['{"approvalsRequired":11}', /approvalsRequired/],
    ['{"approvalsRequired":"2"}', /approvalsRequired/],
    ['{"approvalsRequired":3,"approverIdsAllowed":[1,2]}', /approvalsRequired: more than approverIdsAllowed names/],
    ['{"approverIdsAllowed":["wanda"]}', /approverIdsAllowed\.0/],
    ['{"budgets":{"person":{"turnsPerHour":-1}}}', /budgets\.person\.turnsPerHour/],
    ['{"budgets":{"team":{}}}', /team/],
  ];
  for (const [text, named] of wrong) expect(policyOf(text), text).toEqual({ problem: expect.stringMatching(named) });
});
