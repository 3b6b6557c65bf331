/** `npm run agent -- --dir FOLDER "PROMPT"`: an agent on a real folder, in a terminal. */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { type Client, createClient } from "#client/client";
import type { ConnectionState } from "#client/connection";
import { RequestError } from "#client/failures";
import { patchLines } from "#client/patch-lines";
import { shownCommand } from "#client/shell-command";
import type { ThreadHandle } from "#client/thread-handle";
import type { Frame } from "#core/frame";
import type { PendingRequest } from "#core/thread";
import type { ItemOf } from "#protocol/item";
import type { FileChangeDecision, HunksAccepted, Question } from "#protocol/server-requests";
import type { Turn } from "#protocol/turn";
import { type AgentArguments, parseArguments, usage } from "./arguments.ts";
import { obey } from "./command-line.ts";
import { blobId, type Outcome, placeOf, readFolder } from "./folder.ts";
import { Input } from "./input.ts";
import { createPaint, plain, Transcript } from "./transcript.ts";
import { whyUnreachable } from "./unreachable.ts";
import { bringBack, remove, upload, type Workspace } from "./workspace-files.ts";

const exitCodes: Record<Turn["status"], number> = { completed: 0, failed: 1, interrupted: 130, inProgress: 1 };
const exitUsage = 2;
const exitInterrupted = 130;

async function run(given: AgentArguments): Promise<number> {
  // npm runs scripts in the package's folder; INIT_CWD is where the person stands.
  const root = await placeOf(resolve(process.env.INIT_CWD ?? ".", given.folder));
  if (root === null) {
    console.error(`There is no folder ${given.folder}.`);
    return exitUsage;
  }
  const agent = new Agent(given, root);
  try {
    return await agent.run();
  } catch (error) {
    agent.transcript.failure(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    agent.close();
  }
}

class Agent {
  readonly transcript: Transcript;
  private readonly given: AgentArguments;
  private readonly root: string;
  private readonly client: Client;
  private readonly input: Input;
  private readonly unreachable = Promise.withResolvers<never>();
  private thread: ThreadHandle | null = null;
  /** What the workspace holds of the folder, by path: git's blob ids. Null when nothing was taken along. */
  private known: Map<string, string> | null = null;
  private broughtBack: Promise<void> = Promise.resolve();
  private isAsking = false;
  private wasOnline = false;
  private isOffline = false;
  private isStopping = false;

  constructor(given: AgentArguments, root: string) {
    this.given = given;
    this.root = root;
    const hasColour = (process.stdout.isTTY === true && !process.env.NO_COLOR) || Boolean(process.env.FORCE_COLOR);
    this.transcript = new Transcript((text) => process.stdout.write(text), createPaint(hasColour));
    const interrupted = () => this.interrupted();
    this.input = new Input(process.stdin, process.stdout, interrupted);
    process.on("SIGINT", interrupted);
    process.on("SIGTERM", interrupted);
    this.unreachable.promise.catch(() => {});
    this.client = createClient({
      url: given.url,
      ...(given.token === null ? {} : { token: given.token }),
      clientInfo: { name: "spindle-agent", title: "Spindle in the terminal", version: "1" },
      onStateChange: ({ type }) => this.connectionChanged(type),
    });
  }

  async run(): Promise<number> {
    await Promise.race([this.client.ready, this.unreachable.promise]);
    await this.showModel();
    const thread = this.given.resume === null ? await this.begin() : await this.resume(this.given.resume);
    this.thread = thread;
    thread.subscribe((_, frame) => {
      if (frame) this.heard(thread, frame);
      else void this.askWhatIsOpen(thread);
    });
    const code = this.given.prompt === null ? await this.converse(thread) : await this.turn(thread, this.given.prompt);
    await this.broughtBack;
    this.transcript.note(
      `\nthread ${thread.id}\ngo on with: npm run agent -- --dir ${quoted(this.given.folder)} --resume ${thread.id}`,
    );
    return code;
  }

  close(): void {
    this.client.close();
    this.input.close();
  }

  private async begin(): Promise<ThreadHandle> {
    const thread = await this.client.startThread({ cwd: "/workspace" });
    this.known = new Map();
    await this.takeAlong(thread);
    return thread;
  }

  private async resume(id: string): Promise<ThreadHandle> {
    try {
      const thread = await this.client.openThread(id);
      const { info, turns } = thread.state ?? {};
      const title = info?.name || info?.preview.split("\n")[0] || "a thread";
      this.transcript.note(`going on with “${title}” (${turns?.length} ${turns?.length === 1 ? "turn" : "turns"})`);
      for (const item of thread.turn?.items ?? []) this.transcript.catchUp(item);
      return thread;
    } catch (error) {
      if (error instanceof RequestError) throw new Error(`Thread ${id} cannot be resumed: ${error.message}`);
      throw error;
    }
  }

  /** The folder's files that the workspace has not, or has otherwise; and what is gone here goes there too. */
  private async takeAlong(thread: ThreadHandle): Promise<void> {
    const { known, transcript } = this;
    if (known === null) return;
    const { files, leftOut } = await readFolder(this.root);
    const isFirst = known.size === 0;
    const changed = files.filter(({ path, bytes }) => known.get(path) !== blobId(bytes));
    const present = new Set([...files, ...leftOut].map(({ path }) => path));
    const gone = [...known.keys()].filter((path) => !present.has(path));
    const workspace = this.workspaceOf(thread);
    await upload(workspace, changed);
    await remove(workspace, gone);
    for (const { path, bytes } of changed) known.set(path, blobId(bytes));
    for (const path of gone) known.delete(path);
    const size = changed.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (isFirst) transcript.note(`took ${counted(changed.length, "file")} along (${Math.ceil(size / 1024)} KiB)`);
    else if (changed.length + gone.length > 0) {
      transcript.note(
        `took along what changed here: ${[...changed.map(({ path }) => path), ...gone.map((path) => `${path} (deleted)`)].join(", ")}`,
      );
    }
    if (isFirst)
      for (const [reason, paths] of Map.groupBy(leftOut, (entry) => entry.reason)) transcript.note(leftOutNote(reason, paths));
  }

  /** Prompts until there are no more. Ends like its last turn. */
  private async converse(thread: ThreadHandle): Promise<number> {
    let code = 0;
    if (thread.turn) code = await this.follow(thread, thread.turn.id);
    while (true) {
      this.transcript.line("");
      const prompt = await this.input.ask("› ");
      if (prompt === null) return code;
      if (!prompt.trim()) continue;
      await this.takeAlong(thread);
      code = await this.turn(thread, prompt);
    }
  }

  private async turn(thread: ThreadHandle, prompt: string): Promise<number> {
    const clientUserMessageId = randomUUID();
    this.transcript.ownMessages.add(clientUserMessageId);
    const { turn } = await thread.send(prompt, { clientUserMessageId });
    return this.follow(thread, turn.id);
  }

  private async follow(thread: ThreadHandle, turnId: string): Promise<number> {
    void this.askWhatIsOpen(thread);
    const find = () => thread.state?.turns.find(({ id }) => id === turnId);
    await thread.until(() => (find()?.status ?? "inProgress") !== "inProgress");
    await this.broughtBack;
    this.isStopping = false;
    const turn = find();
    if (turn?.status === "failed") this.transcript.failure(`The turn failed: ${turn.error?.message ?? "nobody said why"}`);
    if (turn?.status === "interrupted") this.transcript.note("The turn was interrupted.");
    return exitCodes[turn?.status ?? "failed"];
  }

  private heard(thread: ThreadHandle, frame: Frame): void {
    this.transcript.frame(frame);
    if (
      frame.method === "item/completed" &&
      frame.params.item.type === "fileChange" &&
      frame.params.item.status === "completed"
    ) {
      const { item } = frame.params;
      this.broughtBack = this.broughtBack.then(() => this.bringBack(thread, item));
    }
    void this.askWhatIsOpen(thread);
  }

  private async bringBack(thread: ThreadHandle, item: ItemOf<"fileChange">): Promise<void> {
    try {
      await bringBack(this.workspaceOf(thread), this.root, item, (path, outcome, bytes) => {
        this.transcript.line(`  ${plain(outcomeWords(path, outcome))}`);
        const isInFolder = outcome.type === "written" || outcome.type === "unchanged";
        if (isInFolder && bytes !== null) this.known?.set(path, blobId(bytes));
        if (outcome.type === "deleted") this.known?.delete(path);
      });
    } catch (error) {
      // The folder is not as it should be, but the workspace is, and the turn goes on.
      this.transcript.failure(`An approved change did not reach the folder: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** One question after the other; one that somebody else answers meanwhile is dropped. */
  private async askWhatIsOpen(thread: ThreadHandle): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      for (let request = thread.questions[0]; request && !thread.failure; request = thread.questions[0]) {
        const { id } = request;
        const elsewhere = new AbortController();
        const stop = thread.subscribe(() => {
          if (!thread.state?.requests.some((open) => open.id === id)) elsewhere.abort();
        });
        const result = await this.resultOf(thread, request, elsewhere.signal);
        stop();
        if (result) thread.reply(id, result);
      }
    } finally {
      this.isAsking = false;
    }
  }

  /** Null when somebody else answered first. */
  private async resultOf(thread: ThreadHandle, request: PendingRequest, signal: AbortSignal): Promise<object | null> {
    if (request.method === "item/tool/requestUserInput") return this.answersTo(request.params.questions, signal);
    if (request.method === "item/tool/call") return null;
    const { params } = request;
    const item = thread.turn?.items.find((candidate) => candidate.id === params.itemId);
    if (item) this.transcript.begin(item);
    const question = "command" in params ? `Run ${plain(shownCommand(params.command))} ?` : "Apply this change?";
    const reason = params.reason ? ` (${plain(params.reason)})` : "";
    const proposal = item?.type === "fileChange" ? item.proposal : undefined;
    const refused = thread.refusals.get(request.id);
    if (refused) this.transcript.note(plain(refused));
    const hunks = proposal ? patchLines(proposal.diff).filter(({ hunk }) => hunk !== null).length : 0;
    const some = hunks > 1 ? `/ some of its ${hunks} hunks, say 1,3-${hunks} ` : "";
    const answer = await this.decide(`${question}${reason} y / n / s(ession) ${some}`, { signal, hunks });
    if (answer === null || proposal === undefined || typeof answer === "string") return answer && { decision: answer };
    return { decision: "accept", hunks: answer, proposalHash: proposal.hash } satisfies HunksAccepted;
  }

  /** The agent's own questions, one after the other: a number chooses, anything else is the answer itself. */
  private async answersTo(questions: Question[], signal: AbortSignal): Promise<object | null> {
    const answers: Record<string, { answers: string[] }> = {};
    for (const { id, header, question, options } of questions) {
      this.transcript.line(plain(header ? `${header}: ${question}` : question));
      for (const [index, { label, description }] of (options ?? []).entries()) {
        this.transcript.line(plain(`  ${index + 1}  ${label}${description ? ` (${description})` : ""}`));
      }
      if (!this.input.isTerminal) this.transcript.line("answer");
      const line = (await this.input.ask("answer ", signal))?.trim() ?? "";
      if (signal.aborted) {
        this.transcript.note("Answered elsewhere.");
        return null;
      }
      answers[id] = { answers: [options?.[Number(line) - 1]?.label ?? line] };
    }
    return { answers };
  }

  /** A word for all of it, or the numbers of some hunks where there are several. */
  private async decide(
    prompt: string,
    { signal, hunks }: { signal: AbortSignal; hunks: number },
  ): Promise<FileChangeDecision | number[] | null> {
    if (this.given.acceptsAll) return "accept";
    while (!signal.aborted) {
      if (!this.input.isTerminal) this.transcript.line(prompt);
      const line = (await this.input.ask(prompt, signal))?.trim().toLowerCase();
      if (signal.aborted) break;
      if (line === undefined) {
        this.transcript.note("There is no more input to answer from: declined. (--yes accepts everything.)");
        return "decline";
      }
      if (line === "y" || line === "yes") return "accept";
      if (line === "n" || line === "no") return "decline";
      if (line === "s" || line === "session") return "acceptForSession";
      const chosen = hunks > 1 ? chosenHunks(line, hunks) : null;
      if (chosen) return chosen;
    }
    this.transcript.note("Answered elsewhere.");
    return null;
  }

  private interrupted(): void {
    const { thread } = this;
    if (this.isStopping || !thread?.turn) {
      this.close();
      process.exit(exitInterrupted);
    }
    this.isStopping = true;
    this.transcript.note("Stopping the turn. Ctrl-C again leaves; the turn then goes on without you.");
    thread.interrupt().catch((error: Error) => this.transcript.failure(error.message));
  }

  private connectionChanged(type: ConnectionState["type"]): void {
    if (type === "online") {
      if (this.isOffline) this.transcript.note("connected again");
      this.wasOnline = true;
      this.isOffline = false;
    } else if (type === "waiting" && !this.wasOnline) {
      const { url, token } = this.given;
      void whyUnreachable(url, token).then((why) => this.unreachable.reject(new Error(why)));
    } else if (type === "waiting" && !this.isOffline) {
      this.isOffline = true;
      this.transcript.note("the connection dropped; trying again …");
    }
  }

  private async showModel(): Promise<void> {
    const { data } = await this.client.request("model/list", {});
    const model = data.find(({ isDefault }) => isDefault);
    if (model?.id === "rehearsal") {
      this.transcript.note(
        "model: rehearsal (no language model). It obeys lines such as: say hello · write notes.txt: text · run ls",
      );
    } else this.transcript.note(`model: ${model?.displayName ?? "unknown"}`);
  }

  private workspaceOf(thread: ThreadHandle): Workspace {
    return { client: this.client, threadId: thread.id, cwd: thread.state?.info.cwd ?? "/workspace" };
  }
}

/** "1,3-5" as [1, 3, 4, 5]; null for anything else, and for what is not among the hunks. */
function chosenHunks(line: string, count: number): number[] | null {
  const chosen = line.split(",").map((range) => {
    const [, low = "", high = low] = /^\s*(\d{1,6})(?:-(\d{1,6}))?\s*$/.exec(range) ?? [];
    const [first, last] = [Number(low), Number(high)];
    return first < 1 || last < first || last > count ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return chosen.some(({ length }) => length === 0) ? null : [...new Set(chosen.flat())];
}

function outcomeWords(path: string, outcome: Outcome): string {
  switch (outcome.type) {
    case "written":
      return `wrote ${path}`;
    case "deleted":
      return `deleted ${path}`;
    case "unchanged":
      return `${path} is already so`;
    case "conflict":
      return outcome.beside === null
        ? `${path} changed here meanwhile and was not deleted`
        : `${path} changed here meanwhile and stays; what was accepted is in ${outcome.beside}`;
    case "refused":
      return `did not write ${path}: ${outcome.reason}`;
    default:
      return outcome satisfies never;
  }
}

function leftOutNote(reason: string, entries: { path: string }[]): string {
  const names = entries.slice(0, 5).map(({ path }) => path);
  const more = entries.length > names.length ? ` and ${entries.length - names.length} more` : "";
  return `left out (${reason}): ${names.join(", ")}${more}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function quoted(argument: string): string {
  return /^[\w./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

// Last, because a class is not there before its line was reached.
process.exit(await obey(parseArguments(process.argv.slice(2), process.env), usage, run));
