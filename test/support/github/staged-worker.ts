/**
 * The Worker on Miniflare and GitHub, both ways: the stage's webhooks come to the Worker signed and numbered as GitHub does it, and
 * everything that leaves the Worker goes through the stage's gate.
 */
import { createHmac, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { bundleWorker, type MiniflareServer, startMiniflare } from "../../checks/miniflare-server.ts";
import { asGitHubTells } from "./pull-requests.ts";
import { privateKey } from "./repository.ts";
import type { Asked } from "./schema-gate.ts";
import { app, openStage, type Stage } from "./stage.ts";

const apiHost = "api.github.test";
const attemptsMax = 40;

/** A request that left the Worker, and what it was answered. */
export interface Relayed extends Asked {
  authorization: string;
  status: number;
  answer: string;
}

export interface StagedWorker {
  stage: Stage;
  server: MiniflareServer;
  hook: Hook;
  /** Of the webhook. */
  secret: string;
  /** Where requests to GitHub go. */
  gateUrl: string;
  /** Waited for between GitHub's answer and the Worker's hearing of it; null for nothing. */
  afterRequest: ((relayed: Relayed) => Promise<void> | void) | null;
  /** The same Worker with other variables, and nothing kept of the first. Webhooks go to it when the hook is told so. */
  startAnother(env?: Record<string, string>): Promise<MiniflareServer>;
  close(): Promise<void>;
}

/** `entry` is a Worker in the place of the shipped one, `env` what it is given beside what names the App. */
export async function openStagedWorker({
  entry,
  env = {},
}: {
  entry?: string;
  env?: Record<string, string>;
} = {}): Promise<StagedWorker> {
  const secret = randomUUID();
  const hook = new Hook(secret);
  const relay = createServer(async (request, response) => {
    const body = await bodyOf(request);
    response.end();
    const event = String(request.headers["x-github-event"]);
    for (const told of await asGitHubTells(stage, { event, body })) await hook.take(told.event, told.body);
  });
  const relayPort = await listen(relay);
  const stage = await openStage({ privateKey, webhook: { url: `http://127.0.0.1:${relayPort}/`, secret } });
  hook.stage = stage;
  const gate = createServer(async (request, response) => {
    const { url: path = "", method = "GET" } = request;
    const text = await bodyOf(request);
    const host = request.headers["x-forwarded-host"];
    if (host !== apiHost) stage.problems.push(`a request left for ${host}`);
    const again = /^\/app\/hook\/deliveries\/(\d+)\/attempts$/.exec(path);
    if (again) void hook.again(Number(again[1]));
    const { authorization = "" } = request.headers;
    const body = text === "" ? null : text;
    const answered = await stage.fetch(`https://${apiHost}${path}`, { method, headers: { authorization }, body });
    const answer = await answered.text();
    await staged.afterRequest?.({ method, path, body, authorization, status: answered.status, answer });
    response.writeHead(answered.status, { "content-type": "application/json" });
    response.end(answer);
  });
  const gatePort = await listen(gate);
  const bundle = await bundleWorker(entry ?? null);
  const own = {
    ...env,
    GITHUB_APP_ID: String(app.id),
    GITHUB_APP_PRIVATE_KEY: privateKey,
    GITHUB_WEBHOOK_SECRET: secret,
    GITHUB_API_URL: `https://${apiHost}`,
  };
  const servers = new Set<MiniflareServer>();
  const startAnother = async (others: Record<string, string> = {}) => {
    const started = await startMiniflare({ bundle, outbound: `127.0.0.1:${gatePort}`, env: { ...own, ...others } });
    const { close } = started;
    servers.add(started);
    started.close = async () => {
      servers.delete(started);
      await close();
    };
    return started;
  };
  const server = await startAnother();
  hook.server = server;
  const staged: StagedWorker = {
    stage,
    server,
    hook,
    secret,
    gateUrl: `http://127.0.0.1:${gatePort}`,
    afterRequest: null,
    startAnother,
    async close() {
      for (const one of [...servers]) await one.close();
      await stage.close();
      relay.close();
      gate.close();
      rmSync(bundle, { recursive: true, force: true });
    },
  };
  return staged;
}

/** What GitHub does around a delivery and the emulator does not: a GUID, the App's number, and a list of what did not arrive. */
export class Hook {
  server: MiniflareServer | null = null;
  stage: Stage | null = null;
  /** GitHub's network is down for as long as this holds. */
  isDown = false;
  private readonly secret: string;
  private readonly sent: { id: number; guid: string; event: string; body: string }[] = [];

  constructor(secret: string) {
    this.secret = secret;
  }

  async take(event: string, body: string): Promise<void> {
    const delivery = { id: this.sent.length + 1, guid: randomUUID(), event, body };
    this.sent.push(delivery);
    await this.deliver(delivery);
  }

  async again(id: number): Promise<void> {
    const delivery = this.sent.find((one) => one.id === id);
    if (delivery) await this.deliver(delivery);
  }

  /** All that were sent, once more: under their own GUIDs, or as another hook of the same repository would. */
  async allAgain({ guid }: { guid: "same" | "another" }): Promise<void> {
    for (const delivery of [...this.sent].reverse())
      await this.deliver({ ...delivery, ...(guid === "another" ? { guid: randomUUID() } : {}) });
  }

  private async deliver({ id, guid, event, body }: Hook["sent"][number]): Promise<void> {
    const status_code = this.isDown ? 502 : await this.post(guid, event, body, attemptsMax);
    this.stage?.missing.deliveries.unshift({ id, guid, event, status_code, delivered_at: new Date().toISOString() });
  }

  /** Again while the server is being killed, as the catch-up would have it: under the same GUID. */
  private async post(guid: string, event: string, body: string, attempts: number): Promise<number> {
    const headers = {
      "content-type": "application/json",
      "x-github-event": event,
      "x-github-delivery": guid,
      "x-github-hook-installation-target-type": "integration",
      "x-github-hook-installation-target-id": String(app.id),
      "x-hub-signature-256": `sha256=${createHmac("sha256", this.secret).update(body).digest("hex")}`,
    };
    const response = await fetch(`${this.server?.url}/github/webhook`, { method: "POST", headers, body }).catch(() => null);
    if (response?.status === 202 || attempts === 0) return response?.status ?? 502;
    await new Promise((resolve) => setTimeout(resolve, 250));
    return this.post(guid, event, body, attempts - 1);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function listen(server: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}
