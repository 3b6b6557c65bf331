/**
 * Where GitHub delivers its webhooks. The signature is the only credential here: no token, cookie or address of a caller counts, and
 * nothing is parsed before it is verified.
 */
import { type Context, Hono } from "hono";
import { githubApiLimits } from "#core/limits";
import { type GitHubEvent, readEvent } from "#github/event";
import { type GitHubSettings, readGitHubSettings } from "#github/settings";
import { type Environment, githubAppStub, repositoryStub } from "../../durable-objects/environment.ts";
import { report } from "../../durable-objects/platform.ts";
import { countAtDoor } from "../door-counts.ts";
import { mayBeWrong, tooManyRefusals } from "../rate-limits.ts";
import { accountOfOwner } from "./account.ts";
import { isSignature, isSignedByOneOf } from "./signature.ts";

interface WebhookDoor {
  Bindings: Environment;
}

export const webhookRoute = new Hono<WebhookDoor>();

webhookRoute.post("/github/webhook", async (context) => {
  const settings = readGitHubSettings(context.env);
  if (settings === null) return context.text("GitHub is not configured on this server", 404);
  if ("problem" in settings) {
    report("githubMisconfigured", settings);
    return context.text("this server's GitHub App is configured wrongly; its log says how", 500);
  }
  const headers = readHeaders(context);
  if ("problem" in headers) return context.text(headers.problem, headers.status);
  const body = await readBody(context.req.raw);
  if (body === null) return context.text("the delivery is too large", 413);
  if (!(await isSignedByOneOf(settings.webhookSecrets, headers.signature, body))) {
    report("webhookRefused", { deliveryId: headers.deliveryId, name: headers.event, reason: "signature" });
    countAtDoor(context, "webhooks_total", { result: "refused" });
    if (!(await mayBeWrong(context))) {
      countAtDoor(context, "requests_refused_total", { reason: "rate" });
      return tooManyRefusals(context);
    }
    return context.text("the signature does not fit", 401);
  }
  const target = context.req.header("x-github-hook-installation-target-id");
  const isApps = context.req.header("x-github-hook-installation-target-type") === "integration";
  // With one secret for several Apps, or a copied one, another App's deliveries would be signed well.
  if (isApps && target !== undefined && target !== String(settings.appId)) {
    return context.text("this delivery is for another App", 403);
  }
  const payload = parsed(body);
  if (payload === undefined) return context.text("the body is no JSON", 400);
  return await take(context, headers, payload, settings);
});

interface DeliveryHeaders {
  event: string;
  deliveryId: string;
  signature: string;
}

/** All of them, and each exactly as GitHub writes it. */
function readHeaders(context: Context<WebhookDoor>): DeliveryHeaders | { problem: string; status: 400 | 401 | 415 } {
  const event = context.req.header("x-github-event") ?? "";
  const deliveryId = context.req.header("x-github-delivery") ?? "";
  const signature = context.req.header("x-hub-signature-256") ?? "";
  if (!isSignature(signature)) return { problem: "no signature of the form sha256=<64 hex digits>", status: 401 };
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(event)) return { problem: "no X-GitHub-Event", status: 400 };
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(deliveryId)) return { problem: "no X-GitHub-Delivery", status: 400 };
  const type = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return { problem: "the webhook's content type has to be application/json", status: 415 };
  return { event, deliveryId: deliveryId.toLowerCase(), signature };
}

/** The bytes as they came; null when there are too many, whatever their announced length. */
async function readBody(request: Request): Promise<Uint8Array | null> {
  const bytesMax = githubApiLimits.webhookBytesMax;
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return null;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > bytesMax) return null;
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

/** Undefined is no JSON value. */
function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    return undefined;
  }
}

/** Answers as soon as the delivery is durable: GitHub waits ten seconds, and does not come again by itself. */
async function take(
  context: Context<WebhookDoor>,
  { event: name, deliveryId }: DeliveryHeaders,
  payload: unknown,
  { appId }: GitHubSettings,
): Promise<Response> {
  const read = readEvent(name, payload, appId);
  if ("dropped" in read) {
    report("webhookDropped", { deliveryId, name, reason: read.dropped });
    countAtDoor(context, "webhooks_total", { result: "ignored" });
    return context.body(null, 202);
  }
  const received = await hand(context.env, deliveryId, read.event);
  // A repository counts its own.
  if (read.event.type === "installationChanged") countAtDoor(context, "webhooks_total", { result: "accepted" });
  report("webhookReceived", { deliveryId, name, received });
  return received === "full" ? context.text("too much waits for this repository", 503) : context.body(null, 202);
}

async function hand(environment: Environment, deliveryId: string, event: GitHubEvent): Promise<string> {
  if (event.type === "installationChanged") {
    await githubAppStub(environment).noteInstallation(event);
    return event.action;
  }
  return repositoryStub(environment, accountOfOwner(event.ownerId), event.repository.id).receive(deliveryId, event);
}
