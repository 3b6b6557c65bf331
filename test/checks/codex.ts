/**
 * OpenAI's own Codex client, unmodified, works with Spindle as a person would with Codex's own server: `npm run check:codex`. It is
 * judged by what stands on the screen, by what stands in the workspace, and by every frame on the wire.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validateFrame } from "../support/codex-schema.ts";
import { type CodexHome, createCodexHome, installCodex } from "./codex-client.ts";
import { ProbeClient } from "./probe-client.ts";
import { type RecordedMessage, startRecorder } from "./recorder.ts";
import { projectRoot, type Server, startServer } from "./server.ts";
import { requireTmux, type Terminal } from "./terminal.ts";

const results = join(projectRoot, "node_modules/.cache/spindle-checks/codex");
rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });

requireTmux();
const home: CodexHome = createCodexHome(installCodex());
// Slow enough that a person, and this check, sees the numbers come.
const server: Server = await startServer({ env: { SPINDLE_REHEARSAL_INTERVAL_MS: "100" } });
const recorder = await startRecorder(server.port);
let terminal: Terminal;

let saved = 0;
const steps: { title: string; problem: string | null; ms: number }[] = [];

await step("starts on a remote server, with nothing wrong on the screen", async () => {
  terminal = await home.open("--remote", recorder.wsUrl);
  await terminal.waitFor("› Ask Codex to do anything", 30_000);
  await terminal.waitFor("Rehearsal (no model)");
  await until("the thread of the start", () => openedThreadId() !== undefined);
  await until("answers to all of the start's requests", () => unansweredRequests().length === 0);
  await warningsAreLocal();
});

await step("a prompt's answer streams and shows", async () => {
  await prompt("say hello from rehearsal");
  await terminal.waitFor(/^• hello from rehearsal$/m);
  await turnCompleted("completed");
});

await step("a slow answer shows while it comes", async () => {
  await prompt("count 20");
  await until("a few numbers on the wire", () => deltasOfLastTurn().length >= 5);
  const arrived = deltasOfLastTurn().length;
  must(arrived < 20, `all ${arrived} numbers came at once`);
  await terminal.waitFor(`• ${numbers(20)}`);
  await turnCompleted("completed");
});

await step("the hidden title thread names the thread and shows nowhere else", async () => {
  await until("a name", () => received("thread/name/updated").some(({ threadId }) => threadId === threadOfTerminal()));
  await terminal.waitFor("· say hello from rehearsal");
  await until("the terminal's title", async () => (await terminal.title()).startsWith("say hello from rehearsal"));
  const screen = await terminal.everything();
  must(!/temporary structured|Generate a concise/.test(screen), `the title thread shows on the screen:\n${screen}`);
  await withProbe(async (probe) => {
    const { thread } = await probe.request("thread/read", { threadId: threadOfTerminal() });
    must(thread.name === "say hello from rehearsal", `the thread's name is ${thread.name}`);
    const { data } = await probe.request("thread/list", {});
    const ids = data.map(({ id }: { id: string }) => id);
    must(ids.length === 1 && ids[0] === threadOfTerminal(), `the list holds ${ids.length} threads`);
  });
});

await step("a file change asks, and lands when it is accepted", async () => {
  await prompt("write notes.txt: alpha");
  const screen = await terminal.waitFor("Would you like to make the following edits?");
  must(/notes\.txt/.test(screen) && /\+alpha/.test(screen), `the diff is not shown:\n${screen}`);
  must((await readFile("notes.txt")) === null, "the file is there before anybody accepted it");
  await save("file-approval");
  await terminal.press("Enter");
  await terminal.waitFor("• Done.");
  await turnCompleted("completed");
  must((await readFile("notes.txt")) === "alpha\n", `notes.txt holds ${JSON.stringify(await readFile("notes.txt"))}`);
});

await step("a file change that is refused does not land", async () => {
  await prompt("write refused.txt: no");
  await terminal.waitFor("Would you like to make the following edits?");
  await terminal.press("Escape");
  await terminal.waitFor("Conversation interrupted");
  await turnCompleted("interrupted");
  must((await readFile("refused.txt")) === null, "refused.txt is there");
});

await step("a command runs and shows its output; what it changed asks", async () => {
  await prompt("run echo made by a command | tee made.txt");
  const screen = await terminal.waitFor("Would you like to make the following edits?");
  must(/Ran echo made by a command/.test(screen), `the command is not shown:\n${screen}`);
  await terminal.press("y");
  await turnCompleted("completed");
  must((await readFile("made.txt")) === "made by a command\n", "made.txt did not land");
});

await step("Escape interrupts a turn", async () => {
  await prompt("count 500");
  await until("a few numbers on the wire", () => deltasOfLastTurn().length >= 5);
  await terminal.press("Escape");
  await turnCompleted("interrupted");
  await until("the working line to go", async () => !/esc to interrupt/.test(await terminal.screen()));
});

await step("what is typed during a turn steers it", async () => {
  await prompt("count 300");
  await until("a few numbers on the wire", () => deltasOfLastTurn().length >= 5);
  await prompt("say steered");
  await terminal.waitFor(/^• steered$/m);
  await turnCompleted("completed");
});

await step("quits, and says how to come back", async () => {
  await prompt("/quit");
  const left = await terminal.waitForEnd();
  must(left.includes(`codex --remote ${recorder.wsUrl}/ resume ${threadOfTerminal()}`), `it left:\n${left}`);
});

await step("resumes with the whole history on the screen, and goes on", async () => {
  const threadId = threadOfTerminal();
  await terminal.close();
  terminal = await home.open("--remote", recorder.wsUrl, "resume", threadId);
  await terminal.waitFor("• steered", 30_000);
  await save("resumed");
  const shown = await history();
  for (const line of [
    "› say hello from rehearsal",
    "• hello from rehearsal",
    `• ${numbers(20)}`,
    "› write notes.txt: alpha",
    "• Added notes.txt (+1 -0)",
    "› run echo made by a command | tee made.txt",
    "• Added made.txt (+1 -0)",
    "› say steered",
  ]) {
    must(shown.includes(line), `the history lacks "${line}":\n${shown}`);
  }
  await prompt("say still here");
  await terminal.waitFor(/^• still here$/m);
  await turnCompleted("completed");
  must(threadOfTerminal() === threadId, "the client went on with another thread");
});

await step("a killed server is reconnected to, and the next prompt works", async () => {
  await server.kill("SIGKILL");
  await terminal.waitFor(/Reconnecting/i);
  await save("reconnecting");
  await server.restart();
  await reconnected();
  await prompt("say back again");
  await terminal.waitFor(/^• back again$/m, 30_000);
  await turnCompleted("completed");
});

await step("an approval that waits survives a killed server, and lands when it is accepted", async () => {
  await prompt("write later.txt: after the crash");
  await terminal.waitFor("Would you like to make the following edits?");
  const [asked] = received("item/fileChange/requestApproval").slice(-1);
  await server.kill("SIGKILL");
  await server.restart();
  await reconnected();
  await until("the approval again", () => received("item/fileChange/requestApproval").slice(-1)[0] !== asked);
  const screen = await terminal.waitFor("Would you like to make the following edits?");
  await save("approval-after-crash");
  must(screen.includes("+after the crash"), `what is to be approved is not shown:\n${screen}`);
  await terminal.press("y");
  await turnCompleted("completed");
  must((await readFile("later.txt")) === "after the crash\n", "later.txt did not land");
});

await step("a turn that a kill cut goes on by itself, and the client shows its end", async () => {
  await prompt("count 40");
  await until("a few numbers on the wire", () => deltasOfLastTurn().length >= 5);
  await server.kill("SIGKILL");
  await server.restart();
  await reconnected();
  await turnCompleted("completed", 60_000);
  const screen = await terminal.waitFor(`• ${numbers(40)}`);
  const answers = screen.split("\n").filter((line) => /^• 1( \d+)*$/.test(line));
  // What the killed server had said stands, and what the next attempt said stands once.
  must(answers.length === 2, `the answer shows ${answers.length} times:\n${screen}`);
});

await step("a command asks on a thread that trusts nothing; yes runs it, also after a kill, and no does not", async () => {
  await prompt("/quit");
  await terminal.waitForEnd();
  await terminal.close();
  // This version of the client no longer lets a person choose the policy `untrusted`; a thread that has it comes from another client.
  const threadId = await withProbe(async (probe) => {
    const { thread } = await probe.request("thread/start", { approvalPolicy: "untrusted" });
    await probe.request("turn/start", { threadId: thread.id, input: [{ type: "text", text: "say begun elsewhere" }] });
    return thread.id as string;
  });
  terminal = await home.open("--remote", recorder.wsUrl, "resume", threadId);
  await terminal.waitFor("• begun elsewhere", 30_000);

  await prompt("run touch x.txt");
  const menu = await terminal.waitFor("Would you like to run the following command?");
  must(menu.includes("$ touch x.txt"), `the command is not shown:\n${menu}`);
  await save("command-approval");
  await terminal.press("y");
  await terminal.waitFor("Would you like to make the following edits?");
  must(/Ran touch x\.txt/.test(await terminal.screen()), "the command that was approved does not show as run");
  await terminal.press("y");
  await turnCompleted("completed");
  must((await readFile("x.txt")) === "", "x.txt did not land");

  await prompt("run touch later.txt");
  await terminal.waitFor("$ touch later.txt");
  await server.kill("SIGKILL");
  await server.restart();
  await reconnected();
  const again = await terminal.waitFor("Would you like to run the following command?");
  await save("command-approval-after-crash");
  must(again.split("• Running touch later.txt").length === 2, `the command that waits does not show once:\n${again}`);
  await terminal.press("y");
  await terminal.waitFor("Would you like to make the following edits?");
  await terminal.press("y");
  await turnCompleted("completed");
  must((await readFile("later.txt")) === "", "later.txt did not land");

  await prompt("run touch y.txt");
  await terminal.waitFor("$ touch y.txt");
  await terminal.press("d");
  await turnCompleted("completed");
  must((await readFile("y.txt")) === null, "y.txt is there");
  must(
    received("item/completed").some(({ item }) => item.type === "commandExecution" && item.status === "declined"),
    "the item was not declined",
  );
});

await step("every request was answered, none with an error", async () => {
  await terminal.close();
  const open = unansweredRequests().filter(({ connection }) => connection === recorder.connections);
  must(open.length === 0, `no answer to ${open.map(({ message }) => message.method).join(", ")}`);
  const refused = recorder.messages.filter(({ to, message }) => to === "client" && message.error !== undefined);
  must(
    refused.length === 0,
    refused.map((each) => `${askedBy(each)?.message.method}: ${JSON.stringify(each.message.error)}`).join("\n"),
  );
});

await step("every frame of the server fits Codex's own schema", () => {
  const problems = new Set<string>();
  for (const recorded of recorder.messages) {
    if (recorded.to !== "client") continue;
    try {
      validateFrame(recorded.message, { to: "client", methodOf: () => askedBy(recorded)?.message.method });
    } catch (error) {
      problems.add(error instanceof Error ? error.message : String(error));
    }
  }
  must(problems.size === 0, [...problems].slice(0, 5).join("\n"));
});

writeFileSync(join(results, "wire.jsonl"), recorder.messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
writeFileSync(join(results, "server.log"), server.logs());
recorder.close();
await server.close();
home.remove();

console.log("\n| step | result | seconds |\n|---|---|---:|");
for (const { title, problem, ms } of steps)
  console.log(`| ${title} | ${problem === null ? "ok" : "failed"} | ${(ms / 1000).toFixed(1)} |`);
for (const { title, problem } of steps) if (problem !== null) console.log(`\n${title}:\n${problem}`);
const failed = steps.filter(({ problem }) => problem !== null).length;
console.log(`\n${recorder.messages.length} frames on ${recorder.connections} connections; screens and frames are in ${results}`);
console.log(`${steps.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** Runs one step, whatever became of those before it; saves its last screen; and looks for what must never be on one. */
async function step(title: string, run: () => Promise<void> | void): Promise<void> {
  const startedAtMs = Date.now();
  let problem: string | null = null;
  try {
    await run();
    const wrong = wrongLines(await screenOrNothing());
    must(wrong.length === 0, `the screen shows:\n${wrong.join("\n")}`);
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  await save(title);
  steps.push({ title, problem, ms: Date.now() - startedAtMs });
  console.log(`${problem === null ? "ok    " : "failed"} ${title}`);
}

/** What the client shows when something went wrong: its red lines begin with a square, its yellow ones with a sign. */
function wrongLines(screen: string): string[] {
  return screen
    .split("\n")
    .filter((line) => /^\s*[■⚠]/.test(line) || /failed to|\berror\b|not supported|panicked/i.test(line))
    .filter((line) => !/Conversation interrupted/.test(line));
}

/** The client warns of what its own machine lacks. It must not have more to warn of than that. */
async function warningsAreLocal(): Promise<void> {
  if (!/\d+ warnings?/.test(await terminal.screen())) return;
  await terminal.press("F2");
  const screen = await terminal.waitFor("Warnings ·");
  must(/1 of 1/.test(screen) && /bubblewrap/.test(screen), `the client warns:\n${screen}`);
  await terminal.press("Escape");
  await until("the warnings to go", async () => !(await terminal.screen()).includes("Warnings ·"));
}

/** Types a line into the composer, sees it there, and sends it. */
async function prompt(text: string): Promise<void> {
  await terminal.type(text);
  await terminal.waitFor((screen) => screen.split("\n").findLast((line) => line.startsWith("› ")) === `› ${text}`);
  await terminal.press("Enter");
}

/** The whole conversation, page by page from its end to its beginning; what stands on two pages comes twice. */
async function history(): Promise<string> {
  const pages = [await terminal.screen()];
  while (!pages[0]?.includes("OpenAI Codex (v") && pages.length < 20) {
    await terminal.press("PageUp");
    await until("the page before", async () => (await terminal.screen()) !== pages[0]);
    pages.unshift(await terminal.screen());
  }
  await terminal.press("Escape");
  await until("the newest page", async () => !(await terminal.screen()).includes("Back to bottom"));
  return pages.join("\n");
}

async function reconnected(): Promise<void> {
  const connection = recorder.connections;
  await until(
    "a new connection that has resumed the thread",
    () => {
      const resumed = recorder.messages.findLast(({ to, message }) => to === "server" && message.method === "thread/resume");
      return (
        resumed !== undefined && resumed.connection >= connection && isAnswered(resumed) && unansweredRequests().length === 0
      );
    },
    60_000,
  );
  await until("the reconnecting line to go", async () => !/Reconnecting/i.test(await terminal.screen()));
}

/** The last turn of the terminal's thread ended, and so. */
async function turnCompleted(status: string, timeoutMs = 20_000): Promise<void> {
  let last: { status: string } | undefined;
  const ended = () => {
    const turnId = lastTurnId();
    last = received("turn/completed").find(({ turn }) => turn.id === turnId)?.turn;
    return last !== undefined;
  };
  await until("the turn to end", ended, timeoutMs);
  must(last?.status === status, `the turn ended ${last?.status}`);
}

/** The turn that the terminal's last prompt began, or steered. */
function lastTurnId(): string | undefined {
  const threadId = threadOfTerminal();
  const started = recorder.messages.findLast(
    ({ to, message }) => to === "server" && message.method === "turn/start" && paramsOf(message).threadId === threadId,
  );
  return started && resultTo(started)?.turn.id;
}

function deltasOfLastTurn(): unknown[] {
  const turnId = lastTurnId();
  return received("item/agentMessage/delta").filter((params) => params.turnId === turnId);
}

/** The thread that the terminal shows: the one it began or resumed last. Its hidden threads for titles are ephemeral. */
function threadOfTerminal(): string {
  const threadId = openedThreadId();
  if (threadId === undefined) throw new Error("the client has no thread");
  return threadId;
}

function openedThreadId(): string | undefined {
  const opened = recorder.messages.findLast((recorded) => {
    const { to, message } = recorded;
    if (to !== "server" || (message.method !== "thread/start" && message.method !== "thread/resume")) return false;
    return resultTo(recorded)?.thread.ephemeral === false;
  });
  return opened && resultTo(opened)?.thread.id;
}

/** Params of what the server sent, in order, for one method. */
// biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
function received(method: string): any[] {
  return recorder.messages
    .filter(({ to, message }) => to === "client" && message.method === method)
    .map(({ message }) => message.params);
}

// biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
function paramsOf({ params }: { params?: unknown }): any {
  return params ?? {};
}

// biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
function resultTo(asked: RecordedMessage): any {
  return answerTo(asked)?.message.result;
}

function answerTo(asked: RecordedMessage): RecordedMessage | undefined {
  return recorder.messages.find((recorded) => recorded.to === "client" && askedBy(recorded) === asked);
}

function isAnswered(asked: RecordedMessage): boolean {
  return answerTo(asked) !== undefined;
}

/** The request that an answer of the server's belongs to: the last one before it on its connection with this id. */
function askedBy(answer: RecordedMessage): RecordedMessage | undefined {
  if (answer.message.method !== undefined) return undefined;
  return recorder.messages.findLast(
    ({ connection, to, message }) =>
      connection === answer.connection && to === "server" && message.method !== undefined && message.id === answer.message.id,
  );
}

/** Of the newest connection; those before it are dead. */
function unansweredRequests(): RecordedMessage[] {
  return recorder.messages.filter(
    (recorded) =>
      recorded.connection === recorder.connections &&
      recorded.to === "server" &&
      recorded.message.method !== undefined &&
      recorded.message.id !== undefined &&
      !isAnswered(recorded),
  );
}

/** A file of the terminal's workspace as another client reads it; null when there is none. */
async function readFile(name: string): Promise<string | null> {
  const threadId = threadOfTerminal();
  return withProbe(async (probe) => {
    const { thread } = await probe.request("thread/read", { threadId });
    const { entries } = await probe.request("fs/readDirectory", { path: thread.cwd, threadId });
    if (!entries.some(({ fileName }: { fileName: string }) => fileName === name)) return null;
    const { dataBase64 } = await probe.request("fs/readFile", { path: `${thread.cwd}/${name}`, threadId });
    return Buffer.from(dataBase64, "base64").toString();
  });
}

async function withProbe<Value>(use: (probe: ProbeClient) => Promise<Value>): Promise<Value> {
  const probe = await ProbeClient.open(server.wsUrl);
  try {
    return await use(probe);
  } finally {
    await probe.close();
  }
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}:\n${await screenOrNothing()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function must(isTrue: boolean, problem: string): void {
  if (!isTrue) throw new Error(problem);
}

function numbers(last: number): string {
  return Array.from({ length: last }, (_, index) => index + 1).join(" ");
}

async function screenOrNothing(): Promise<string> {
  try {
    return await terminal.screen();
  } catch {
    // The client never came up, or its terminal is closed.
    return "";
  }
}

async function save(name: string): Promise<void> {
  saved += 1;
  const file = `${String(saved).padStart(2, "0")}-${name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 60)}.txt`;
  writeFileSync(join(results, file), `${await screenOrNothing()}\n`);
}
