/**
 * Objects really sleep, and sockets and turns survive it: an approval that waited until nobody was awake any more is answered on the
 * socket that was open all the time, and the turn goes on there. `npm run check:hibernation -- --idle 15`, with `--wrangler` on `wrangler dev`.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient, type ProbeMessage } from "./probe-client.ts";
import { type Server, startServer } from "./server.ts";

const { values } = parseArgs({ options: { idle: { type: "string" }, wrangler: { type: "boolean" } } });
/** The runtime lets an idle object go after about ten seconds. */
const idleSeconds = Number(values.idle ?? 15);

let passed = 0;
let failed = 0;

function check(title: string, isTrue: boolean, details: unknown = ""): void {
  if (isTrue) passed += 1;
  else failed += 1;
  console.log(
    `${isTrue ? "ok  " : "FAIL"} ${title}${isTrue ? "" : `\n     ${typeof details === "string" ? details : JSON.stringify(details)}`}`,
  );
}

/** A client that stays on its one socket, with everything that came on it. */
class Screen {
  readonly name: string;
  readonly frames: ProbeMessage[] = [];
  private readonly client: ProbeClient;

  static async open(name: string, url: string): Promise<Screen> {
    const frames: ProbeMessage[] = [];
    const client = await ProbeClient.open(url, { name, replay: true, onMessage: (message) => frames.push(message) });
    return new Screen(name, client, frames);
  }

  private constructor(name: string, client: ProbeClient, frames: ProbeMessage[]) {
    this.name = name;
    this.client = client;
    this.frames = frames;
  }

  get isOpen(): boolean {
    return this.client.isOpen;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a check knows what it asked for
  request(method: string, params: object): Promise<any> {
    return this.client.request(method, params);
  }

  accept(request: ProbeMessage): void {
    this.client.answer(request.id ?? "", { decision: "accept" });
  }

  /** The first frame of the method behind `from` frames, or null when it does not come in time. */
  async until(method: string, from: number, timeoutMs = 10_000): Promise<ProbeMessage | null> {
    for (const deadline = Date.now() + timeoutMs; ; await pause(10)) {
      const found = this.frames.slice(from).find((frame) => frame.method === method);
      if (found || Date.now() > deadline) return found ?? null;
    }
  }

  /** Whether `seq` is 1, 2, 3 … in everything that came. */
  get isWithoutGap(): boolean {
    return this.frames.every(({ seq }, index) => seq === index + 1);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

const bundle = values.wrangler ? null : await bundleWorker();
const server: Server = bundle === null ? await startServer() : await startMiniflare({ bundle });
try {
  await run(server);
} finally {
  await server.close();
  if (bundle !== null) rmSync(bundle, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function run({ wsUrl }: Server): Promise<void> {
  const front = await Screen.open("front", wsUrl);
  const { thread } = await front.request("thread/start", { approvalPolicy: "on-request" });
  const direct = await Screen.open("direct", `${wsUrl}/threads/${thread.id}`);
  await direct.request("thread/resume", { threadId: thread.id, afterSeq: 0, excludeTurns: true });

  await waitAndAnswer("at /", thread.id, { asks: front, answers: front, sees: direct, path: "alpha.txt" });
  await waitAndAnswer("at the thread's own door", thread.id, { asks: direct, answers: direct, sees: front, path: "beta.txt" });
  await waitAndAnswer("by the other client", thread.id, { asks: front, answers: direct, sees: front, path: "gamma.txt" });

  check("both sockets were open all the time", front.isOpen && direct.isOpen);
  for (const screen of [front, direct]) {
    const numbers = screen.frames.map(({ seq }) => seq);
    check(`${screen.name} got every frame once, in order (${numbers.length})`, screen.isWithoutGap, numbers);
  }
  await front.close();
  await direct.close();
}

interface Roles {
  asks: Screen;
  answers: Screen;
  sees: Screen;
  path: string;
}

/** A turn that waits for an approval while everything falls asleep. */
async function waitAndAnswer(where: string, threadId: string, { asks, answers, sees, path }: Roles): Promise<void> {
  const before = new Map([asks, answers, sees].map((screen) => [screen, screen.frames.length]));
  const since = (screen: Screen) => before.get(screen) ?? 0;
  const input = [{ type: "text", text: `write ${path}: ${path} was accepted\nsay ${path} is there` }];
  await asks.request("turn/start", { threadId, input });
  const request = await answers.until("item/fileChange/requestApproval", since(answers));
  check(`a request to be answered ${where} comes`, request !== null);
  if (!request) return;
  const woke = wakes(server);
  await pause(idleSeconds * 1_000);
  // The heartbeat of the turn's first moments looks around once more, half a minute later.
  if (idleSeconds < 25) check(`${where}: nobody woke while nothing happened`, wakes(server).threads === woke.threads);
  answers.accept(request);
  const completed = await answers.until("turn/completed", since(answers));
  const seen = await sees.until("turn/completed", since(sees));
  check(`${where}: the turn completes on the socket that answered`, completed?.params.turn.status === "completed", completed);
  check(`${where}: and on the other one`, seen?.params.turn.id === completed?.params.turn.id, seen);
  const now = wakes(server);
  check(`${where}: the thread object had slept`, now.threads === woke.threads + 1, { woke, now });
  check(`${where}: the connection object had slept`, now.connections === woke.connections + 1, { woke, now });
  const { dataBase64 } = await asks.request("fs/readFile", { threadId, path: `/workspace/${path}` });
  const content = Buffer.from(dataBase64, "base64").toString();
  check(`${where}: the change is in the file`, content === `${path} was accepted\n`, content);
}

/** How often objects were made over a state that was there already. */
function wakes({ logs }: Server): { threads: number; connections: number } {
  const text = logs();
  return { threads: text.split('"threadWoke"').length - 1, connections: text.split('"connectionWoke"').length - 1 };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
