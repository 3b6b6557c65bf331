/**
 * `spindle-stdio` as a parent uses it: a child process that is spoken to in JSON lines, started by the machine's own Node, against a whole
 * server. The network is cut many times, and the server is killed with SIGKILL; what the parent reads is held against an undisturbed
 * session, and frame by frame against the thread's log.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { startProxy } from "./cut-proxy.ts";
import { ProbeClient } from "./probe-client.ts";
import { projectRoot, type Server, startServer } from "./server.ts";

interface Message {
  id?: string | number;
  method?: string;
  seq?: number;
  // The check compares what came, and looks into what it knows.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  params?: any;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  result?: any;
  error?: { code: number; message: string };
}

const answerTimeoutMs = 60_000;
const prompt = "count 60\nwrite notes.txt: alpha\nsay done";
const results: { title: string; problem: string | null }[] = [];
const children = new Set<ChildProcess>();
const env = { SPINDLE_REHEARSAL_INTERVAL_MS: "15" };

const server = await startServer({ env });
try {
  const plain = await session(server.wsUrl);
  const wanted = masked(plain.lines);
  await step("an undisturbed session ends with 0, and what it says is the thread's log", async () => {
    equal(plain.code, 0);
    await requireLog(plain);
  });
  await step(
    "the network is cut again and again in the middle of a turn: the parent reads what it reads undisturbed",
    async () => {
      const proxy = await startProxy(server.port);
      let read = 0;
      let cuts = 0;
      const disturbed = await session(`ws://127.0.0.1:${proxy.port}`, {
        onMessage: ({ method }) => {
          read += 1;
          if (method === undefined || read % 8 !== 0) return;
          cuts += 1;
          proxy.cut();
        },
      });
      proxy.close();
      if (cuts < 5) throw new Error(`only ${cuts} cuts`);
      equal(disturbed.code, 0);
      equal(masked(disturbed.lines), wanted);
      await requireLog(disturbed);
    },
  );
  await step("an approval is answered while the server is dead: the parent reads what it reads undisturbed", async () => {
    const disturbed = await session(server.wsUrl, {
      beforeAnswer: () => server.kill("SIGKILL"),
      afterAnswer: () => server.restart(),
    });
    equal(disturbed.code, 0);
    equal(masked(disturbed.lines), wanted);
    await requireLog(disturbed);
  });
  await step(
    "the server is killed in the middle of a stream: nothing is lost, nothing comes twice, and all of it is said",
    async () => {
      let deltas = 0;
      let restarted: Promise<void> | null = null;
      const disturbed = await session(server.wsUrl, {
        onMessage: ({ method }) => {
          if (method !== "item/agentMessage/delta") return;
          deltas += 1;
          if (deltas === 10) restarted = server.restart();
        },
      });
      await restarted;
      equal(disturbed.code, 0);
      await requireLog(disturbed);
      // The message that died with the server is completed as it stood, and said again in a new one: the rest is as undisturbed.
      equal(masked(withoutCutMessages(disturbed.lines)), wanted);
      if (masked(disturbed.lines) === wanted) throw new Error("the server was killed too late to cut anything");
    },
  );
} finally {
  await server.close();
}

const guarded = await startServer({ env: { ...env, SPINDLE_TOKEN: "the-right-one" } });
try {
  await step("a wrong token ends it with 1 and the server's words, and nothing on stdout", async () => {
    const run = await spoken(guarded, "the-wrong-one");
    equal(run.code, 1);
    equal(run.lines.length, 0);
    if (!run.notes.includes("invalid websocket bearer token")) throw new Error(run.notes);
  });
  await step("the right token comes from the variable that is named", async () => {
    const run = await spoken(guarded, "the-right-one");
    equal(run.code, 0);
    equal(run.lines.length, 1);
  });
} finally {
  await guarded.close();
}

for (const child of children) child.kill("SIGKILL");
const failed = results.filter(({ problem }) => problem !== null).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

interface Parent {
  readonly lines: Message[];
  say(message: object): void;
  /** The first message that fits, from the first one on. */
  until(what: string, fits: (message: Message) => boolean): Promise<Message>;
  /** Closes the child's input, and gives its exit code. */
  end(): Promise<number | null>;
  notes(): string;
}

interface Disturbance {
  onMessage?: (message: Message) => void;
  beforeAnswer?: () => Promise<void>;
  afterAnswer?: () => Promise<void>;
}

/** One thread, one turn with a long message, a change that has to be approved and a last word; then the thread is read. */
async function session(url: string, disturbance: Disturbance = {}) {
  const parent = start(["app-server", "--listen", "stdio://", "--url", url, "-c", "model=x"], {}, disturbance.onMessage);
  const clientInfo = { name: "check", title: null, version: "1" };
  parent.say({ id: 0, method: "initialize", params: { clientInfo, capabilities: { experimentalApi: true } } });
  await parent.until("initialize", ({ id }) => id === 0);
  parent.say({ method: "initialized" });
  parent.say({ id: 1, method: "thread/start", params: { cwd: "/workspace" } });
  const threadId = String((await parent.until("thread/start", ({ id }) => id === 1)).result?.thread.id);
  parent.say({ id: 2, method: "turn/start", params: { threadId, input: [{ type: "text", text: prompt, text_elements: [] }] } });
  const request = await parent.until("approval", ({ method }) => method === "item/fileChange/requestApproval");
  await disturbance.beforeAnswer?.();
  parent.say({ id: request.id, result: { decision: "accept" } });
  await disturbance.afterAnswer?.();
  await parent.until("the end of the turn", ({ method }) => method === "turn/completed");
  parent.say({ id: 3, method: "fs/readFile", params: { path: "/workspace/notes.txt", threadId } });
  const file = await parent.until("the file", ({ id }) => id === 3);
  equal(Buffer.from(String(file.result?.dataBase64), "base64").toString(), "alpha\n");
  const code = await parent.end();
  return { threadId, code, lines: parent.lines };
}

async function spoken(one: Server, token: string) {
  const parent = start(["--url", one.wsUrl, "--auth-token-env", "CHECK_TOKEN"], { CHECK_TOKEN: token });
  parent.say({ id: 0, method: "initialize", params: { clientInfo: { name: "check", version: "1" } } });
  const code = await parent.end();
  return { code, lines: parent.lines, notes: parent.notes() };
}

function start(parameters: string[], more: Record<string, string> = {}, onMessage?: (message: Message) => void): Parent {
  // The Node that a parent finds: not the one that npm puts first for its scripts.
  const path = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
  const child = spawn(`${projectRoot}web/stdio/spindle-stdio.js`, parameters, {
    cwd: "/",
    env: { ...process.env, SPINDLE_TOKEN: "", ...more, PATH: path.join(":") },
  });
  children.add(child);
  const lines: Message[] = [];
  const waiting = new Set<() => void>();
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.on("error", () => {
    // It ended before it heard everything; its exit code says why.
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Message;
    lines.push(message);
    onMessage?.(message);
    for (const look of waiting) look();
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", (code) => resolve(code)));
  return {
    lines,
    say: (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    until: (what, fits) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${what} did not come:\n${said.slice(-2_000)}`)), answerTimeoutMs);
        const look = () => {
          const found = lines.find(fits);
          if (!found) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async end() {
      child.stdin.end();
      const code = await closed;
      children.delete(child);
      return code;
    },
    notes: () => said,
  };
}

/** The thread's own frames, as somebody sees them who comes afterwards and asks for everything, are those that the parent read. */
async function requireLog({ threadId, lines }: { threadId: string; lines: Message[] }): Promise<void> {
  const log: Message[] = [];
  const client = await ProbeClient.open(server.wsUrl, {
    replay: true,
    onMessage: ({ seq: _seq, ...message }) => {
      // The parent did not ask for the extension.
      if (!String(message.method).startsWith("spindle/")) log.push(message);
    },
  });
  await client.request("thread/resume", { threadId, afterSeq: 0 });
  const deadline = Date.now() + answerTimeoutMs;
  while (!log.some(({ method }) => method === "turn/completed")) {
    if (Date.now() > deadline) throw new Error("the log did not come");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  client.close();
  const read = lines.filter(({ method }) => method !== undefined);
  equal(JSON.stringify(read, null, 1), JSON.stringify(log, null, 1));
}

/** Ids and times are each run's own, and how a text is cut into deltas is the moment's. */
function masked(lines: readonly Message[]): string {
  const names = new Map<string, string>();
  const rename = (id: string) => {
    if (!names.has(id)) names.set(id, `id-${names.size}`);
    return names.get(id) ?? "";
  };
  const merged: Message[] = [];
  for (const line of lines) {
    const last = merged.at(-1);
    const goesOn = line.method?.endsWith("elta") && last?.method === line.method && last?.params.itemId === line.params.itemId;
    if (goesOn && last) last.params = { ...last.params, delta: last.params.delta + line.params.delta };
    else merged.push({ ...line });
  }
  return JSON.stringify(merged, null, 1)
    .replace(
      /(?:(?:msg|call|resp|fc|rs)_)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:msg|call|resp|fc|rs)_\w+/g,
      rename,
    )
    .replace(/"(\w+(?:At|AtMs|durationMs))": \d+/g, '"$1": 0')
    .replace(/"durationMs": \d+/g, '"durationMs": 0');
}

/** Leaves out the messages that end in the middle, with their deltas, and what tells of the failed attempt. */
function withoutCutMessages(lines: readonly Message[]): Message[] {
  const texts = new Map<string, string>();
  for (const { method, params } of lines) {
    if (method === "item/completed" && params.item.type === "agentMessage") texts.set(params.item.id, params.item.text);
  }
  const cut = new Set(
    [...texts].flatMap(([id, text]) =>
      [...texts.values()].some((other) => other !== text && other.startsWith(text)) ? [id] : [],
    ),
  );
  return lines.filter(({ params }) => !cut.has(params?.item?.id ?? params?.itemId));
}

async function step(title: string, run: () => Promise<void>): Promise<void> {
  const problem = await run().then(
    () => null,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  results.push({ title, problem });
  console.log(`${problem === null ? "ok    " : "FAILED"} ${title}${problem === null ? "" : `\n       ${problem}`}`);
}

function equal(found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  const [one, other] = [String(found).split("\n"), String(wanted).split("\n")];
  const at = one.findIndex((line, index) => line !== other[index]);
  const from = Math.max(0, at - 12);
  throw new Error(`found\n${one.slice(from, at + 12).join("\n")}\ninstead of\n${other.slice(from, at + 12).join("\n")}`);
}
