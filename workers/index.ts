/** The front door: who may come in, and to which object they go. */
import { Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { parseThreadId } from "#protocol/thread-id";
import { connectionStub, type Environment, threadStub } from "../durable-objects/environment.ts";
import { authenticate } from "./authentication.ts";

export { ConnectionObject } from "#connection/connection-object";
export { DirectoryObject } from "#directory/directory-object";
export { ThreadObject } from "#thread/thread-object";

const app = new Hono<{ Bindings: Environment; Variables: { account: string } }>();

app.get("/healthz", (context) => context.body(null, 200));
app.get("/readyz", (context) => context.body(null, 200));

app.use(authenticate);

/** A thread's own socket: one hop less, the same protocol, this thread only. */
app.get("/threads/:id", async (context) => {
  const parsed = parseThreadId(context.req.param("id"));
  if ("problem" in parsed) return context.text("no such thread", 404);
  return await threadStub(context.env, context.get("account"), parsed.threadId).fetch(context.req.raw);
});

/** The page runs its own script and nothing else, and talks to its own origin only. */
const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
    objectSrc: ["'none'"],
  },
  strictTransportSecurity: false,
});

/** Upgrades are accepted on any path and query, as on the real server; whatever is no upgrade is a page of the web client. */
app.get("*", async (context, next) => {
  if (context.req.header("upgrade")?.toLowerCase() !== "websocket") return await next();
  const name = `${context.get("account")}/${crypto.randomUUID()}`;
  return await connectionStub(context.env, name).fetch(context.req.raw);
});

app.get("*", pageHeaders, async (context) => {
  const page = await context.env.ASSETS.fetch(context.req.raw);
  return new Response(page.body, page);
});

export default app;
