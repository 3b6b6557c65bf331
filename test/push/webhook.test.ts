/** Whom a webhook may name, how a call is signed, and when it is made again. */
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { webhookLimits } from "#core/limits";
import { askedMessage, endedMessage, webhookBody, webhookOutcome } from "#core/push/webhook";
import { servesThisMachineOnly } from "#outbound/public-address";
import { webhookAddressProblem } from "#push/webhook-address";
import { newWebhookSecret, webhookHeaders } from "#push/webhook-signature";
import { readSettings } from "../../workers/credentials/settings.ts";

const toOthers = { servesThisMachineOnly: false };
const toThisMachine = { servesThisMachineOnly: true };

test.each(["https://hooks.example.com/a?b=c", "https://example.org:8443/x", "https://xn--bcher-kva.example.net/"])(
  "%s may be called",
  (url) => expect(webhookAddressProblem(url, toOthers)).toBe(null),
);

test.each([
  ["", "no URL"],
  ["/relative", "no URL"],
  ["http://hooks.example.com/", "https"],
  ["ftp://hooks.example.com/", "https"],
  ["file:///etc/passwd", "https"],
  ["data:text/plain,x", "https"],
  ["https://user:word@hooks.example.com/", "more than an address"],
  ["https://hooks.example.com/#part", "more than an address"],
  ["https://127.0.0.1/", "must be a name"],
  ["https://2130706433/", "must be a name"],
  ["https://0x7f.1/", "must be a name"],
  ["https://0177.0.0.1/", "must be a name"],
  ["https://10.0.0.1/", "must be a name"],
  ["https://169.254.169.254/latest/meta-data", "must be a name"],
  ["https://8.8.8.8/", "must be a name"],
  ["https://[::1]/", "must be a name"],
  ["https://[fd00::1]/", "must be a name"],
  ["https://[::ffff:127.0.0.1]/", "must be a name"],
  ["https://localhost/", "public DNS"],
  ["https://localhost./", "public DNS"],
  ["https://a.LOCALHOST/", "public DNS"],
  ["https://intranet/", "public DNS"],
  ["https://printer.local/", "public DNS"],
  ["https://metadata.google.internal/", "public DNS"],
  ["https://metadata.google.internal./", "public DNS"],
  ["https://router.home.arpa/", "public DNS"],
  ["https://nas.lan/", "public DNS"],
  [`https://example.com/${"a".repeat(2_048)}`, "longer"],
])("%s may not be called by a server that others reach", (url, problem) =>
  expect(webhookAddressProblem(url, toOthers)).toContain(problem),
);

test("a server for its own machine may call that machine, and no other network", () => {
  for (const url of ["http://127.0.0.1:9000/x", "http://localhost:9000/", "http://[::1]:1/", "https://localhost/"]) {
    expect(webhookAddressProblem(url, toThisMachine), url).toBe(null);
    expect(webhookAddressProblem(url, toOthers), url).not.toBe(null);
  }
  for (const url of [
    "http://10.0.0.1/",
    "http://example.com/",
    "http://192.168.1.1/",
    "http://localhost.example.com/",
    "ftp://localhost/",
  ]) {
    expect(webhookAddressProblem(url, toThisMachine), url).not.toBe(null);
  }
});

test("which machine it serves, it says as the front door does", () => {
  const settings = [
    {},
    { SPINDLE_TOKEN: "x" },
    { SPINDLE_TOKEN: " " },
    { SPINDLE_METRICS_TOKEN: "m".repeat(32) },
    { SPINDLE_OPERATOR_TOKEN: "o".repeat(32) },
    { SPINDLE_JWT_SECRET: "s".repeat(32) },
    { SPINDLE_ACCESS_TEAM_DOMAIN: "team.cloudflareaccess.com", SPINDLE_ACCESS_AUDIENCE: "a" },
  ];
  for (const environment of settings) {
    const read = readSettings(environment);
    if ("problem" in read) throw new Error(read.problem);
    expect(servesThisMachineOnly(environment), JSON.stringify(environment)).toBe(read.isOpen);
  }
});

test("the library of Standard Webhooks believes what is signed, and nothing that was changed", async () => {
  const secret = newWebhookSecret();
  const body = JSON.stringify({ type: "turn.completed", text: "ä 🧵" });
  const headers = await webhookHeaders(secret, { id: "msg_1", atMs: Date.now(), body });
  const receiver = new Webhook(secret);
  expect(receiver.verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => receiver.verify(`${body} `, headers)).toThrow();
  expect(() => receiver.verify(body, { ...headers, "webhook-id": "msg_2" })).toThrow();
  expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow();
  const old = await webhookHeaders(secret, { id: "msg_1", atMs: Date.now() - 10 * 60_000, body });
  expect(() => receiver.verify(body, old)).toThrow();
});

test("the example of the specification comes out to the byte", async () => {
  // https://github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme"; the value of its reference library.
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const body = '{"test": 2432232314}';
  const headers = await webhookHeaders(secret, { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", atMs: 1_614_265_330_000, body });
  expect(headers["webhook-signature"]).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("it is called again over three days, later each time, and as late as the receiver asks", () => {
  let atMs = 0;
  const pauses: number[] = [];
  for (let attempts = 1; ; attempts++) {
    const outcome = webhookOutcome({ status: 500, retryAfter: null }, { attempts, nowMs: atMs, random: 0 });
    if (outcome.type !== "retry") {
      expect([outcome.type, attempts]).toEqual(["givenUp", 10]);
      break;
    }
    pauses.push(outcome.atMs - atMs);
    ({ atMs } = outcome);
  }
  expect(pauses).toEqual(webhookLimits.retryPausesMs);
  expect(atMs).toBeGreaterThan(3 * 24 * 3_600_000);
  expect(webhookOutcome({ status: 503, retryAfter: "600" }, { attempts: 1, nowMs: 0, random: 0 })).toMatchObject({
    atMs: 600_000,
  });
  expect(webhookOutcome({ status: 503, retryAfter: "9999999" }, { attempts: 1, nowMs: 0, random: 0 })).toMatchObject({
    atMs: webhookLimits.retryAfterMsMax,
  });
  expect(webhookOutcome(null, { attempts: 1, nowMs: 0, random: 1 })).toMatchObject({ type: "retry", atMs: 5_500 });
});

test("any 2xx takes it, 410 ends the webhook, a redirect is not followed and is a failure", () => {
  const of = (status: number) => webhookOutcome({ status, retryAfter: null }, { attempts: 1, nowMs: 0, random: 0 }).type;
  expect([200, 201, 204].map(of)).toEqual(Array(3).fill("delivered"));
  expect(of(410)).toBe("gone");
  expect([301, 302, 307, 400, 401, 404, 429, 500].map(of)).toEqual(Array(8).fill("retry"));
});

test("what is told holds no secret and no more than a device is shown", () => {
  const key = `sk-${"a1B2".repeat(12)}`;
  const asked = askedMessage("t", "Notes", {
    requestId: "t:r",
    kind: "command",
    itemId: "i",
    text: `curl -H ${key} ${"x".repeat(5_000)}`,
  });
  const body = webhookBody(asked, "2026-11-21T18:00:00.000Z");
  expect(JSON.parse(body)).toMatchObject({
    type: "approval.requested",
    timestamp: "2026-11-21T18:00:00.000Z",
    data: { threadId: "t", threadName: "Notes", requestId: "t:r", itemId: "i", kind: "command" },
  });
  expect(body).not.toContain(key);
  expect(body.length).toBeLessThan(1_000);
  const failed = endedMessage("t", "Notes", { turnId: "u", seq: 3, status: "failed", durationMs: 5, text: "it broke" });
  expect(failed).toMatchObject({ key: "u", event: "turn.failed", data: { turnId: "u", status: "failed", text: "it broke" } });
});
