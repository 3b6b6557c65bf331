/**
 * The decision tree through SIGKILL, in the mode that a thread has by itself: a look-up turns the choice around, a question wins, an
 * action that cannot be undone is held, a question is not answered. The whole server dies in the middle of each; who followed all
 * the way, who was away from the kill to the turn's end, and who comes new fold the same thread. `npm run check:decisions`
 */
import { isDeepStrictEqual } from "node:util";
import { type Client, createClient } from "#client/client";
import type { ThreadHandle } from "#client/thread-handle";
import type { Frame } from "#core/frame";
import type { PendingRequest, Thread } from "#core/thread";
import type { ParamsInput } from "#protocol/methods";
import { startServer } from "./server.ts";

/** Long enough for a server that starts again on a busy machine. */
const patienceMs = 60_000;

let passed = 0;
let failed = 0;

function check(title: string, isTrue: boolean, details: unknown = ""): void {
  if (isTrue) passed += 1;
  else failed += 1;
  console.log(`${isTrue ? "ok  " : "FAIL"} ${title}${isTrue ? "" : `\n     ${JSON.stringify(details)}`}`);
}

/** A client of ours whose network can be taken away: while it is, its sockets go nowhere. */
class Person {
  readonly client: Client;
  isAway = false;

  constructor(name: string, url: string) {
    const isAway = () => this.isAway;
    class Network extends WebSocket {
      constructor(to: string | URL) {
        super(isAway() ? "ws://127.0.0.1:9" : to);
      }
    }
    this.client = createClient({ url, clientInfo: { name, version: "1" }, WebSocket: Network });
  }
}

interface Story {
  title: string;
  lines: string;
  options?: Omit<ParamsInput<"turn/start">, "threadId" | "input">;
  /** Where the server dies. */
  isMiddle(thread: Thread): boolean;
  /** Who followed says something when the server is back; null: everybody stays away until the thread has gone on alone. */
  answers: ((thread: ThreadHandle) => void) | null;
  /** What the agent said, which assumption ended where, what was chosen, and the files there are. */
  ends: { said: string[]; evidence: [by: string, observed: boolean]; chosen: string; files: string[] };
}

const probing = `assume A1 p=0.7 kind=code_fact: a.txt says yes
action patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say patched
action guard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.95 sp=0.95 cost=0.03: sleep 3; grep -q yes a.txt
decide
say end`;

const asking = `assume A1 p=0.55 kind=user_intent: the person wants it renamed
action rename cost=0.05 gain[A1]=0.9 gain[!A1]=-0.6: say renamed
action keep cost=0.05 gain[A1]=-0.3 gain[!A1]=0.5: say kept
ask U on=A1 se=0.98 sp=0.98 cost=0.12 default=no: Shall I rename it?
decide
say end`;

const irreversible = `assume A1 p=0.8 kind=env_fact: nobody else uses the branch
action push cost=0.05 gain[A1]=0.9 gain[!A1]=-0.5 irreversible: write pushed.txt: pushed
action stop cost=0.01 gain=0.1: write stopped.txt: stopped
decide
say end`;

const isAsked = ({ requests }: Thread) => requests.length > 0;
const questionTimeoutMs = 4_000;

const stories: Story[] = [
  {
    title: "a look-up refutes the likeliest assumption",
    lines: probing,
    isMiddle: ({ turns }) => turns.at(-1)?.items.some(({ type }) => type === "commandExecution") ?? false,
    answers: () => {},
    ends: { said: ["guarded", "end"], evidence: ["Q", false], chosen: "guard", files: ["a.txt"] },
  },
  {
    title: "a question wins",
    lines: asking,
    isMiddle: isAsked,
    answers: (thread) => thread.reply(requestOf(thread).id, { answers: { U: { answers: ["Yes"] } } }),
    ends: { said: ["renamed", "end"], evidence: ["user", true], chosen: "rename", files: ["a.txt"] },
  },
  {
    title: "what cannot be undone is held, and declined",
    lines: irreversible,
    isMiddle: isAsked,
    answers: (thread) => thread.answer(requestOf(thread).id, "decline"),
    ends: { said: ["end"], evidence: ["", false], chosen: "stop", files: ["a.txt", "stopped.txt"] },
  },
  {
    title: "what cannot be undone is held, and accepted",
    lines: irreversible,
    isMiddle: isAsked,
    answers: (thread) => thread.answer(requestOf(thread).id, "accept"),
    ends: { said: ["end"], evidence: ["", false], chosen: "push", files: ["a.txt", "pushed.txt"] },
  },
  {
    title: "nobody answers, and nobody is there",
    lines: asking,
    options: { questionTimeoutMs },
    isMiddle: isAsked,
    answers: null,
    ends: { said: ["kept", "end"], evidence: ["default", false], chosen: "keep", files: ["a.txt"] },
  },
];

const server = await startServer();
try {
  for (const story of stories) {
    try {
      await play(story);
    } catch (error) {
      check(`${story.title}: it can be told to its end`, false, String(error));
    }
  }
} finally {
  await server.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function play({ title, lines, options, isMiddle, answers, ends }: Story): Promise<void> {
  const follower = new Person("follower", server.wsUrl);
  const traveller = new Person("traveller", server.wsUrl);
  // Changes land unasked: whoever is asked is asked about the decision.
  const followed = await follower.client.startThread({ approvalPolicy: "never" });
  const threadId = followed.id;
  const dataBase64 = Buffer.from("no\n").toString("base64");
  await follower.client.request("fs/writeFile", { threadId, path: "/workspace/a.txt", dataBase64 });
  const missed = await traveller.client.openThread(threadId);
  await followed.send(lines, options);
  const middle = await followed.until(isMiddle, { timeoutMs: patienceMs });
  const askedBefore = middle.requests.map(({ id }) => id);
  await missed.until(({ seq }) => seq >= middle.seq, { timeoutMs: patienceMs });
  traveller.isAway = true;
  follower.isAway = answers === null;
  await server.kill("SIGKILL");
  check(`${title}: the server died in the middle of the turn`, followed.turn !== null && missed.turn !== null);
  await server.restart();
  if (answers) {
    await followed.until(() => followed.isCaughtUp, { timeoutMs: patienceMs });
    if (askedBefore.length > 0)
      check(`${title}: what was asked is asked under the same id`, isDeepStrictEqual(requestsOf(followed), askedBefore));
    answers(followed);
  } else {
    await pause(questionTimeoutMs + 4_000);
  }
  const cameBackAtMs = Date.now();
  follower.isAway = false;
  follower.client.wake();
  const ended = await followed.until(({ turns }) => turns.at(-1)?.status !== "inProgress", { timeoutMs: patienceMs });
  check(`${title}: the turn completes`, ended.turns.length === 1 && ended.turns[0]?.status === "completed", ended.turns);
  traveller.isAway = false;
  traveller.client.wake();
  const fresh = new Person("fresh", server.wsUrl);
  const frames: Frame[] = [];
  fresh.client.onMessage((frame) => frames.push(frame));
  const first = await fresh.client.openThread(threadId);
  const returned = await missed.until(({ seq }) => seq >= ended.seq, { timeoutMs: patienceMs });
  const states = [followed.state, returned, first.state];
  check(
    `${title}: who followed, who was away and who comes new fold the same`,
    states.every((state) => isDeepStrictEqual(state, ended)),
    states.map((state) => [state?.seq, state?.decisionTree?.revision]),
  );
  const { tree } = await fresh.client.request("spindle/decisionTree/read", { threadId });
  check(`${title}: spindle/decisionTree/read says the same`, isDeepStrictEqual(tree, ended.decisionTree), tree);
  const evidence = tree.assumptions.flatMap((assumption) => assumption.evidence.map(({ by, observed }) => [by, observed]));
  const { entries } = await fresh.client.request("fs/readDirectory", { threadId, path: "/workspace" });
  const seen = {
    said: ended.turns.flatMap(({ items }) => items.flatMap((item) => (item.type === "agentMessage" ? item.text : []))),
    evidence: evidence.flat().length === 0 ? ["", false] : evidence.flat(),
    chosen: tree.chosen.id,
    files: entries.map(({ fileName }) => fileName).toSorted(),
  };
  check(`${title}: what was found out is counted once, and what is chosen is done`, isDeepStrictEqual(seen, ends), seen);
  if (!answers) {
    const done = frames.find(({ method }) => method === "turn/completed");
    check(`${title}: the thread went on before anybody came`, done !== undefined && done.emittedAtMs < cameBackAtMs, done);
  }
  for (const { client } of [follower, traveller, fresh]) client.close();
}

function requestsOf({ state }: ThreadHandle): string[] {
  return state?.requests.map(({ id }) => id) ?? [];
}

function requestOf({ state }: ThreadHandle): PendingRequest {
  const [request] = state?.requests ?? [];
  if (!request) throw new Error("nothing is asked any more");
  return request;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
