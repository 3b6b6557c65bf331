/** The Worker of `npm run check:github`: the shipped one, and doors for what the platform does by itself and Miniflare does not. */
import { directoryStub, type Environment, githubAppStub, repositoryStub, threadStub } from "../../durable-objects/environment.ts";
import shipped from "../../workers/index.ts";

export * from "../../workers/index.ts";

interface Order {
  account: string;
  repositoryId: number;
}

export default {
  ...shipped,
  async fetch(request: Request, environment: Environment, context: ExecutionContext): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/stage/")) return shipped.fetch(request, environment, context);
    if (pathname === "/stage/catch-up") {
      await githubAppStub(environment).catchUp();
      return new Response();
    }
    await wake(environment, (await request.json()) as Order);
    return new Response();
  },
};

/** After a restart an alarm rings where its object is called: on the platform it rings by itself. */
async function wake(environment: Environment, { account, repositoryId }: Order): Promise<void> {
  await repositoryStub(environment, account, repositoryId).outcomeOf("");
  const params = { limit: 100, currentAccountOnly: false, useStateDbOnly: false, includeAttachedThreads: false };
  const listed = await directoryStub(environment, account).request({ method: "thread/list", params });
  if ("refused" in listed) throw new Error(JSON.stringify(listed.refused));
  const { data } = JSON.parse(listed.resultText) as { data: { id: string }[] };
  for (const { id } of data) await threadStub(environment, account, id).askedProposal("");
}
