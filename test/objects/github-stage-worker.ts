/** The Worker of `npm run check:github`: the shipped one, and a door by which the check has single effects happen and looks at threads. */
import type { Effect } from "#github/effect";
import { type Environment, githubAppStub, repositoryStub } from "../../durable-objects/environment.ts";
import shipped from "../../workers/index.ts";

export * from "../../workers/index.ts";

interface Order {
  account: string;
  repositoryId: number;
  effects?: Effect[];
  /** Base64. */
  contents?: string[];
  key?: string;
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
    const { account, repositoryId, effects = [], contents = [], key } = (await request.json()) as Order;
    const repository = repositoryStub(environment, account, repositoryId);
    if (key !== undefined) return Response.json(await repository.outcomeOf(key));
    const bytes = contents.map((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
    await repository.addEffects(effects, bytes);
    return new Response();
  },
};
