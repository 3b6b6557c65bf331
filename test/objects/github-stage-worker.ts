/**
 * The Worker of `npm run check:github`: the shipped one, with consequences that do one of everything, and a door by which the check does
 * what a thread would.
 */
import type { Consequences } from "#github/consequences";
import type { Effect } from "#github/effect";
import { mayWrite } from "#github/permission";
import { RepositoryObject as Shipped } from "#github/repository-object";
import { type Environment, githubAppStub, repositoryStub } from "../../durable-objects/environment.ts";
import shipped from "../../workers/index.ts";

export * from "../../workers/index.ts";

/** A person who may write says `/spindle run`: seen, answered, shown at the commit, and a thread of the account has a turn. */
const consequences: Consequences = {
  async ofEvent(event, reads): Promise<Effect[]> {
    if (event.type !== "commentCreated" || !event.comment.body.startsWith("/spindle run") || event.sender === null) return [];
    if (!mayWrite(await reads.permissionOf(event.sender, { fresh: false }))) return [];
    const { number, isPullRequest } = event.issue;
    const on = { number, isPullRequest };
    const calls = reads.calls({ contents: "read" });
    const ref = await calls.gh("GET /repos/{owner}/{repo}/git/ref/{ref}", { ref: `heads/${event.repository.defaultBranch}` });
    const threadId = reads.threadOf(number);
    const input = [{ type: "text" as const, text: "say hello", text_elements: [] }];
    const turn = { threadId, input, clientUserMessageId: reads.deliveryId };
    const actions: Effect["action"][] = [
      { type: "addReaction", to: { type: "comment", id: event.comment.id, on }, content: "eyes" },
      { type: "createComment", on, body: "At work." },
      {
        type: "createCheckRun",
        name: "spindle",
        headOid: ref.object.sha,
        externalId: reads.deliveryId,
        state: { status: "in_progress", title: "At work", summary: "…" },
      },
      { type: "callThread", threadId, call: { type: "start", params: {} } },
      { type: "callThread", threadId, call: { type: "request", request: { method: "turn/start", params: turn } } },
      { type: "editComment", of: `${reads.deliveryId}/1`, on, body: "Done." },
    ];
    return actions.map((action, index) => ({ key: `${reads.deliveryId}/${index}`, lane: `#${number}`, action }));
  },
  ofOutcome: () => [],
};

export class RepositoryObject extends Shipped {
  protected override readonly consequences = consequences;
}

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
