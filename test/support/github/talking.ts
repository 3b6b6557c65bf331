/** A repository that follows what people do at the stage's GitHub, with threads that say what the test tells them to. */

import type { ThreadCall } from "#github/effect";
import type { Person, RepositoryEvent } from "#github/event";
import { ofEvent } from "#github/follow/of-event";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import { defaultPolicy } from "#github/follow/policy";
import type { AskedProposal } from "#thread/asked-proposal";
import { commentEvent, deliver, openWorld, type World } from "./repository.ts";
import { people, type Stage } from "./stage.ts";

export interface Talking {
  world: World;
  stage: Stage;
  wanda: Person;
  /** What the threads were asked, in order. */
  calls: { threadId: string; call: ThreadCall }[];
  /** What the thread refuses from now on; null: nothing. */
  refuses: string | null;
  /** Proposals that wait, by their request's id. */
  proposals: Map<string, AskedProposal>;
  /** A comment of Wanda's, or of somebody else, and all that follows. */
  say(number: number, body: string, by?: Person): Promise<void>;
  event(event: RepositoryEvent): Promise<void>;
  /** Frames of a thread, numbered on. */
  hear(threadId: string, frames: { method: string; id?: string; params: object }[]): Promise<void>;
  /** Our comments there, without markers. */
  comments(number: number): Promise<string[]>;
  newIssue(title: string, body: string): Promise<number>;
}

export async function openTalking(stage: Stage, policy = defaultPolicy): Promise<Talking> {
  const calls: Talking["calls"] = [];
  const proposals: Talking["proposals"] = new Map();
  const world = openWorld(stage, {
    consequences: { ofEvent, ofFrames, ofOutcome },
    policy,
    thread: {
      callThread: async (threadId, call) => {
        calls.push({ threadId, call });
        return talking.refuses === null ? { text: null } : { refused: { code: -32_600, message: talking.refuses } };
      },
      readProposal: async (_, requestId) => proposals.get(requestId) ?? null,
    },
  });
  const seqs = new Map<string, number>();
  let comments = 0;
  const talking: Talking = {
    world,
    stage,
    wanda: await personOf(stage, people.writer),
    calls,
    refuses: null,
    proposals,
    say(number, body, by = talking.wanda) {
      comments += 1;
      const event = commentEvent(stage, { number, body, id: comments });
      const { comment } = event as Extract<RepositoryEvent, { type: "commentCreated" }>;
      return talking.event({ ...event, sender: by, comment: { ...comment, author: by } } as RepositoryEvent);
    },
    async event(event) {
      deliver(world, event);
      await world.settle();
    },
    async hear(threadId, frames) {
      const after = seqs.get(threadId) ?? 0;
      const numbered = frames.map((frame, index) => ({
        seq: after + index + 1,
        text: JSON.stringify({ ...frame, emittedAtMs: world.clock.nowMs }),
      }));
      seqs.set(threadId, after + frames.length);
      await world.repository.deliver({ threadId, after, frames: numbered } as Parameters<typeof world.repository.deliver>[0]);
      await world.settle();
    },
    async comments(number) {
      const response = await stage.as(people.owner, "GET", `/repos/acme/widgets/issues/${number}/comments?per_page=100`);
      const found = (await response.json()) as { body: string; user: { type: string } }[];
      return found.filter(({ user }) => user.type === "Bot").map(({ body }) => body.replace(/<!--.*?-->/g, "").trim());
    },
    async newIssue(title, body) {
      const made = await stage.as(people.writer, "POST", "/repos/acme/widgets/issues", { title, body });
      return ((await made.json()) as { number: number }).number;
    },
  };
  return talking;
}

export async function personOf(stage: Stage, login: string): Promise<Person> {
  const { id, type } = (await (await stage.as(people.owner, "GET", `/users/${login}`)).json()) as { id: number; type: string };
  return { id, login, type };
}

/** A thread begins a turn because of this key. */
export function turnBegun(turnId: string, key: string) {
  return [
    { method: "turn/started", params: { turn: { id: turnId } } },
    { method: "item/completed", params: { item: { type: "userMessage", clientId: key } } },
  ];
}
