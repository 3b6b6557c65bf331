/**
 * Where a story plays: one server, the tap on its wire, a person's home, and the terminal that this person looks at. Each step is
 * judged by what it insists on itself, and by what must never be: a red line on the screen, an error from the server.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CodexHome } from "../codex-client.ts";
import { ProbeClient, type ProbeOptions } from "../probe-client.ts";
import { type RecordedMessage, type Recorder, startRecorder } from "../recorder.ts";
import { type Server, startServer } from "../server.ts";
import type { Terminal } from "../terminal.ts";
import { must, until } from "./conditions.ts";
import type { Steps } from "./steps.ts";
import { Wire } from "./wire.ts";

export interface StageOptions {
  home: CodexHome;
  steps: Steps;
  /** Screens, frames and the server's log go here. */
  results: string;
  /** The server's variables. */
  env: Record<string, string>;
}

/** How the client finds the server: its parameters, and what they need in its environment. */
export interface Entrance {
  parameters: string[];
  env: Record<string, string>;
}

export class Stage {
  readonly home: CodexHome;
  readonly server: Server;
  readonly recorder: Recorder;
  readonly wire: Wire;
  readonly results: string;
  entrance: Entrance;
  private readonly steps: Steps;
  private shown: Terminal | null = null;
  private saved = 0;

  static async open({ home, steps, results, env }: StageOptions): Promise<Stage> {
    mkdirSync(results, { recursive: true });
    const server = await startServer({ env });
    return new Stage({ home, steps, results, server, recorder: await startRecorder(server.port) });
  }

  private constructor(parts: { home: CodexHome; steps: Steps; results: string; server: Server; recorder: Recorder }) {
    this.home = parts.home;
    this.steps = parts.steps;
    this.results = parts.results;
    this.server = parts.server;
    this.recorder = parts.recorder;
    this.wire = new Wire(parts.recorder);
    this.entrance = { parameters: ["--remote", parts.recorder.wsUrl], env: {} };
  }

  /** Runs one step, whatever became of those before it, and saves its last screen. */
  async step(title: string, run: () => Promise<void> | void): Promise<void> {
    const startedAtMs = Date.now();
    const from = this.wire.messages.length;
    const before = wrongLines(await this.screen());
    let problem: string | null = null;
    try {
      await run();
      const wrong = wrongLines(await this.screen()).filter((line) => !before.includes(line));
      must(wrong.length === 0, `the screen shows:\n${wrong.join("\n")}`);
      const refusals = this.wire.refusalsSince(from);
      must(refusals.length === 0, `the server refused:\n${refusals.join("\n")}`);
    } catch (error) {
      // Screens are mostly empty.
      problem = (error instanceof Error ? error.message : String(error)).replaceAll(/\n{3,}/g, "\n\n");
    }
    await this.save(title);
    this.steps.add({ title, problem, durationMs: Date.now() - startedAtMs });
  }

  get terminal(): Terminal {
    if (!this.shown) throw new Error("no client is open");
    return this.shown;
  }

  /** Closes the client that is open and opens another one, which is ready when this returns. */
  async enter(...parameters: string[]): Promise<Terminal> {
    await this.leave();
    this.shown = await this.home.open([...this.entrance.parameters, ...parameters], this.entrance.env);
    return this.shown;
  }

  /** Opens a client on a new thread, and waits until all that a start asks for is answered. */
  async enterNewThread(): Promise<void> {
    const { connections } = this.wire;
    await this.enter();
    await this.terminal.waitFor(composer, 60_000);
    await until(
      "the thread of the start",
      () => this.wire.connections > connections && this.openedThread()?.connection === this.wire.connections,
    );
    await until("answers to all of the start's requests", () => this.wire.unanswered().length === 0);
  }

  /** Opens a client on a thread that is there, and waits until it shows `sight`, which is on the thread's last page. */
  async enterThread(threadId: string, sight: string): Promise<void> {
    await this.enter("resume", threadId);
    await this.terminal.waitFor(sight, 60_000);
    await until("the resumed thread", () => this.openedThread()?.threadId === threadId);
  }

  async leave(): Promise<void> {
    const terminal = this.shown;
    this.shown = null;
    await terminal?.close();
  }

  /** Another terminal on the same server, for a second person. The caller closes it. */
  openBeside(...parameters: string[]): Promise<Terminal> {
    return this.home.open([...this.entrance.parameters, ...parameters], this.entrance.env);
  }

  /** Says something to the agent: returns when the server has taken it as a turn, or into the one that runs. */
  async prompt(text: string): Promise<void> {
    const said = () => [...this.wire.asked("turn/start"), ...this.wire.asked("turn/steer")].filter((each) => this.isOwn(each));
    const before = said().length;
    await this.command(text);
    // Otherwise a step could take the turn before for the one that it has just begun.
    await this.until("the server to take it", () => said().length > before && said().every((each) => this.wire.isAnswered(each)));
  }

  /** Types a line into the composer, sees it there, and sends it. */
  async command(text: string): Promise<void> {
    await this.compose(text);
    await this.terminal.press("Enter");
  }

  /** Types a line into the composer and sees it there. */
  async compose(text: string): Promise<void> {
    await this.terminal.type(text);
    await this.terminal.waitFor((screen) => screen.split("\n").findLast((line) => line.startsWith("› ")) === `› ${text}`);
  }

  /** The last turn that was asked for on the terminal's thread has ended, and so. */
  async turnCompleted(status: string, timeoutMs = 60_000): Promise<void> {
    let last: { status: string } | undefined;
    const ended = () => {
      const turnId = this.lastTurnId();
      last = this.wire.received("turn/completed").find(({ turn }) => turn.id === turnId)?.turn;
      return last !== undefined;
    };
    await this.until("the turn to end", ended, timeoutMs);
    must(last?.status === status, `the turn ended ${last?.status}`);
  }

  /** Waits until the slow answer of the last turn has begun to come. */
  async streams(): Promise<void> {
    await this.until("a few numbers on the wire", () => this.deltasOfLastTurn().length >= 5);
  }

  deltasOfLastTurn(): unknown[] {
    const turnId = this.lastTurnId();
    return this.wire.received("item/agentMessage/delta").filter((params) => params.turnId === turnId);
  }

  private lastTurnId(): string | undefined {
    const asked = this.wire.asked("turn/start").findLast((each) => this.isOwn(each));
    return asked && this.wire.resultTo(asked)?.turn.id;
  }

  private isOwn(asked: RecordedMessage): boolean {
    return this.wire.paramsOf(asked).threadId === this.threadId;
  }

  /** The thread that was started, resumed or forked last. The client's hidden threads for titles are ephemeral. */
  get threadId(): string {
    const opened = this.openedThread();
    if (!opened) throw new Error("the client has no thread");
    return opened.threadId;
  }

  openedThread(): { threadId: string; connection: number } | undefined {
    const openers = ["thread/start", "thread/resume", "thread/fork"];
    const asked = this.wire.messages.findLast(
      (each) =>
        each.to === "server" &&
        openers.includes(each.message.method ?? "") &&
        this.wire.resultTo(each)?.thread.ephemeral === false,
    );
    return asked && { threadId: this.wire.resultTo(asked).thread.id, connection: asked.connection };
  }

  /** The client is back after the server was gone: a new connection has resumed the thread, and the screen says nothing of it any more. */
  async reconnected(): Promise<void> {
    const { connections } = this.wire;
    const isBack = () => {
      const resumed = this.wire.asked("thread/resume").at(-1);
      if (!resumed || resumed.connection < connections) return false;
      return this.wire.isAnswered(resumed) && this.wire.unanswered().length === 0;
    };
    await this.until("a new connection that has resumed the thread", isBack, 60_000);
    await this.until("the reconnecting line to go", async () => !/Reconnecting/i.test(await this.screen()));
  }

  /** The whole conversation, page by page from its end to its beginning; what stands on two pages comes twice. */
  async history(): Promise<string> {
    const pages = [await this.terminal.screen()];
    while (!pages[0]?.includes("OpenAI Codex (v") && pages.length < 20) {
      await this.terminal.press("PageUp");
      await this.until("the page before", async () => (await this.terminal.screen()) !== pages[0]);
      pages.unshift(await this.terminal.screen());
    }
    if (pages.length > 1) {
      await this.terminal.press("Escape");
      await this.until("the newest page", async () => !(await this.terminal.screen()).includes("Back to bottom"));
    }
    return pages.join("\n");
  }

  /** A file of the terminal's workspace as another client reads it; null when there is none. */
  async readFile(name: string): Promise<string | null> {
    const { threadId } = this;
    return this.withProbe(async (probe) => {
      const { thread } = await probe.request("thread/read", { threadId });
      const { entries } = await probe.request("fs/readDirectory", { path: thread.cwd, threadId });
      if (!entries.some(({ fileName }: { fileName: string }) => fileName === name)) return null;
      const { dataBase64 } = await probe.request("fs/readFile", { path: `${thread.cwd}/${name}`, threadId });
      return Buffer.from(dataBase64, "base64").toString();
    });
  }

  /** A client of our own beside the terminal, past the tap. */
  async withProbe<Value>(use: (probe: ProbeClient) => Promise<Value>, options: ProbeOptions = {}): Promise<Value> {
    const probe = await ProbeClient.open(this.server.wsUrl, options);
    try {
      return await use(probe);
    } finally {
      await probe.close();
    }
  }

  /** A thread that another client began. This version of Codex's client no longer lets a person choose the policy `untrusted`. */
  beginElsewhere(approvalPolicy: string, words: string): Promise<string> {
    let ended = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const onMessage: ProbeOptions["onMessage"] = ({ method }) => (method === "turn/completed" ? ended() : undefined);
    return this.withProbe(
      async (probe) => {
        const { thread } = await probe.request("thread/start", { approvalPolicy });
        await probe.request("turn/start", { threadId: thread.id, input: [{ type: "text", text: words }] });
        await end;
        return thread.id;
      },
      { onMessage },
    );
  }

  /** Waits, and shows the screen where it waited in vain. */
  until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<void> {
    return until(what, isTrue, { ...(timeoutMs === undefined ? {} : { timeoutMs }), orShow: () => this.screen() });
  }

  /** What stands on the screen; nothing where no client is open, or where it never came up. */
  async screen(): Promise<string> {
    try {
      return (await this.shown?.screen()) ?? "";
    } catch {
      return "";
    }
  }

  async save(name: string, text?: string): Promise<void> {
    this.saved += 1;
    const file = `${String(this.saved).padStart(2, "0")}-${name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .slice(0, 60)}.txt`;
    writeFileSync(join(this.results, file), `${text ?? (await this.screen())}\n`);
  }

  async close(): Promise<void> {
    await this.leave();
    writeFileSync(join(this.results, "wire.jsonl"), this.wire.messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
    writeFileSync(join(this.results, "server.log"), this.server.logs());
    this.recorder.close();
    await this.server.close();
  }
}

/** The line that stands in the composer while nothing is typed. */
export const composer = "› Ask Codex to do anything";

/** What the client shows when something went wrong: its red lines begin with a square, its yellow ones with a sign. */
function wrongLines(screen: string): string[] {
  return screen
    .split("\n")
    .filter((line) => /^\s*[■⚠]/.test(line) || /failed to|\berror\b|not supported|panicked|unavailable/i.test(line))
    .filter((line) => !/Conversation interrupted/.test(line));
}
