/** The front door: who may come in, and to which object they go. */
import { type Handler, Hono } from "hono";
import { withAdmission } from "#access/admission";
import { globalAccount } from "#core/memory/fragment";
import { readGitHubSettings } from "#github/settings";
import { parseThreadId } from "#protocol/thread-id";
import { connectionStub, type Environment, githubAppStub, memoryStub, threadStub } from "../durable-objects/environment.ts";
import { acpRoute } from "./acp/route.ts";
import { authenticate, type Door, guard, isUpgrade } from "./authentication.ts";
import { flagRoutes } from "./flag-routes.ts";
import { installationRoutes } from "./github/installation-routes.ts";
import { webhookRoute } from "./github/webhook-route.ts";
import { httpRoutes, problems } from "./http/door.ts";
import { mcpRoute } from "./mcp/mcp-route.ts";
import { metricsRoute } from "./metrics-route.ts";
import { answerHeaders, pageHeaders } from "./page-headers.ts";
import { sessionRoutes } from "./session-routes.ts";
import { tokenRoutes } from "./token-routes.ts";

export { AccessObject } from "#access/access-object";
export { ConnectionObject } from "#connection/connection-object";
export { DirectoryObject } from "#directory/directory-object";
export { GitHubAppObject } from "#github/app-object";
export { RepositoryObject } from "#github/repository-object";
export { MemoryObject } from "#memory/memory-object";
export { MetricsObject } from "#metrics/metrics-object";
export { PushObject } from "#push/push-object";
export { ThreadObject } from "#thread/thread-object";

const app = new Hono<Door>();

app.use(answerHeaders);

app.get("/healthz", (context) => context.body(null, 200));
app.get("/readyz", (context) => context.body(null, 200, { "spindle-version": context.env.VERSION?.id || "untold" }));

/** Before the guard, which is about people and their browsers: these doors have keys of their own. */
app.route("/", webhookRoute);
app.route("/", metricsRoute);

/** Around the guard as well: what it refuses is told to programs in the form of every other error. */
app.use("/v1/*", problems);

app.use(guard);

/** A thread's own socket: one hop less, the same protocol, this thread only. */
app.get("/threads/:id", authenticate, async (context) => {
  const parsed = parseThreadId(context.req.param("id"));
  if ("problem" in parsed) return context.text("no such thread", 404);
  const caller = context.get("caller");
  const request = withAdmission(context.req.raw, caller);
  return await threadStub(context.env, caller.account, parsed.threadId).fetch(request);
});

/** Before all other upgrades: here another protocol is spoken. */
app.route("/", acpRoute);

/** Upgrades are accepted on any path and query, as on the real server. */
app.get("*", async (context, next) => {
  if (!isUpgrade(context)) return await next();
  const refusal = await authenticate(context, async () => {});
  if (refusal) return refusal;
  const caller = context.get("caller");
  const request = withAdmission(context.req.raw, caller);
  return await connectionStub(context.env, `${caller.account}/${crypto.randomUUID()}`).fetch(request);
});

app.route("/", mcpRoute);
app.route("/", sessionRoutes);
app.route("/", tokenRoutes);
app.route("/", flagRoutes);
app.route("/", installationRoutes);
app.route("/", httpRoutes);

const asset: Handler<Door> = (context) => context.env.ASSETS.fetch(context.req.raw);

/** What the page to sign in on is made of, and what a browser fetches of an installed page by itself, with or without a session. */
const publicFiles = [
  "/sign-in.css",
  "/icon.svg",
  "/manifest.webmanifest",
  "/service-worker.js",
  "/icon-192.png",
  "/icon-512.png",
  "/icon-maskable-192.png",
  "/icon-maskable-512.png",
  "/apple-touch-icon.png",
  "/badge-96.png",
];
app.on("GET", publicFiles, pageHeaders, asset);

/** Whatever is left is the web client. */
app.get("*", authenticate, pageHeaders, asset);

export default { fetch: app.fetch, scheduled } satisfies ExportedHandler<Environment>;

/** As wrangler.toml says it. */
const catchUpCron = "*/10 * * * *";

/** By the clocks of wrangler.toml: GitHub is asked for deliveries that did not arrive; daily, what is old leaves the memories. */
async function scheduled({ cron }: ScheduledController, environment: Environment): Promise<void> {
  if (cron !== catchUpCron) return await memoryStub(environment, globalAccount).sweepAll();
  const settings = readGitHubSettings(environment);
  if (settings !== null && !("problem" in settings)) await githubAppStub(environment).catchUp();
}
