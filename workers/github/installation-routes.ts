/** The operator's kill switch for one installation of the GitHub App. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { accessLimits } from "#core/limits";
import { readGitHubSettings } from "#github/settings";
import { githubAppStub } from "../../durable-objects/environment.ts";
import { authenticateOperator, type Door } from "../authentication.ts";

/** Example: `{"isStopped":true}` */
const order = z.object({ isStopped: z.boolean() });

export const installationRoutes = new Hono<Door>();

/** Those that GitHub or the operator have spoken of. */
installationRoutes.get("/github/installations", authenticateOperator, async (context) => {
  context.header("cache-control", "no-store");
  return context.json({ data: await githubAppStub(context.env).listInstallations() });
});

/** Takes effect with the next delivery and the next effect; a request to GitHub that is under way ends. */
installationRoutes.put(
  "/github/installations/:id{[1-9][0-9]{0,14}}",
  authenticateOperator,
  bodyLimit({ maxSize: accessLimits.bodyBytesMax }),
  async (context) => {
    const parsed = order.safeParse(await context.req.json().catch(() => null));
    if (!parsed.success) return context.text(z.prettifyError(parsed.error), 400);
    await githubAppStub(context.env).switchInstallation(Number(context.req.param("id")), parsed.data.isStopped);
    return context.body(null, 204);
  },
);

/** What the cron does every ten minutes, now: GitHub is asked for the deliveries that did not arrive. Answers when it was asked. */
installationRoutes.post("/github/catch-up", authenticateOperator, async (context) => {
  const settings = readGitHubSettings(context.env);
  if (settings === null) return context.text("There is no GitHub here.", 404);
  if ("problem" in settings) return context.text("GitHub is not configured as it has to be; the log says what is wrong.", 500);
  await githubAppStub(context.env).catchUp();
  return context.body(null, 204);
});
