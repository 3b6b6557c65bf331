/** The door for GitHub's webhooks: who may knock, what is taken in, and that nothing is taken in twice. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { describe, expect, inject, test } from "vitest";
import type { Environment } from "../../durable-objects/environment.ts";
import { githubAppStub, repositoryStub } from "../../durable-objects/environment.ts";
import { accountOfOwner } from "../../workers/github/account.ts";
import { answerOf, ask } from "./front-door.ts";
import { environment } from "./story.ts";

const secret = "the-new-secret-of-the-webhook";
const oldSecret = "the-old-secret-of-the-webhook";
const configured: Partial<Environment> = {
  GITHUB_APP_ID: "4711",
  GITHUB_APP_PRIVATE_KEY: "no request to GitHub is made here",
  GITHUB_WEBHOOK_SECRET: `${secret} ${oldSecret}`,
};

async function signatureOf(body: string | Uint8Array<ArrayBuffer>, key = secret): Promise<string> {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const imported = await crypto.subtle.importKey("raw", new TextEncoder().encode(key), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const digest = new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes));
  return `sha256=${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

interface Posted {
  event?: string;
  deliveryId?: string;
  headers?: Record<string, string>;
  environment?: Partial<Environment>;
}

async function post(payload: unknown, { event = "issue_comment", deliveryId, headers = {}, environment: given }: Posted = {}) {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  return await ask("/github/webhook", {
    // As through a tunnel: not from this machine, though nothing but GitHub is configured.
    host: "https://spindle.example",
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "x-github-event": event,
      "x-github-delivery": deliveryId ?? crypto.randomUUID(),
      "x-hub-signature-256": await signatureOf(body),
      ...headers,
    },
    environment: given ?? configured,
  });
}

const ownerId = 1001;
let repositories = 5_000;

/** A comment as GitHub tells of it, with the members that matter and one that does not. */
function commentOf(
  repositoryId: number,
  { id = 1, action = "created", body = "/spindle run", updatedAt = "2026-11-01T10:00:00Z" } = {},
) {
  const user = { id: 7, login: "wanda", type: "User", site_admin: false };
  return {
    action,
    installation: { id: 99, node_id: "x" },
    repository: {
      id: repositoryId,
      name: "widgets",
      private: false,
      default_branch: "main",
      owner: { id: ownerId, login: "acme" },
    },
    sender: user,
    issue: { number: 3, title: "t", body: null, user, state: "open", updated_at: updatedAt },
    comment: { id, body, user, html_url: "", created_at: "2026-11-01T10:00:00Z", updated_at: updatedAt },
  };
}

interface DeliveryRow extends Record<string, SqlStorageValue> {
  delivery_id: string;
  semantic_key: string;
  state: string;
}

function rowsOf(repositoryId: number): Promise<DeliveryRow[]> {
  return runInDurableObject(repositoryStub(environment, accountOfOwner(ownerId), repositoryId), (_, state) =>
    state.storage.sql.exec<DeliveryRow>("SELECT delivery_id, semantic_key, state FROM github_deliveries ORDER BY seq").toArray(),
  );
}

describe("who may knock", () => {
  test("without an App, or with a policy that cannot be read, there is no door", async () => {
    const none = { GITHUB_APP_ID: "", GITHUB_APP_PRIVATE_KEY: "", GITHUB_WEBHOOK_SECRET: "" };
    expect(await answerOf(await post({}, { environment: none }))).toEqual([404, "GitHub is not configured on this server"]);
    for (const wrong of [{ GITHUB_APP_ID: "" }, { GITHUB_POLICY: '{"approvals": 2}' }]) {
      const [status, text] = await answerOf(await post({}, { environment: { ...configured, ...wrong } }));
      expect([status, text]).toEqual([500, "this server's GitHub App is configured wrongly; its log says how"]);
    }
  });

  test("GitHub's published example of a signature fits", async () => {
    const key = "It's a Secret to Everybody".replaceAll(" ", "\u0020");
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    expect(await signatureOf("Hello, World!", key)).toBe(signature);
    const { isSignedByOneOf } = await import("../../workers/github/signature.ts");
    const bytes = new TextEncoder().encode("Hello, World!");
    expect(await isSignedByOneOf([key], signature, bytes)).toBe(true);
    expect(await isSignedByOneOf(["another", key], signature, bytes)).toBe(true);
    expect(await isSignedByOneOf([key], signature.replace("7571", "7572"), bytes)).toBe(false);
    expect(await isSignedByOneOf([key], signature, new TextEncoder().encode("Hello, World?"))).toBe(false);
    expect(await isSignedByOneOf([], signature, bytes)).toBe(false);
  });

  test("the old secret holds beside the new one, and a third does not", async () => {
    const payload = JSON.stringify({ zen: "x" });
    const signed = async (key: string) => ({ "x-hub-signature-256": await signatureOf(payload, key) });
    expect((await post(payload, { event: "ping", headers: await signed(secret) })).status).toBe(202);
    expect((await post(payload, { event: "ping", headers: await signed(oldSecret) })).status).toBe(202);
    expect((await post(payload, { event: "ping", headers: await signed("the-next-secret-of-the-webhook") })).status).toBe(401);
    const onlyNew = { ...configured, GITHUB_WEBHOOK_SECRET: secret };
    expect((await post(payload, { event: "ping", headers: await signed(oldSecret), environment: onlyNew })).status).toBe(401);
  });

  const right = "0".repeat(64);
  test.for([
    "",
    "sha256=",
    right,
    `sha1=${right}`,
    `sha256=${right.slice(1)}`,
    `sha256=${right}0`,
    `sha256=${right}zz`,
    `sha256=${"z".repeat(64)}`,
    `SHA256=${right}`,
    `sha256=${right}, sha256=${right}`,
    `sha256=${right}`,
  ])("a signature %j is none", async (signature) => {
    expect((await post({}, { headers: { "x-hub-signature-256": signature } })).status).toBe(401);
  });

  test("neither what was cut nor what was changed is parsed, and another credential is none", async () => {
    const whole = JSON.stringify(commentOf(++repositories));
    const signature = await signatureOf(whole);
    for (const body of [whole.slice(0, -1), `${whole} `, whole.replace("run", "ran"), ""]) {
      const headers = { "x-hub-signature-256": signature, authorization: "Bearer x", cookie: "__Host-spindle=x" };
      expect((await post(body, { headers })).status).toBe(401);
    }
    expect(await rowsOf(repositories)).toEqual([]);
  });

  test("the headers and the type are GitHub's, and the App is ours", async () => {
    const refused = async (posted: Posted, payload: unknown = {}) => (await post(payload, posted)).status;
    expect(await refused({ event: "../x" })).toBe(400);
    expect(await refused({ deliveryId: "12" })).toBe(400);
    expect(await refused({ deliveryId: `${crypto.randomUUID()}0` })).toBe(400);
    expect(await refused({ headers: { "content-type": "application/x-www-form-urlencoded" } })).toBe(415);
    expect(await refused({}, "{")).toBe(400);
    const target = { "x-github-hook-installation-target-type": "integration" };
    expect(await refused({ headers: { ...target, "x-github-hook-installation-target-id": "4712" } })).toBe(403);
    expect(await refused({ headers: { ...target, "x-github-hook-installation-target-id": "4711" } })).toBe(202);
  });

  test("26 MB are too many, announced or not", async () => {
    const big = "x".repeat(25 * 1024 * 1024 + 1);
    expect((await post(big)).status).toBe(413);
    expect((await post(big, { headers: { "content-length": "2" } })).status).toBe(413);
  });
});

describe("what is taken in", () => {
  test("a delivery once by its GUID, and what it tells once by what it is", async () => {
    const id = ++repositories;
    const [first, second] = [crypto.randomUUID(), crypto.randomUUID()];
    for (const deliveryId of [first, first, second, first, second])
      expect((await post(commentOf(id), { deliveryId })).status).toBe(202);
    await evictAllDurableObjects();
    for (const deliveryId of [second, first]) expect((await post(commentOf(id), { deliveryId })).status).toBe(202);
    const rows = await rowsOf(id);
    expect(rows.map(({ delivery_id }) => delivery_id)).toEqual([first, second]);
    expect(rows.map(({ semantic_key }) => semantic_key)).toEqual(["issue_comment:1:2026-11-01T10:00:00Z:created", second]);
    expect(rows[1]?.state).toBe("double");
  });

  test("an edited comment was not said, a deleted author is nobody, and another's repository is another object", async () => {
    const id = ++repositories;
    for (const action of ["edited", "deleted"]) expect((await post(commentOf(id, { action }))).status).toBe(202);
    expect(await rowsOf(id)).toEqual([]);
    const ghost = { ...commentOf(id), sender: null };
    expect(
      (await post({ ...ghost, comment: { ...ghost.comment, user: null }, issue: { ...ghost.issue, user: null } })).status,
    ).toBe(202);
    expect(await rowsOf(id)).toHaveLength(1);
    const moved = commentOf(id, { id: 2 });
    moved.repository.owner.id = ownerId + 1;
    expect((await post(moved)).status).toBe(202);
    expect(await rowsOf(id)).toHaveLength(1);
  });

  test("buttons of another App are its own; ours is heard once per person and moment", async () => {
    const id = ++repositories;
    const { comment: _, issue: __, ...common } = commentOf(id);
    const clicked = (app: number, sender = 7) => ({
      ...common,
      action: "requested_action",
      sender: { id: sender, login: "someone", type: "User" },
      check_run: { id: 5, name: "spindle", head_sha: "a".repeat(40), external_id: "proposal", app: { id: app } },
      requested_action: { identifier: "ok:0123456789abcdef" },
    });
    for (const payload of [clicked(1), clicked(4711), clicked(4711), clicked(4711, 8)]) {
      expect((await post(payload, { event: "check_run" })).status).toBe(202);
    }
    expect((await rowsOf(id)).map(({ state }) => state === "double")).toEqual([false, true, false]);
  });

  test("an installation that is suspended is stopped until it comes back, in whatever order that is told", async () => {
    const told = (action: string, updatedAt: string) => ({
      action,
      installation: { id: 77, app_id: 4711, account: { id: ownerId, login: "acme" }, updated_at: updatedAt },
      sender: null,
    });
    const isStopped = () => githubAppStub(environment).isStopped(77);
    expect(await isStopped()).toBe(false);
    await post(told("suspend", "2026-11-02T00:00:00Z"), { event: "installation" });
    expect(await isStopped()).toBe(true);
    await post(told("unsuspend", "2026-11-03T00:00:00Z"), { event: "installation" });
    await post(told("suspend", "2026-11-02T00:00:00Z"), { event: "installation" });
    expect(await isStopped()).toBe(false);
    const operator = { SPINDLE_OPERATOR_TOKEN: "x".repeat(40) };
    const put = (headers: Record<string, string>) =>
      ask("/github/installations/77", { method: "PUT", headers, body: `{"isStopped":true}`, environment: operator });
    expect((await put({})).status).toBe(401);
    expect((await put({ authorization: `Bearer ${operator.SPINDLE_OPERATOR_TOKEN}` })).status).toBe(204);
    expect(await isStopped()).toBe(true);
  });
});

interface Example {
  name: string;
  payloads: Record<string, unknown>[];
}

describe("every payload that GitHub publishes", () => {
  test("is answered 2xx, as it is and as one of our installation; redelivered, doubled, out of order or cut it changes nothing twice", {
    timeout: 180_000,
  }, async () => {
    const examples = (await (await fetch(inject("webhookExamples"))).json()) as Example[];
    const deliveries = examples.flatMap(({ name, payloads }) =>
      payloads.map((payload) => ({ name, payload, deliveryId: crypto.randomUUID() })),
    );
    expect(deliveries).toHaveLength(329);
    const overlaid = deliveries.map(({ name, payload }) => {
      const app = { id: 4711 };
      const run = payload.check_run ? { check_run: { ...(payload.check_run as object), app } } : {};
      return {
        name,
        payload: { ...payload, ...run, ...(name === "installation" ? {} : { installation: { id: 99 } }) },
        deliveryId: crypto.randomUUID(),
      };
    });
    const send = async (sent: typeof deliveries) => {
      for (const { name, payload, deliveryId } of sent) {
        const response = await post(payload, { event: name, deliveryId });
        expect(response.status, `${name} ${String(payload.action)}`).toBe(202);
      }
    };
    await send([...deliveries, ...overlaid]);
    const before = await takenIn(overlaid);
    expect(before.length).toBeGreaterThan(20);
    await send([...overlaid].reverse());
    await send(overlaid.map((delivery) => ({ ...delivery, deliveryId: crypto.randomUUID() })));
    for (const { name, payload } of overlaid) {
      const whole = JSON.stringify(payload);
      const cut = whole.slice(0, Math.floor(whole.length / 2));
      expect((await post(cut, { event: name })).status, `${name}, cut and signed`).toBe(400);
      const headers = { "x-hub-signature-256": await signatureOf(whole) };
      expect((await post(cut, { event: name, headers })).status, `${name}, cut on its way`).toBe(401);
    }
    expect((await takenIn(overlaid)).filter(({ state }) => state !== "double")).toEqual(
      before.filter(({ state }) => state !== "double"),
    );
    // Without a member, another one for each payload, it may say something else, and is answered all the same.
    await send(
      overlaid.map((delivery, at) => ({ ...delivery, payload: without(delivery.payload, at), deliveryId: crypto.randomUUID() })),
    );
  });
});

function without(payload: Record<string, unknown>, at: number): Record<string, unknown> {
  const members = Object.entries(payload);
  return Object.fromEntries(members.filter((_, index) => index !== at % members.length));
}

/** What all repositories of these payloads took in. */
async function takenIn(deliveries: { payload: Record<string, unknown> }[]): Promise<{ key: string; state: string }[]> {
  const places = new Map<string, [owner: number, id: number]>();
  for (const { payload } of deliveries) {
    const repository = payload.repository as { id?: number; owner?: { id?: number } } | undefined;
    if (repository?.id && repository.owner?.id)
      places.set(`${repository.owner.id}/${repository.id}`, [repository.owner.id, repository.id]);
  }
  const all: { key: string; state: string }[] = [];
  for (const [owner, id] of places.values()) {
    const rows = await runInDurableObject(repositoryStub(environment, accountOfOwner(owner), id), (_, state) =>
      state.storage.sql.exec<DeliveryRow>("SELECT * FROM github_deliveries ORDER BY semantic_key").toArray(),
    );
    all.push(...rows.map(({ semantic_key, state }) => ({ key: semantic_key, state: state === "double" ? "double" : "taken" })));
  }
  return all;
}
